// SPDX-License-Identifier: BSL-1.0
// timeout.hpp - a deadline around a block of code: timeout(), timeout_at(), wait_for().
//
// A deadline that passes cancels the task, once. When the block is left with that CancelledError, and nobody else asked
// the task to end meanwhile, it becomes TimeoutError; a foreign request wins over the deadline and stays
// CancelledError.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include <rondo/machines/timeout.hpp>
#include <rondo/scope/body.hpp>
#include <rondo/sleep.hpp>
#include <rondo/task.hpp>
#include <rondo/wait.hpp>

namespace rondo {

/// The deadline that timeout() gives to its body. Source: asyncio.Timeout.
class Timeout : private Timer {
 public:
  explicit Timeout(std::optional<Instant> when) : Timer(&run_out), when_(when) {}
  /// `limit` counts from enter(); without one, `when`.
  Timeout(Limit limit, std::optional<Instant> when) : Timer(&run_out), when_(when), limit_(limit) {}
  ~Timeout() {
    if (kernel_) kernel_->disarm(*this);
  }

  /// The deadline; none if there is no limit. For a limit it is exact from the end of the step that entered on; before,
  /// it is time() + limit.
  std::optional<Instant> when() const {
    return armed() ? std::optional<Instant>(kernel_->timers().when(*this)) : when_;
  }

  /// Moves the deadline, also to none; one that has passed expires with the next batch. Throws RuntimeError before the
  /// block is entered, and once it has expired or was left. O(log timers).
  void reschedule(std::optional<Instant> when);

  /// True once the deadline has passed while the block ran.
  bool expired() const {
    return state_ == machines::timeout::State::expiring || state_ == machines::timeout::State::expired;
  }

  // --- for timeout() and wait_for(), and for blocks of your own -----------------------------------------------------

  /// Begins: the running task is the one to cancel. RuntimeError outside a task, or the second time.
  void enter();
  /// Ends. True if the block was cancelled by this deadline alone: a CancelledError that leaves it is then ours.
  bool leave();

 private:
  friend Firing;
  machines::timeout::State& state_in(const decltype(machines::timeout::diagram)&) { return state_; }
  void perform(machines::timeout::Do effect);
  static void run_out(Hook& hook) { fire<machines::timeout::Event::expire>(static_cast<Timeout&>(hook)); }

  std::optional<Instant> when_;
  Limit limit_;  // what when_ was made of, if that was no instant
  Kernel* kernel_ = nullptr;
  Ref<TaskCore> task_;
  std::uint32_t baseline_ = 0;  // cancelling() at entry: requests that are not about this block
  machines::timeout::State state_ = machines::timeout::State::created;
};

template <class Body, class... Args>
auto run_timeout(Limit limit, std::optional<Instant> at, Body body, Args... args)
    -> Coro<BodyValue<Body, Timeout, Args...>> {
  Timeout timeout(limit, at);
  timeout.enter();
  auto outcome = co_await unnoted(as_outcome(call_body(body, timeout, args...)));
  if (timeout.leave() && outcome.cancelled()) throw TimeoutError();
  if constexpr (std::is_void_v<BodyValue<Body, Timeout, Args...>>) {
    outcome.raise();
  } else {
    co_return std::move(outcome).value();
  }
}

/// Runs `body(args...)` or `body(Timeout&, args...)`, a callable that returns an awaitable, in the awaiting task, and
/// gives its value; once `limit` has passed the block is cancelled, and TimeoutError is thrown when it has been left.
/// A body that swallows the cancellation keeps its value and is not cancelled again. No limit: std::nullopt; zero and
/// less expire at the first suspension. The callable and the arguments are kept until the body is done.
/// No task is made; arming costs O(log timers). Source: asyncio.timeout.
template <class Body, class... Args>
auto timeout(Limit limit, Body&& body, Args&&... args) {
  check_body<Body>();
  return run_timeout<std::decay_t<Body>, std::decay_t<Args>...>(limit, std::nullopt, std::forward<Body>(body),
                                                               std::forward<Args>(args)...);
}

/// The same with an absolute deadline. Source: asyncio.timeout_at.
template <class Body, class... Args>
auto timeout_at(std::optional<Instant> when, Body&& body, Args&&... args) {
  check_body<Body>();
  return run_timeout<std::decay_t<Body>, std::decay_t<Args>...>(std::nullopt, when, std::forward<Body>(body),
                                                               std::forward<Args>(args)...);
}

/// wait_for() that has no time to wait: takes what is there already, or cancels.
template <class A>
Coro<AwaitedValue<A>> take_or_cancel(A aw) {
  Future<AwaitedValue<A>> future = ensure_future(std::move(aw));
  if (!future.done()) {
    WaitCore wait(running_kernel("wait_for"), {});
    wait.begin();
    wait.add(future.core());
    future.cancel();
    co_await unnoted(WaitAt(wait));
    if (future.core().ended_by_cancel()) {
      static_cast<void>(future.core().retrieve());  // looking at a task's CancelledError uses it up, as in asyncio
      throw TimeoutError();
    }
  }
  co_return co_await unnoted(std::move(future));
}

/// The body of wait_for(): what is waited for.
struct WaitForBody {
  template <class A>
  A operator()(A&& aw) const {
    return std::move(aw);
  }
};

/// Awaits `aw`, at most for `limit`; past it, cancels `aw`, waits for it to end, and throws TimeoutError.
/// A coroutine runs in the awaiting task; a task or future is cancelled with the awaiter. If `aw` swallows the
/// cancellation, its value or error is what comes out. limit <= 0 takes a result that is there already, else cancels
/// at once; a coroutine then never starts. A result in the very batch of the deadline loses to it and stays in `aw`.
/// Source: asyncio.wait_for, CPython 3.12 and later.
template <class A>
  requires Awaitable<std::remove_cvref_t<A>>
Coro<AwaitedValue<std::remove_cvref_t<A>>> wait_for(A&& aw, Limit limit) {
  using Own = std::remove_cvref_t<A>;
  if constexpr (requires(Own own) { ensure_future(std::move(own)); }) {
    if (limit && *limit <= Duration::zero()) return take_or_cancel<Own>(std::forward<A>(aw));
  }
  return run_timeout<WaitForBody, Own>(limit, std::nullopt, {}, std::forward<A>(aw));
}

}  // namespace rondo
