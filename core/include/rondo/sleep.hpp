// SPDX-License-Identifier: BSL-1.0
// sleep.hpp - let time pass, or let others run.
#pragma once

#include <optional>
#include <utility>

#include <rondo/awaiter.hpp>

namespace rondo {

/// The wait of a sleep, in the sleeper's frame: a timer, and what the task waits for.
class SleepCore : public Timer, public Parking {
 public:
  SleepCore() : Timer(EntryKind::sleep), Parking(WaitableKind::sleep) {}
};

/// The part of a sleep that knows no value. A bare yield never makes the SleepCore.
class SleepWait {
 public:
  explicit SleepWait(Duration delay) : delay_(delay > Duration::zero() ? delay : Duration::zero()) {}
  SleepWait(SleepWait&& other) noexcept : delay_(other.delay_) {}  // before it is awaited
  ~SleepWait() {
    if (begun_) end();
  }
  bool yields() const { return !begun_ && delay_ <= Duration::zero(); }
  void begin(FrameCore& frame);

 private:
  void end() noexcept;

  bool begun_ = false;  // core_ is alive
  union {
    Duration delay_;
    SleepCore core_;
  };
};

template <class T>
class SleepAwaiter;

/// What sleep() gives: awaitable once.
template <class T>
class [[nodiscard("a sleep does nothing until it is awaited")]] Sleep : private SleepWait {
 public:
  using value_type = T;
  Sleep(Duration delay, T value) : SleepWait(delay), value_(std::move(value)) {}
  Sleep(Sleep&&) noexcept = default;

  SleepAwaiter<T> operator co_await() { return SleepAwaiter<T>(*this); }

 private:
  friend SleepAwaiter<T>;
  T take_value() { return std::move(value_); }
  T value_;
};

template <>
class [[nodiscard("a sleep does nothing until it is awaited")]] Sleep<void> : private SleepWait {
 public:
  using value_type = void;
  explicit Sleep(Duration delay) : SleepWait(delay) {}
  Sleep(Sleep&&) noexcept = default;

  SleepAwaiter<void> operator co_await();

 private:
  friend SleepAwaiter<void>;
  std::monostate take_value() { return {}; }
};

template <class T>
class SleepAwaiter : public Awaiter {
 public:
  using value_type = T;
  explicit SleepAwaiter(Sleep<T>& sleep) : sleep_(&sleep) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    FrameCore& frame = frame_of(handle);
    if (sleep_->yields()) {
      here.kernel->yield(frame);
    } else {
      sleep_->begin(frame);
    }
  }
  T await_resume() {
    check_delivery();
    if constexpr (!std::is_void_v<T>) return sleep_->take_value();
  }
  Outcome<T> outcome() {
    if (auto cancelled = pending_cancel()) return Outcome<T>::of_cancelled(std::move(*cancelled));
    return Outcome<T>::of_value(sleep_->take_value());
  }

 private:
  Sleep<T>* sleep_;
};

inline SleepAwaiter<void> Sleep<void>::operator co_await() { return SleepAwaiter<void>(*this); }

/// Suspends the task for `delay`, counted from the loop's time, and never less. Zero and less: one bare yield, after
/// which everything that was ready has run. A cancellation ends it with CancelledError one hop later. O(log timers),
/// no allocation. Source: asyncio.sleep.
template <class Rep, class Period>
Sleep<void> sleep(std::chrono::duration<Rep, Period> delay) {
  return Sleep<void>(delay);
}

/// The same; gives `value` in the end.
template <class Rep, class Period, class T>
Sleep<T> sleep(std::chrono::duration<Rep, Period> delay, T value) {
  return {delay, std::move(value)};
}

}  // namespace rondo
