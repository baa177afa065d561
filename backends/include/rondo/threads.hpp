// SPDX-License-Identifier: BSL-1.0
// threads.hpp - what may cross from a thread to a loop and back: run_coroutine_threadsafe() for a thread that wants
// something done in a loop, Promise for a loop that waits for something that threads do. docs/threads.md has patterns
// for both.
#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include <rondo/kernel/resident.hpp>
#include <rondo/loop.hpp>

namespace rondo {

// --- from a thread into a loop ---------------------------------------------------------------------------------------

/// A coroutine in a loop, as a thread outside sees it. The task belongs to the loop's thread, and so does everything
/// but the outcome.
template <class T>
class ThreadsafeState {
 public:
  ThreadsafeState(Poster& poster, const Kernel& kernel) : poster_(&poster), kernel_(&kernel) {}

  /// On the loop's thread.
  void begin(Task<T> task) {
    task_.emplace(std::move(task));
    if (ask_ended_) task_->cancel();
  }
  void ask_end() {
    ask_ended_ = true;
    if (task_) task_->cancel();
  }
  /// The first outcome counts. From the loop's thread.
  void end(Outcome<T> outcome) {
    task_.reset();
    const std::lock_guard lock(mutex_);
    if (outcome_) return;
    outcome_.emplace(std::move(outcome));
    poster_ = nullptr;
    ended_.notify_all();
  }

  /// From any thread.
  bool done() const {
    const std::lock_guard lock(mutex_);
    return outcome_.has_value();
  }
  /// Posts `call` to the loop as long as that has not ended the task: then it is there. False if it has.
  template <class Make>
  bool post(Make make) {
    const std::lock_guard lock(mutex_);
    if (!poster_) return false;
    poster_->post(make(*poster_));
    return true;
  }
  void wait() const {
    refuse_own_thread();
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return outcome_.has_value(); });
  }
  bool wait_for(Duration limit) const {
    if (!done()) refuse_own_thread();
    std::unique_lock lock(mutex_);
    return ended_.wait_for(lock, limit, [this] { return outcome_.has_value(); });
  }
  /// Once it is done.
  Outcome<T>& outcome() { return *outcome_; }

 private:
  void refuse_own_thread() const {
    if (thread_slot.kernel != kernel_ || done()) return;
    throw RuntimeError("ThreadsafeFuture: the loop's own thread waits, so the coroutine would never go on; co_await it there");
  }

  mutable std::mutex mutex_;
  mutable std::condition_variable ended_;
  Poster* poster_;        // null once there is an outcome
  const Kernel* kernel_;  // never looked into
  std::optional<Outcome<T>> outcome_;
  std::optional<Task<T>> task_;  // these two belong to the loop's thread
  bool ask_ended_ = false;
};

/// The handle of run_coroutine_threadsafe(), for threads that are not the loop's. Copies are handles to the same
/// outcome; the last one may go anywhere and at any time, also when the loop is gone, and the coroutine goes on without
/// it. Source: concurrent.futures.Future.
template <class T>
class ThreadsafeFuture {
 public:
  explicit ThreadsafeFuture(std::shared_ptr<ThreadsafeState<T>> state) : state_(std::move(state)) {}

  bool done() const { return state_->done(); }
  /// Blocks this thread until it is done. RuntimeError on the loop's thread, which would wait for itself.
  void wait() const { state_->wait(); }
  /// The same for at most so long; true if it is done.
  bool wait_for(Delay limit) const { return state_->wait_for(limit); }
  /// Waits, and gives the value (a reference to it, which lives as long as a handle), or throws the error,
  /// CancelledError among them.
  decltype(auto) result() const {
    wait();
    return value();
  }
  /// TimeoutError if it is not done in time; the coroutine goes on.
  decltype(auto) result(Delay limit) const {
    if (!wait_for(limit)) throw TimeoutError();
    return value();
  }
  /// Asks the task to end, as Task::cancel() does, when the loop comes to it. False if it is done.
  bool cancel() const {
    return state_->post([this](Poster& poster) -> CallCore& {
      auto ask = [state = state_] { state->ask_end(); };
      return Call<decltype(ask)>::make_foreign(poster, std::move(ask), Context(), Place::here());
    });
  }

