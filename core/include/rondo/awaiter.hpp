// SPDX-License-Identifier: BSL-1.0
// awaiter.hpp - what all awaits share: reaching the running task, suspending it, and what a cancellation does to it.
#pragma once

#include <concepts>
#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

#include <rondo/error.hpp>
#include <rondo/kernel.hpp>
#include <rondo/outcome.hpp>

namespace rondo {

/// Base of every awaiter; a rondo coroutine can await nothing else.
class Awaiter {
 public:
  Awaiter() = default;
  Awaiter(const Awaiter&) = delete;
  Awaiter& operator=(const Awaiter&) = delete;

 protected:
  template <class Promise>
  static FrameCore& frame_of(std::coroutine_handle<Promise> handle) {
    if constexpr (std::derived_from<Promise, FrameCore>) {
      return handle.promise();
    } else {
      throw_foreign_await();
    }
  }
  static void suspend(FrameCore& frame, Waitable& waitable) { here.kernel->suspend(frame, waitable); }
  static TaskCore& current() { return *here.kernel->current(); }
  /// RuntimeError where no task runs; for an await that may end without suspending.
  static void require_task() {
    if (!here.kernel || !here.kernel->current()) [[unlikely]] throw_foreign_await();
  }
  static bool ready_in_task(bool ready) {
    if (ready) require_task();
    return ready;
  }

  /// Throws CancelledError if the step that resumed this await delivers one, or RuntimeError after a misuse.
  static void check_delivery(FutureCore& awaited) {
    if (awaited.state() != future::State::returned || current().deliveries() != 0) [[unlikely]] deliver(awaited);
  }
  static std::optional<Message> pending_cancel(FutureCore& awaited);
  /// Why a task was resumed although what it awaits is pending.
  static std::exception_ptr misuse(FutureCore& awaited);
  /// The same for a yield, and for waits in the awaiter's own frame.
  static void check_delivery() {
    TaskCore& task = current();
    if (task.deliveries() != 0) [[unlikely]] throw_cancelled(task);
  }
  static std::optional<Message> pending_cancel();

 private:
  static void deliver(FutureCore& awaited);
  [[noreturn]] static void throw_cancelled(TaskCore& task);
  [[noreturn]] static void throw_foreign_await();
};

[[noreturn]] void throw_empty_handle();
/// InvalidStateError if `core` is done, RuntimeError if it is a task or a gather.
void check_settable(FutureCore& core, const char* what);

template <class A>
concept HasAwaiter = requires(A&& a) { std::forward<A>(a).operator co_await(); };

/// The awaiter of something that a rondo coroutine can await. It may point to the awaitable, which lives as long as the
/// co_await expression.
template <HasAwaiter A>
auto awaiter_of(A&& awaitable) {
  return std::forward<A>(awaitable).operator co_await();
}
template <class A>
using AwaiterOf = decltype(awaiter_of(std::declval<A>()));

/// Coroutines, tasks, futures, sleeps and the rest of rondo's own.
template <class A>
concept Awaitable = HasAwaiter<A> && std::derived_from<AwaiterOf<A>, Awaiter>;

/// The type without references of what awaiting A gives.
template <Awaitable A>
using AwaitedValue = typename AwaiterOf<A>::value_type;

/// The await of something that gives its Outcome instead of throwing.
template <class Inner>
class OutcomeAwaiter : public Awaiter {
 public:
  using value_type = Outcome<typename Inner::value_type>;
  template <class A>
    requires(!std::same_as<std::remove_cvref_t<A>, OutcomeAwaiter>)
  explicit OutcomeAwaiter(A&& awaitable) : inner_(awaiter_of(std::forward<A>(awaitable))) {}
  bool await_ready() { return inner_.await_ready(); }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> handle) {
    return inner_.await_suspend(handle);
  }
  value_type await_resume() { return inner_.outcome(); }
  value_type outcome_of_inner() { return inner_.outcome(); }
  Outcome<value_type> outcome() { return Outcome<value_type>::of_value(inner_.outcome()); }

 private:
  Inner inner_;
};

template <Awaitable A>
class [[nodiscard]] AsOutcome {
 public:
  explicit AsOutcome(A awaitable) : awaitable_(std::move(awaitable)) {}
  auto operator co_await() && { return OutcomeAwaiter<AwaiterOf<A>>(std::move(awaitable_)); }

 private:
  A awaitable_;
};

/// Awaits `awaitable` and gives its Outcome: neither its errors nor cancellations throw here (a throw costs about a
/// microsecond a frame). A cancellation of the awaiting task arrives as a cancelled Outcome, too, and counts as
/// delivered: pass it on with Outcome::raise() unless you mean to swallow it.
template <class A>
  requires Awaitable<std::remove_cvref_t<A>>
auto as_outcome(A&& awaitable) {
  return AsOutcome<std::remove_cvref_t<A>>(std::forward<A>(awaitable));
}

}  // namespace rondo
