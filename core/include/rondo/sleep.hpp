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
    if (begun()) end();
  }
  bool yields() const { return delay_ <= Duration::zero() && !begun(); }
  void begin(FrameCore& frame);
  /// What the task waits for; null for a yield.
  Parking* parking() { return begun() ? &core_ : nullptr; }

 private:
  static constexpr Duration has_begun = Duration::min();
  bool begun() const { return delay_ == has_begun; }
  void end() noexcept;

  Duration delay_;  // has_begun while core_ is alive
  union {
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
  Sleep(Duration delay, ValueOf<T> value) : SleepWait(delay), value_(std::move(value)) {}
  Sleep(Sleep&&) noexcept = default;

  SleepAwaiter<T> operator co_await() { return SleepAwaiter<T>(*this); }

 private:
  friend SleepAwaiter<T>;
  [[no_unique_address]] ValueOf<T> value_;
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
    if (Parking* parking = sleep_->parking()) {
      check_delivery(*parking);
    } else {
      check_delivery();
    }
    if constexpr (!std::is_void_v<T>) return std::move(sleep_->value_);
  }
  Outcome<T> outcome() {
    Parking* parking = sleep_->parking();
    auto cancelled = parking ? pending_cancel(*parking) : pending_cancel();
    if (cancelled) return Outcome<T>::of_cancelled(std::move(*cancelled));
    return Outcome<T>::of_value(std::move(sleep_->value_));
  }

 private:
  Sleep<T>* sleep_;
};

/// Suspends the task for `delay`, counted from the loop's time, and never less. Zero and less: one bare yield, after
/// which everything that was ready has run. A cancellation ends it with CancelledError one hop later. O(log timers),
/// no allocation. Source: asyncio.sleep.
template <class Rep, class Period>
Sleep<void> sleep(std::chrono::duration<Rep, Period> delay) {
  return {delay, {}};
}

/// The same; gives `value` in the end.
template <class Rep, class Period, class T>
Sleep<T> sleep(std::chrono::duration<Rep, Period> delay, T value) {
  return {delay, std::move(value)};
}

}  // namespace rondo
