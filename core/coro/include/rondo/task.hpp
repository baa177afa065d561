// SPDX-License-Identifier: BSL-1.0
// task.hpp - coroutines that are scheduled: Task<T>, create_task, current_task, all_tasks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <rondo/coro.hpp>
#include <rondo/future.hpp>

namespace rondo {

struct TaskOptions {
  std::string_view name = {};        // for dumps and errors; copied during the call
  const Context* context = nullptr;  // what it sees of context variables; null: a copy of the current context
};

/// A handle to a scheduled coroutine, and a Future of its result. Copies are handles to the same task. A task lives
/// until it is done, with or without handles. Failing unseen, it is reported to the loop's exception handler.
/// Source: asyncio.Task.
template <class T = void>
class [[nodiscard("a task runs without its handle, but nobody will see it fail: keep it, or cast to void")]] Task
    : public Future<T> {
 public:
  Task() = default;
  explicit Task(Ref<FutureCore> core) : Future<T>(std::move(core)) {}

  /// Requests of cancel() that were not withdrawn.
  std::uint32_t cancelling() const { return task().cancelling(); }
  /// Withdraws one request and returns how many are left; at 0 a request that was not delivered is dropped, too.
  std::uint32_t uncancel() const { return task().uncancel(); }

  /// The name given, or "Task-<number>" by order of creation in the loop.
  std::string name() const { return task().name(); }
  void set_name(std::string_view name) const { task().set_name(name); }

  TaskCore& task() const { return static_cast<TaskCore&>(this->core()); }
};

/// A task whose type is not known: what current_task() and all_tasks() give.
class AnyTask {
 public:
  AnyTask() = default;
  explicit AnyTask(TaskCore& task) : core_(task) {}
  template <class T>
  AnyTask(const Task<T>& task) : core_(task.task()) {}

  bool done() const { return core().done(); }
  bool cancelled() const { return core().was_cancelled(); }
  /// Asks the task to end: it gets a CancelledError at its current await, one hop later. A running or scheduled task
  /// gets it when it is next resumed; one that never started is cancelled without running. True means noted: the task
  /// may still catch the error. The message is delivered with it.
  bool cancel(std::string_view message = {}) const { return core().cancel(Message(message)); }
  std::uint32_t cancelling() const { return core().cancelling(); }
  std::uint32_t uncancel() const { return core().uncancel(); }
  std::string name() const { return core().name(); }
  void set_name(std::string_view name) const { core().set_name(name); }
  Place created() const { return core().created(); }

  explicit operator bool() const { return static_cast<bool>(core_); }
  TaskCore& core() const {
    if (!core_) throw_empty_handle();
    return *core_;
  }
  friend bool operator==(const AnyTask& a, const AnyTask& b) { return a.core_.get() == b.core_.get(); }

 private:
  Ref<TaskCore> core_;
};

template <class T>
inline Task<T> start_task(Kernel& kernel, Coro<T>& coro, const TaskOptions& options, Place place) {
  CoroPromise<T>* promise = coro.release();
  try {
    ::new (&promise->task_room())
        TaskCore(EntryKind::task, kernel, promise, promise->result,
                 options.context ? *options.context : context_or_empty(), options.name, place);
  } catch (...) {
    promise->handle().destroy();
    throw;
  }
  promise->is_task = true;
  TaskCore& task = promise->task_room();
  kernel.start(task);  // the first reference is the loop's
  return Task<T>(Ref<FutureCore>(task));
}

/// Schedules a coroutine: its first step is the next entry of the ready queue. Returns at once.
/// Throws RuntimeError where no loop runs (Loop::create_task works there). Allocates only for a name.
template <class T>
Task<T> create_task(Coro<T> coro, TaskOptions options = {}, Place place = Place::here()) {
  return start_task(running_kernel("create_task"), coro, options, place);
}

/// The task that runs now; an empty one in callbacks. Throws RuntimeError where no loop runs.
AnyTask current_task();

/// All tasks of the running loop that are not done, oldest first.
std::vector<AnyTask> all_tasks();

/// How the last error that came up through frames of the current task travelled: innermost await first, through the
/// tasks awaited as well; of more than 64 places the first and the last 32. Empty if the error in flight passed no await.
AwaitStack await_stack();

/// What every combinator does with its arguments: a coroutine becomes a task, a task or future stays what it is.
template <class T>
Future<T> ensure_future(Coro<T>&& coro, Place place = Place::here()) {
  return create_task(std::move(coro), {}, place);
}
template <class T>
Future<T> ensure_future(Future<T> future, Place = {}) {
  return future;
}
/// Anything else becomes a task that awaits it.
template <class A>
Coro<AwaitedValue<A>> await_for(A awaitable) {
  co_return co_await std::move(awaitable);
}
template <Awaitable A>
  requires(!std::is_lvalue_reference_v<A> && !requires(A a) { a.detach(); })
auto ensure_future(A&& awaitable, Place place = Place::here()) {
  return ensure_future(await_for<A>(std::move(awaitable)), place);
}

}  // namespace rondo
