// SPDX-License-Identifier: BSL-1.0
// future.hpp - a place for a result that comes later; tasks are futures too.
#pragma once

#include <concepts>
#include <exception>
#include <type_traits>
#include <utility>

#include <rondo/awaiter.hpp>
#include <rondo/call.hpp>
#include <rondo/kernel/context_scope.hpp>
#include <rondo/kernel/pooled.hpp>

namespace rondo {

/// A future's block: the core and room for the value.
template <class T>
struct FutureState final : PooledFuture<FutureState<T>, FutureBlock, T> {
  using FutureState::PooledFuture::PooledFuture;
};

/// What reading a result gives: a copy, or a reference into the future where T cannot be copied.
template <class T>
using ResultRead =
    std::conditional_t<std::is_void_v<T>, void, std::conditional_t<std::copy_constructible<T>, T, ValueOf<T>&>>;

/// The error of a task that fails takes the story of its frames along to who awaits it.
void inherit_await_stack(FutureCore& core) noexcept;
/// What await_stack() gives outside of loops while `error` is handled.
void note_last_run(const std::exception_ptr& error, const AwaitStack& stack) noexcept;

[[noreturn]] void throw_loop_closed(const FutureCore& core, const char* what);
/// RuntimeError if `core` is not of the loop of `kernel`: nobody would be woken by it.
void check_same_loop(const FutureCore& core, const Kernel& kernel, const char* what);
bool remove_callback(const Handle& handle);

[[noreturn]] void raise(FutureCore& core);
/// Throws what a done future ended with, unless that is a value; for a pending one InvalidStateError.
inline void raise_unless_value(FutureCore& core) {
  if (core.state() != machines::future::State::returned) [[unlikely]] raise(core);
}

template <class T>
ResultRead<T> read_result(FutureCore& core) {
  raise_unless_value(core);
  if constexpr (!std::is_void_v<T>) return static_cast<Result<T>&>(core.result_core()).value;
}

/// The value of one that has returned: moved out if the caller says that it may, or if T cannot be copied; else a copy.
template <class T>
ValueOf<T> value_in(FutureCore& core, bool may_move) {
  ValueOf<T>& value = static_cast<Result<T>&>(core.result_core()).value;
  if constexpr (std::copy_constructible<ValueOf<T>>) {
    if (!may_move) return value;
  }
  return std::move(value);
}

/// Takes the value out if this handle is the last, or if T cannot be copied.
template <class T>
T take_result(FutureCore& core) {
  raise_unless_value(core);
  if constexpr (!std::is_void_v<T>) return value_in<T>(core, core.references() == 1);
}

/// How it has ended. `for_gather`: the value may be moved as by take_result(), and a task's own CancelledError stays
/// with the task (asyncio C12).
template <class T>
Outcome<T> read_outcome(FutureCore& core, bool for_gather = false) {
  core.mark_retrieved();
  if (core.state() == machines::future::State::returned) {
    return Outcome<T>::of_value(value_in<T>(core, for_gather && core.references() == 1));
  }
  if (!core.ended_by_cancel()) {
    inherit_await_stack(core);
    return Outcome<T>::of_error(core.result_core().error);
  }
  const bool keeps_error = for_gather || !core.result_core().error;
  if (core.was_cancelled() && keeps_error) return Outcome<T>::of_cancelled(core.message());
  return Outcome<T>::of_cancelled(core.retrieve());
}

/// The await of a future or task. Done: no suspension. Pending: the task continues one hop after it is done.
template <class T, bool take>
class FutureAwaiter : public Awaiter {
 public:
  using value_type = T;
  explicit FutureAwaiter(Ref<FutureCore> core) : core_(std::move(core)) {}

  bool await_ready() const { return ready_in_task(core_->done() || core_->refuses_awaits()); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    suspend(frame_of(handle), *core_);
  }
  auto await_resume() -> std::conditional_t<take, T, ResultRead<T>> {
    check_delivery(*core_);
    if constexpr (take) {
      return take_result<T>(*core_);
    } else {
      return read_result<T>(*core_);
    }
  }
  Outcome<T> outcome() {
    if (auto cancelled = pending_cancel(*core_)) return Outcome<T>::of_cancelled(std::move(*cancelled));
    if (core_->pending()) return Outcome<T>::of_error(misuse_of(*core_));
    return read_outcome<T>(*core_);
  }

 private:
  Ref<FutureCore> core_;
};

/// A handle to a result that comes later. Copies are handles to the same future; an empty one came from no loop.
/// Await it: a done one gives its outcome at once, a pending one suspends the task, which continues one hop after the
/// future is done. Cancelling a task that awaits it cancels the future, and so everybody else who awaits it.
/// All members belong to the loop's thread. Source: asyncio.Future.
template <class T = void>
class [[nodiscard]] Future {
 public:
  using value_type = T;

