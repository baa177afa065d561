// SPDX-License-Identifier: BSL-1.0
// awaiter.hpp - what all awaits share: reaching the running task, suspending it, and what a cancellation does to it.
#pragma once

#include <rondo/kernel/language.hpp>

#include <concepts>
#include <coroutine>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <rondo/error.hpp>
#include <rondo/kernel/kernel.hpp>
#include <rondo/outcome.hpp>

namespace rondo {

/// Base of every awaiter; a rondo coroutine can await nothing else.
class Awaiter {
 public:
  Awaiter() = default;
  Awaiter(const Awaiter&) = delete;
  Awaiter& operator=(const Awaiter&) = delete;
  bool await_ready() const noexcept { return false; }

 protected:
  template <class Promise>
  static FrameCore& frame_of(std::coroutine_handle<Promise> handle) {
    if constexpr (std::derived_from<Promise, FrameCore>) {
      return handle.promise();
    } else {
      throw_foreign_await();
    }
  }
  static void suspend(FrameCore& frame, Waitable& waitable) { thread_slot.kernel->suspend(frame, waitable); }
  static TaskCore& current() { return *thread_slot.task; }
  /// RuntimeError where no task runs; for an await that may end without suspending.
  static void require_task() {
    if (!thread_slot.task) [[unlikely]] throw_foreign_await();
  }
  static bool ready_in_task(bool ready) {
    if (ready) require_task();
    return ready;
  }

  /// Throws CancelledError if the step that resumed this await delivers one, or RuntimeError after a misuse.
  static void check_delivery(FutureCore& awaited) {
    if (awaited.state() != machines::future::State::returned || current().deliveries() != 0) [[unlikely]] {
      deliver(awaited);
    }
  }
  static std::optional<Message> pending_cancel(FutureCore& awaited);
  /// The same for a yield, and for waits in the awaiter's own frame.
  static void check_delivery() {
    if (current().deliveries() != 0) [[unlikely]] throw_cancelled();
  }
  static std::optional<Message> pending_cancel();

 private:
  static void deliver(FutureCore& awaited);
  [[noreturn]] static void throw_cancelled();
  [[noreturn]] static void throw_foreign_await();
};

/// Why a task was resumed although the future that it awaits is pending: it must not await that one.
std::exception_ptr misuse_of(FutureCore& awaited);
[[noreturn]] void throw_empty_handle();
/// InvalidStateError if `core` is done, RuntimeError if it is a task or a gather.
void check_settable(FutureCore& core, const char* what);

/// How `function()` ends.
template <class F, class T = std::invoke_result_t<F&>>
Outcome<T> caught_outcome(F function) {
  try {
    return Outcome<T>::of_value(value_of(function));
  } catch (const CancelledError& error) {
    return Outcome<T>::of_cancelled(error.shared_message());
  } catch (...) {
    return Outcome<T>::of_error(std::current_exception());
  }
}

/// Base of an await of a Parking in its own frame: `park()` gives that. After the wait come `resumed()`, a cancellation
/// if there is one, and `take()`, which gives the value.
template <class Derived, class T = void>
class ParkedAwaiter : public Awaiter {
 public:
  using value_type = T;
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    FrameCore& frame = frame_of(handle);
    suspend(frame, self().park());
  }
  T await_resume() {
    self().resumed();
    check_delivery();
    return self().take();
  }
  Outcome<T> outcome() {
    self().resumed();
    if (auto cancelled = pending_cancel()) return Outcome<T>::of_cancelled(std::move(*cancelled));
    return caught_outcome([this] { return self().take(); });
  }
  void resumed() {}
  void take()
    requires std::is_void_v<T>
  {}

 private:
  Derived& self() { return static_cast<Derived&>(*this); }
};

/// What a function gives whose call does nothing before it is awaited: keeps the arguments of the awaiter.
template <class A, class... Args>
class [[nodiscard("this does nothing until it is awaited")]] Awaits {
 public:
  explicit Awaits(Args... args) : args_(std::forward<Args>(args)...) {}
  A operator co_await() const { return std::make_from_tuple<A>(args_); }

 private:
  std::tuple<Args...> args_;
};

/// The await of a Parking that the awaiting coroutine has made.
class ParkingAwaiter : public ParkedAwaiter<ParkingAwaiter> {
 public:
  explicit ParkingAwaiter(Parking& parking) : parking_(&parking) {}
  Parking& park() { return *parking_; }

 private:
  Parking* parking_;
};
using WaitAt = Awaits<ParkingAwaiter, Parking&>;

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

/// What a coroutine of the library itself awaits. It is left out of await stacks and dumps, which tell of the program's
/// own lines.
template <class A>
struct Unnoted {
  A awaitable;
};
template <class A>
Unnoted<A> unnoted(A&& awaitable) {
  return {std::forward<A>(awaitable)};
}

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
  Outcome<value_type> outcome() { return Outcome<value_type>::of_value(inner_.outcome()); }

 private:
  Inner inner_;
};

/// A is a reference for an awaitable of the caller's that cannot be copied.
template <Awaitable A>
class [[nodiscard]] AsOutcome {
 public:
  template <class Given>
  explicit AsOutcome(std::in_place_t, Given&& awaitable) : awaitable_(std::forward<Given>(awaitable)) {}
  auto operator co_await() && { return OutcomeAwaiter<AwaiterOf<A>>(std::forward<A>(awaitable_)); }

 private:
  A awaitable_;
};

/// Awaits `awaitable` and gives its Outcome: neither its errors nor cancellations throw here (a throw costs about a
/// microsecond a frame). A cancellation of the awaiting task arrives as a cancelled Outcome, too, and counts as
/// delivered: pass it on with Outcome::raise() unless you mean to swallow it.
/// `as_outcome(*next)` of something that cannot be copied refers to it.
template <class A>
  requires Awaitable<std::remove_cvref_t<A>>
auto as_outcome(A&& awaitable) {
  using Own = std::remove_cvref_t<A>;
  constexpr bool refers = std::is_lvalue_reference_v<A> && !std::copy_constructible<Own>;
  return AsOutcome<std::conditional_t<refers, A, Own>>(std::in_place, std::forward<A>(awaitable));
}

}  // namespace rondo