 private:
  decltype(auto) value() const { return std::as_const(state_->outcome()).value(); }
  std::shared_ptr<ThreadsafeState<T>> state_;
};

/// Its end without an outcome is one, too: what the loop destroys instead of running it.
template <class T>
class ThreadsafeEnd {
 public:
  explicit ThreadsafeEnd(std::shared_ptr<ThreadsafeState<T>> state) : state_(std::move(state)) {}
  ThreadsafeEnd(ThreadsafeEnd&&) noexcept = default;
  ThreadsafeEnd& operator=(ThreadsafeEnd&&) = delete;
  ~ThreadsafeEnd() {
    if (!state_) return;
    state_->end(Outcome<T>::of_error(std::make_exception_ptr(
        RuntimeError("run_coroutine_threadsafe: the loop ended before the coroutine was done"))));
  }
  ThreadsafeState<T>& state() const { return *state_; }

 private:
  std::shared_ptr<ThreadsafeState<T>> state_;
};

/// From any thread, as long as the loop lives: calls `function(args...)` in the loop and runs the coroutine that it
/// gives as a task there. Function and arguments are copied or moved to the loop's thread, and destroyed there; the
/// coroutine is made where it runs. Costs the wake-up of a loop that sleeps. RuntimeError if the loop has no backend.
/// Source: asyncio.run_coroutine_threadsafe.
template <class F, class... Args>
  requires TaskWork<F, Args...>
auto run_coroutine_threadsafe(Loop& loop, F&& function, Args&&... args) {
  using T = typename decltype(coroutine_of(std::declval<std::decay_t<F>>(), std::declval<std::decay_t<Args>>()...))::value_type;
  if (!loop.backend()) throw RuntimeError("run_coroutine_threadsafe: the loop has no backend that could be woken");
  auto state = std::make_shared<ThreadsafeState<T>>(loop.backend()->poster(), loop.kernel());
  loop.call_soon_threadsafe([end = ThreadsafeEnd<T>(state), function = std::decay_t<F>(std::forward<F>(function)),
                             ... args = std::decay_t<Args>(std::forward<Args>(args))]() mutable {
    ThreadsafeState<T>& begun = end.state();
    const Task<T> task = create_task(coroutine_of(std::move(function), std::move(args)...));
    begun.begin(task);
    static_cast<void>(task.add_done_callback([kept = std::move(end)](const Future<T>& done) {
      kept.state().end(done.outcome());
    }));
  });
  return ThreadsafeFuture<T>(std::move(state));
}

// --- from threads to a loop ------------------------------------------------------------------------------------------

template <class T>
class PromiseEnd;

/// What a promise and its loop share.
template <class T>
class PromiseState {
 public:
  PromiseState(Poster& poster, CallCore& call, PromiseEnd<T>& end) : poster_(&poster), call_(&call), end_(&end) {}

  /// From any thread. False if it is completed, or the loop has ended.
  bool complete(Outcome<T> outcome) noexcept {
    const std::lock_guard lock(mutex_);
    if (!poster_) return false;
    outcome_.emplace(std::move(outcome));
    std::exchange(poster_, nullptr)->post(*call_);  // which takes it over
    return true;
  }
  /// On the loop's thread, when that ends. True if nobody has completed it: then the call is the caller's.
  bool close() noexcept {
    const std::lock_guard lock(mutex_);
    return std::exchange(poster_, nullptr) != nullptr;
  }
  /// On the loop's thread: the loop's end of it, null once that is gone.
  PromiseEnd<T>* end() noexcept {
    const std::lock_guard lock(mutex_);
    return end_;
  }
  void forget_end() noexcept {
    const std::lock_guard lock(mutex_);
    end_ = nullptr;
  }
  /// In the call.
  Outcome<T> take() { return *std::move(outcome_); }

 private:
  std::mutex mutex_;
  Poster* poster_;  // null once it is completed or closed
  CallCore* call_;
  PromiseEnd<T>* end_;
  std::optional<Outcome<T>> outcome_;
};

