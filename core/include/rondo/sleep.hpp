// SPDX-License-Identifier: BSL-1.0
// sleep.hpp - let time pass, or let others run.
#pragma once

#include <utility>

#include <rondo/awaiter.hpp>

namespace rondo {

/// The wait of a sleep, in the sleeper's frame: a timer, and what the task waits for.
class SleepCore : public Timer, public Parking {
 protected:
  SleepCore() : Timer(EntryKind::sleep), Parking(WaitableKind::sleep) {}
};

template <class T>
class SleepAwaiter : public Awaiter, private SleepCore {
 public:
  using value_type = T;
  SleepAwaiter(Duration delay, ValueOf<T> value) : delay_(delay), value_(std::move(value)) {}
  ~SleepAwaiter() { finish_sleep(*this); }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    FrameCore& frame = frame_of(handle);
    if (delay_ <= Duration::zero()) {
      here.kernel->yield(frame);
    } else {
      begin_sleep(frame, *this, delay_);
    }
  }
  T await_resume() {
    check_delivery(static_cast<Parking&>(*this));
    if constexpr (!std::is_void_v<T>) return std::move(value_);
  }
  Outcome<T> outcome() {
    if (auto cancelled = pending_cancel(static_cast<Parking&>(*this))) {
      return Outcome<T>::of_cancelled(std::move(*cancelled));
    }
    return Outcome<T>::of_value(std::move(value_));
  }

 private:
  static void begin_sleep(FrameCore& frame, SleepCore& sleep, Duration delay) {
    Kernel& kernel = *here.kernel;
    kernel.arm(sleep, after(kernel.now(), delay));
    kernel.suspend(frame, sleep);
  }
  static void finish_sleep(SleepCore& sleep) {
    if (sleep.armed() || static_cast<Entry&>(sleep).linked()) [[unlikely]] here.kernel->disarm(sleep);
  }

  Duration delay_;
  [[no_unique_address]] ValueOf<T> value_;
};

template <class T>
class [[nodiscard("a sleep does nothing until it is awaited")]] Sleep {
 public:
  Sleep(Duration delay, ValueOf<T> value) : delay_(delay), value_(std::move(value)) {}
  SleepAwaiter<T> operator co_await() && { return SleepAwaiter<T>(delay_, std::move(value_)); }
  SleepAwaiter<T> operator co_await() const& { return SleepAwaiter<T>(delay_, value_); }

 private:
  Duration delay_;
  [[no_unique_address]] ValueOf<T> value_;
};

/// Suspends the task for `delay`, counted from the loop's time, and never less. Zero and less: one bare yield, after
/// which everything that was ready has run. A cancellation ends it with CancelledError one hop later. O(log timers),
/// no allocation. Source: asyncio.sleep.
inline Sleep<void> sleep(Duration delay) { return {delay, {}}; }

/// The same; gives `value` in the end.
template <class T>
Sleep<T> sleep(Duration delay, T value) {
  return {delay, std::move(value)};
}

}  // namespace rondo
