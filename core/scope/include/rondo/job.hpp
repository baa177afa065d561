// SPDX-License-Identifier: BSL-1.0
// job.hpp - blocking work on an executor: run_in_executor(), to_thread().
#pragma once

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <rondo/awaiter.hpp>
#include <rondo/executor.hpp>
#include <rondo/kernel/resident.hpp>
#include <rondo/task.hpp>

namespace rondo {

/// The future of a job, without its type. The executor may hold the job longer than anybody wants the result, so the
/// block holds itself until the terminal completion.
class JobFuture : public FutureBlock, public ResidentOf<JobFuture>, public Job {
 public:
  JobFuture(Kernel& kernel, ResultCore& result, Destroy destroyer, Place created, Context context)
      : FutureBlock(kernel, result, destroyer, created),
        operation_(*this),
        outer_hook_(*this),
        context_(std::move(context)) {}
  void begin(Executor* executor);
  void run() noexcept final;
  void abandon() noexcept;

 protected:
  ~JobFuture() = default;
  /// On the executor's thread: calls the function and keeps what it returns.
  virtual void call() = 0;
  /// On the loop's thread: moves the value into the result. May throw.
  virtual void deliver() = 0;

 private:
  /// The loop's end of the job; completed by the executor.
  class Running final : public OwnedOperation {
   public:
    explicit Running(JobFuture& owner) : owner_(&owner) {}
    void completed() override {
      if (!in_flight()) owner_->finish(result());  // else a completion with `more`: the terminal one is still to come
    }

   private:
    JobFuture* owner_;
  };
  void finish(std::int32_t code);
  void ask_for_end();
  void let_go() noexcept;

  Running operation_;
  MemberHook<JobFuture, &JobFuture::ask_for_end> outer_hook_;  // at its own future, to hear of a cancellation
  Context context_;           // the job's own copy
  std::exception_ptr error_;  // these two are written by the executor's thread, and read after the completion
  bool ran_ = false;
};

template <class T, class F>
class JobState final : public PooledFuture<JobState<T, F>, JobFuture, T> {
  static_assert(fits_frames<F>, "over-aligned closures and arguments are not supported in a job: pass a pointer");

 public:
  JobState(Kernel& kernel, F function, Place created)
      : JobState::PooledFuture(kernel, created, context_or_empty().detached()), function_(std::move(function)) {}

 private:
  void call() override { value_.emplace(value_of(function_)); }
  void deliver() override { this->result_.set(*std::move(value_)); }

  F function_;
  std::optional<ValueOf<T>> value_;
};

/// Whose job it is: an executor, or nullptr for the backend's default one, and the line that says so.
class ExecutorAt {
 public:
  ExecutorAt(Executor& executor, Place place = Place::here()) : executor_(&executor), place_(place) {}
  ExecutorAt(std::nullptr_t, Place place = Place::here()) : place_(place) {}
  Executor* executor() const { return executor_; }
  Place place() const { return place_; }

 private:
  Executor* executor_ = nullptr;
  Place place_;
};

template <class F, class... Args>
auto submit_job(Executor* executor, Place place, F function, Args... args) {
  auto job = [function = std::move(function), args = std::tuple(std::move(args)...)]() mutable {
    return std::apply(function, std::move(args));
  };
  using T = std::invoke_result_t<decltype(job)&>;
  refuse_coroutine<T>();
  auto& state = JobState<T, decltype(job)>::make(running_kernel("run_in_executor"), std::move(job), place);
  Future<T> future(Ref<FutureCore>::adopt(state));
  state.begin(executor);
  return future;
}

/// Calls `function(args...)` on `executor`, which may be nullptr for the backend's default one, and gives a future of
/// its value or exception. The job is handed over at the end of this step; it sees a copy of the caller's context
/// variables. Function and arguments are copied (std::ref to share). Cancelling the future withdraws a job that has not
/// started; one that runs goes on, and its result is dropped. RuntimeError comes out of the future if the executor is
/// shut down or its queue is full. The executor must outlive its jobs. In a co_await expression GCC before 13 needs a
/// closure with a name here, and so does to_thread, unless its captures have no destructors (see body.hpp). Source:
/// loop.run_in_executor.
template <class F, class... Args>
auto run_in_executor(ExecutorAt executor, F function, Args... args) {
  return submit_job(executor.executor(), executor.place(), std::move(function), std::move(args)...);
}

class CallersPlaceAwaiter : public Awaiter {
 public:
  using value_type = Place;
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    for (const FrameCore* frame = &frame_of(handle); frame && !place_; frame = frame->parent()) place_ = frame->at;
    if (!place_) place_ = current().created();
    return false;
  }
  Place await_resume() const { return place_; }

 private:
  Place place_;
};
/// The line of the program that awaits the coroutine that awaits this, or that made a task of it.
struct CallersPlace {
  CallersPlaceAwaiter operator co_await() const { return {}; }
};

/// Awaits `function(args...)` on the default executor; the job is submitted when this is awaited or becomes a task.
/// Source: asyncio.to_thread.
template <class F, class... Args>
Coro<std::invoke_result_t<F&, Args...>> to_thread(F function, Args... args) {
  const Place place = co_await unnoted(CallersPlace());
  co_return co_await unnoted(run_in_executor({nullptr, place}, std::move(function), std::move(args)...));
}

}  // namespace rondo
