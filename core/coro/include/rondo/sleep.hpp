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
  SleepCore() : Timer(&call_member<SleepCore, &SleepCore::end>), Parking(&sleeps) {}

 private:
  void end() { task()->kernel().wake(*this); }
  static WaitWords sleeps(const Parking&) { return "sleeps"; }
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
  static_assert(fits_frames<ValueOf<T>>, "over-aligned values are not supported in a sleep: pass a pointer");

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
class SleepAwaiter : public ParkedAwaiter<SleepAwaiter<T>, T> {
 public:
  explicit SleepAwaiter(Sleep<T>& sleep) : sleep_(&sleep) {}
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    FrameCore& frame = Awaiter::frame_of(handle);
    if (sleep_->yields()) {
      thread_slot.kernel->yield(frame);
    } else {
      sleep_->begin(frame);
    }
  }
  T take() {
    if constexpr (!std::is_void_v<T>) return std::move(sleep_->value_);
  }

 private:
  Sleep<T>* sleep_;
};

/// Suspends the task for `delay` from now on, and never less. Zero and less: one bare yield, after which everything
/// that was ready has run. A cancellation ends it with CancelledError one hop later. O(log timers), no allocation.
/// Source: asyncio.sleep.
inline Sleep<void> sleep(Delay delay) { return {delay, {}}; }

/// The same; gives `value` in the end.
template <class T>
Sleep<T> sleep(Delay delay, T value) {
  return {delay, std::move(value)};
}

/// A number without a unit: does not compile, and does not mean the system's sleep(3), which would block the loop.
template <class Number>
  requires std::is_arithmetic_v<Number>
Sleep<void> sleep(Number number) {
  return Sleep<void>(Delay(number));
}

}  // namespace rondo
