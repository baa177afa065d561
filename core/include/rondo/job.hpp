// SPDX-License-Identifier: BSL-1.0
// job.hpp - blocking work on an executor: run_in_executor(), to_thread().
#pragma once

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <rondo/combinator.hpp>
#include <rondo/executor.hpp>
#include <rondo/task.hpp>

namespace rondo {

class JobFuture;

/// The loop's end of a job; completed by the executor.
class JobOperation final : public OwnedOperation {
 public:
  explicit JobOperation(JobFuture& owner) : future(&owner) {}
  void completed() override;
  JobFuture* future;
};
/// Its place at the job's own future, to hear of a cancellation.
class JobOuter : public Entry {
 public:
  explicit JobOuter(JobFuture& owner) : Entry(EntryKind::job_outer), future(&owner) {}
  void outer_done();
  JobFuture* future;
};

/// The future of a job, without its type. The executor may hold the job longer than anybody wants the result, so the
/// block holds itself until the terminal completion.
class JobFuture : public FutureBlock, public Combinator, public Job {
 public:
  JobFuture(Kernel& kernel, ResultCore& result, Destroy destroyer, Place created, Context context)
      : FutureBlock(WaitableKind::future, kernel, result, destroyer, created),
        operation_(*this),
        outer_(*this),
        context_(std::move(context)) {}
  void begin(Executor* executor);
  void run() noexcept final;
  void abandon() noexcept override;

 protected:
  ~JobFuture() = default;
  /// On the executor's thread: calls the function and keeps what it returns.
  virtual void call() = 0;
  /// On the loop's thread: moves the value into the result. May throw.
  virtual void deliver() = 0;

 private:
  friend JobOperation;
  friend JobOuter;
  void finish(std::int32_t code);
  void let_go() noexcept;

  JobOperation operation_;
  JobOuter outer_;
  Context context_;           // the job's own copy
  std::exception_ptr error_;  // these two are written by the executor's thread, and read after the completion
  bool ran_ = false;
};

template <class T, class F>
class JobState final : public JobFuture {
 public:
  static JobState& make(Kernel& kernel, F function, Place created) {
    return *::new (kernel.allocate(sizeof(JobState))) JobState(kernel, std::move(function), created);
  }

 private:
  JobState(Kernel& kernel, F function, Place created)
      : JobFuture(kernel, result_, &destroy_block, created, context_or_empty().detached()),
        function_(std::move(function)) {}
  void call() override {
    if constexpr (std::is_void_v<T>) {
      function_();
    } else {
      value_.emplace(function_());
    }
  }
  void deliver() override {
    if constexpr (std::is_void_v<T>) {
      result_.set();
    } else {
      result_.set(*std::move(value_));
    }
  }
  static void destroy_block(FutureBlock& block) noexcept {
    auto& state = static_cast<JobState&>(block);
    Kernel& kernel = state.kernel();
    state.~JobState();
    kernel.deallocate(&state, sizeof(JobState));
  }

  Result<T> result_;
  F function_;
  std::optional<ValueOf<T>> value_;
};

template <class F>
auto submit_job(Executor* executor, F function, Place place) {
  using T = std::invoke_result_t<F&>;
  auto& state = JobState<T, F>::make(running_kernel("run_in_executor"), std::move(function), place);
  Future<T> future(Ref<FutureCore>::adopt(state));
  state.begin(executor);
  return future;
}

/// Calls `function(args...)` on `executor` and gives a future of its value or exception. The job is handed over at the
/// end of this step; it sees a copy of the caller's context variables. Function and arguments are copied (std::ref to
/// share). Cancelling the future withdraws a job that has not started; one that runs goes on, and its result is
/// dropped. RuntimeError comes out of the future if the executor is shut down or its queue is full. The executor must
/// outlive its jobs. In a co_await expression GCC before 13 needs a closure with a name here, and so does to_thread,
/// unless its captures have no destructors (see body.hpp). Source: loop.run_in_executor.
template <class F, class... Args>
auto run_in_executor(Executor& executor, F function, Args... args) {
  return submit_job(
      &executor,
      [function = std::move(function), args = std::tuple(std::move(args)...)]() mutable {
        return std::apply(function, std::move(args));
      },
      Place::here());
}
/// The same on the backend's default executor.
template <class F, class... Args>
auto run_in_executor(std::nullptr_t, F function, Args... args) {
  return submit_job(
      nullptr,
      [function = std::move(function), args = std::tuple(std::move(args)...)]() mutable {
        return std::apply(function, std::move(args));
      },
      Place::here());
}

/// Awaits `function(args...)` on the default executor; the job is submitted when this is awaited or becomes a task.
/// Source: asyncio.to_thread.
template <class F, class... Args>
Coro<std::invoke_result_t<F&, Args...>> to_thread(F function, Args... args) {
  co_return co_await run_in_executor(nullptr, std::move(function), std::move(args)...);
}

}  // namespace rondo