  Future() = default;
  explicit Future(Ref<FutureCore> core) : core_(std::move(core)) {}

  bool done() const { return core().done(); }
  bool cancelled() const { return core().was_cancelled(); }

  /// The value (a reference where T cannot be copied); throws the error, CancelledError, or InvalidStateError while
  /// pending. Counts as looking at the error.
  ResultRead<T> result() const { return read_result<T>(core()); }

  /// The error, null if there is none. Throws CancelledError, or InvalidStateError while pending.
  std::exception_ptr exception() const {
    if (core().done() && !core().was_cancelled()) return core().retrieve();
    raise_unless_value(core());
    return nullptr;
  }

  /// How it ended, without throwing for an error. InvalidStateError while pending.
  Outcome<T> outcome() const {
    if (!core().done()) raise_unless_value(core());
    return read_outcome<T>(core());
  }

  /// Completes it and posts its waiters and callbacks. InvalidStateError if it is done; RuntimeError on a task.
  template <class U = T>
    requires(!std::is_void_v<T>)
  void set_result(U&& value) const {
    check_thread("set_result");
    check_settable(core(), "set_result");
    static_cast<Result<T>&>(core().result_core()).set(std::forward<U>(value));
    core().set_returned();
  }
  void set_result() const
    requires std::is_void_v<T>
  {
    check_thread("set_result");
    check_settable(core(), "set_result");
    static_cast<Result<void>&>(core().result_core()).set();
    core().set_returned();
  }
  void set_exception(std::exception_ptr error) const {
    check_thread("set_exception");
    check_settable(core(), "set_exception");
    if (!error) throw std::invalid_argument("set_exception needs an exception, not a null pointer");
    core().set_failed(std::move(error));
  }
  template <class E>
    requires(!std::convertible_to<E, std::exception_ptr>)
  void set_exception(E error) const {
    set_exception(std::make_exception_ptr(std::move(error)));
  }

  /// Asks it to end. False if it is done (and its error then counts as looked at). A plain future is cancelled now;
  /// for a task see Task::cancel. Cost: the length of the chain of tasks that wait for each other.
  bool cancel(std::string_view message = {}) const {
    check_thread("cancel");
    return core().cancel(Message(message));
  }

  /// Posts `callback` when this is done, or now if it is: never called from here. It may take the future.
  /// Callbacks and awaiting tasks run in the order in which they came. Errors go to the loop's exception handler.
  /// RuntimeError once the loop of this future is gone: nobody would call it.
  template <class F>
  Handle add_done_callback(F callback, CallOptions options = {}, Place place = Place::here()) const {
    if constexpr (std::invocable<F&, Future>) {
      refuse_coroutine<std::invoke_result_t<F&, Future>>();
      // The call keeps the future from its completion on; capturing a handle here would keep it for ever.
      return attach(
          [self = &core(), callback = std::move(callback)]() mutable { callback(Future(Ref<FutureCore>(*self))); },
          options, place);
    } else {
      return attach(std::move(callback), options, place);
    }
  }

  /// Takes a callback back. False if it was posted already (it still runs) or removed.
  bool remove_done_callback(Handle handle) const {
    check_thread("remove_done_callback");
    return remove_callback(handle);
  }

  auto operator co_await() const& { return FutureAwaiter<T, false>(checked()); }
  auto operator co_await() && { return FutureAwaiter<T, true>(take_core()); }

  explicit operator bool() const { return static_cast<bool>(core_); }
  FutureCore& core() const {
    if (!core_) [[unlikely]] throw_empty_handle();
    return *core_;
  }
  /// Gives its counted pointer away.
  FutureCore* detach() { return take_core().detach(); }
  friend bool operator==(const Future& a, const Future& b) { return a.core_.get() == b.core_.get(); }

 protected:
  void check_thread(const char* what) const { core().kernel().check_thread(what, core()); }
  Ref<FutureCore> checked() const { return Ref<FutureCore>(core()); }
  Ref<FutureCore> take_core() {
    core();
    return std::move(core_);
  }
  template <class F>
  Handle attach(F callback, CallOptions options, Place place) const {
    check_thread("add_done_callback");
    Kernel& kernel = core().kernel();
    if (kernel.closed()) [[unlikely]] throw_loop_closed(core(), "add_done_callback");
    auto& call = Call<F>::make(kernel, std::move(callback), context_for(options.context), place);
    call.attach_to(core());
    return Handle(call);
  }

 private:
  Ref<FutureCore> core_;
};

}  // namespace rondo