/// The loop's end of a promise: its future, and what keeps the loop waiting for it.
template <class T>
class PromiseEnd final : public ResidentOf<PromiseEnd<T>> {
 public:
  PromiseEnd(Loop& loop, Future<T> future) : future_(std::move(future)), source_(loop.open_source()) {
    loop.kernel().residents().push_back(*this);
  }
  ~PromiseEnd() {
    if (Resident::linked()) Resident::unlink();
    if (state_) state_->forget_end();
  }
  PromiseEnd(const PromiseEnd&) = delete;
  PromiseEnd& operator=(const PromiseEnd&) = delete;

  void watch(std::shared_ptr<PromiseState<T>> state, CallCore& call) {
    state_ = std::move(state);
    call_ = &call;
  }
  const Future<T>& future() const { return future_; }
  /// The call runs.
  void complete() {
    const std::shared_ptr<PromiseState<T>> state = state_;
    const Future<T> future = future_;
    Outcome<T> outcome = state->take();
    if (future.done()) return;  // cancelled meanwhile
    if (outcome.error()) return future.set_exception(outcome.error());
    if constexpr (std::is_void_v<T>) {
      future.set_result();
    } else {
      future.set_result(std::move(outcome).value());
    }
  }
  /// The loop ends.
  void abandon() noexcept {
    Resident::unlink();
    source_ = OutsideSource();
    if (state_->close()) call_->release();  // and this goes with it
  }

 private:
  Future<T> future_;
  OutsideSource source_;
  std::shared_ptr<PromiseState<T>> state_;
  CallCore* call_ = nullptr;
};

/// Something that a loop waits for and a thread brings. Made on the loop's thread; then any thread, one, completes it
/// once, and drops it where it likes, also after the loop has ended. Dropped without an outcome it fails the future
/// with RuntimeError. As long as it is open the loop counts as waiting for the outside. Completing it allocates
/// nothing.
template <class T = void>
class Promise {
 public:
  explicit Promise(Place place = Place::here()) : Promise(this_loop(), place) {}
  /// RuntimeError if the loop has no backend.
  explicit Promise(Loop& loop, Place place = Place::here()) {
    if (!loop.backend()) throw RuntimeError("Promise: the loop has no backend that could be woken");
    auto end = std::make_unique<PromiseEnd<T>>(loop, loop.create_future<T>(place));
    PromiseEnd<T>& of_loop = *end;
    auto complete = [end = std::move(end)] { end->complete(); };
    Poster& poster = loop.backend()->poster();
    auto& call = Call<decltype(complete)>::make_foreign(poster, std::move(complete), Context(), place);
    try {
      state_ = std::make_shared<PromiseState<T>>(poster, call, of_loop);
    } catch (...) {
      call.release();
      throw;
    }
    of_loop.watch(state_, call);
  }
  ~Promise() { break_it(); }
  Promise(Promise&& other) noexcept : state_(std::move(other.state_)) {}
  Promise& operator=(Promise&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }

  /// On the loop's thread, before the promise goes to another: the future that it will complete. RuntimeError once that
  /// is done, or for a promise that was moved from.
  Future<T> future() const {
    PromiseEnd<T>* const end = state_ ? state_->end() : nullptr;
    if (!end) throw RuntimeError("Promise::future: the promise is completed; ask for the future before");
    return end->future();
  }

  /// From any thread. False if it has an outcome already, or if the loop has ended: then the value is dropped here.
  bool set_result(ValueOf<T> value = {}) noexcept { return state_ && state_->complete(Outcome<T>::of_value(std::move(value))); }
  bool set_exception(std::exception_ptr error) noexcept {
    return state_ && error && state_->complete(Outcome<T>::of_error(std::move(error)));
  }

 private:
  void break_it() noexcept {
    if (!state_) return;
    try {
      state_->complete(Outcome<T>::of_error(
          std::make_exception_ptr(RuntimeError("the Promise was dropped without an outcome"))));
    } catch (...) {  // no memory for the error: then the one of the memory
      state_->complete(Outcome<T>::of_error(std::current_exception()));
    }
  }

  std::shared_ptr<PromiseState<T>> state_;
};

}  // namespace rondo
