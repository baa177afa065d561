// SPDX-License-Identifier: BSL-1.0
// task.hpp - coroutines that are scheduled: Task<T>, create_task, current_task, all_tasks.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <rondo/coro.hpp>
#include <rondo/future.hpp>

namespace rondo {

struct TaskOptions {
  std::string_view name = {};        // for dumps and errors; copied during the call
  Context* context = nullptr;  // what it runs in (copy_context()); null: the values that the caller has now
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
  std::uint32_t uncancel() const {
    this->check_thread("uncancel");
    return task().uncancel();
  }

  /// The name given, or "Task-<number>" by order of creation in the loop.
  std::string name() const { return task().name(); }
  void set_name(std::string_view name) const {
    this->check_thread("set_name");
    task().set_name(name);
  }

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
  bool cancel(std::string_view message = {}) const {
    core().kernel().check_thread("cancel", static_cast<const FutureCore&>(core()));
    return core().cancel(Message(message));
  }
  std::uint32_t cancelling() const { return core().cancelling(); }
  std::uint32_t uncancel() const { return checked("uncancel").uncancel(); }
  std::string name() const { return core().name(); }
  void set_name(std::string_view name) const { checked("set_name").set_name(name); }
  Place created() const { return core().created(); }

  explicit operator bool() const { return static_cast<bool>(core_); }
  TaskCore& core() const {
    if (!core_) throw_empty_handle();
    return *core_;
  }
  friend bool operator==(const AnyTask& a, const AnyTask& b) { return a.core_.get() == b.core_.get(); }

 private:
  TaskCore& checked(const char* what) const {
    core().kernel().check_thread(what, static_cast<const FutureCore&>(core()));
    return core();
  }
  Ref<TaskCore> core_;
};

template <class T>
inline Task<T> start_task(Kernel& kernel, Coro<T>& coro, const TaskOptions& options, Place place) {
  CoroPromise<T>* promise = coro.release_to(&kernel, "create_task");
  try {
    ::new (&promise->task_room())
        TaskCore(EntryKind::task, kernel, promise, promise->result,
                 context_for(options.context), options.name, place);
  } catch (...) {
    promise->handle().destroy();
    throw;
  }
  fire<machines::frame::Event::part>(static_cast<FrameCore&>(*promise));
  TaskCore& task = promise->task_room();
  kernel.start(task);  // the first reference is the loop's
  return Task<T>(Ref<FutureCore>(task));
}

/// A coroutine that awaits it, and keeps it until then.
template <class A>
Coro<AwaitedValue<A>> await_for(A awaitable) {
  co_return co_await unnoted(std::move(awaitable));
}

/// A coroutine that calls `function(arguments...)` and awaits what that gives; keeps all of them until it is done.
template <class Given, class F, class... Args>
Coro<AwaitedValue<Given>> call_for(F function, Args... arguments) {
  co_return co_await unnoted(std::apply(function, std::forward_as_tuple(std::move(arguments)...)));
}

/// What can be made a task, beside a coroutine: something to await, or a function that gives it.
template <class W, class... Args>
concept TaskWork = (Awaitable<std::decay_t<W>> && sizeof...(Args) == 0) ||
                   Awaitable<std::invoke_result_t<std::decay_t<W>&, std::decay_t<Args>...>>;

template <class W, class... Args>
  requires TaskWork<W, Args...>
auto coroutine_of(W&& work, Args&&... arguments) {
  if constexpr (Awaitable<std::decay_t<W>>) {
    return await_for<std::decay_t<W>>(std::forward<W>(work));
  } else {
    using Given = std::invoke_result_t<std::decay_t<W>&, std::decay_t<Args>...>;
    return call_for<Given, std::decay_t<W>, std::decay_t<Args>...>(std::forward<W>(work), std::forward<Args>(arguments)...);
  }
}

template <class W>
inline constexpr bool is_coro = false;
template <class T>
inline constexpr bool is_coro<Coro<T>> = true;
template <class W>
inline constexpr bool is_options = std::same_as<std::remove_cvref_t<W>, TaskOptions>;

/// The place of the call comes behind the arguments, so their number has a bound.
template <class F>
constexpr void refuse_arguments() {
  static_assert(sizeof(F) == 0, "create_task() hands at most three arguments to the function: write a closure that has them");
}

/// The ways of create_task(), for whoever has `start_coroutine(Coro<T>, TaskOptions, Place)`.
template <class Self>
class CreatesTasks {
 public:
  /// Schedules a coroutine: its first step is the next entry of the ready queue. Returns at once. Allocates only for a
  /// name.
  template <class T>
  Task<T> create_task(Coro<T> coro, TaskOptions options = {}, Place place = Place::here()) {
    return self().start_coroutine(std::move(coro), options, place);
  }
  /// The same for all else that can be awaited (a Future, sleep(1s), queue.get()), and for functions that give it.
  template <class W>
    requires(TaskWork<W> && !is_coro<std::remove_cvref_t<W>>)
  auto create_task(W&& work, TaskOptions options = {}, Place place = Place::here()) {
    return self().start_coroutine(coroutine_of(std::forward<W>(work)), options, place);
  }
  /// Calls `function(argument, ...)` as the task. Function and arguments are copied or moved (std::ref to share), and
  /// are kept until the task is done: so a closure may be a coroutine, and parameters may be references.
  template <class F, class A>
    requires(TaskWork<F, A> && !is_options<A>)
  auto create_task(F&& function, A&& argument, TaskOptions options = {}, Place place = Place::here()) {
    return self().start_coroutine(coroutine_of(std::forward<F>(function), std::forward<A>(argument)), options, place);
  }
  template <class F, class A, class B>
    requires(TaskWork<F, A, B> && !is_options<B>)
  auto create_task(F&& function, A&& a, B&& b, TaskOptions options = {}, Place place = Place::here()) {
    return self().start_coroutine(coroutine_of(std::forward<F>(function), std::forward<A>(a), std::forward<B>(b)), options,
                                  place);
  }
  template <class F, class A, class B, class C>
    requires(TaskWork<F, A, B, C> && !is_options<C>)
  auto create_task(F&& function, A&& a, B&& b, C&& c, TaskOptions options = {}, Place place = Place::here()) {
    return self().start_coroutine(
        coroutine_of(std::forward<F>(function), std::forward<A>(a), std::forward<B>(b), std::forward<C>(c)), options, place);
  }

  template <class F, class A, class B, class C, class D, class... More>
    requires(TaskWork<F, A, B, C, D, More...> && !is_options<D>)
  void create_task(F&&, A&&, B&&, C&&, D&&, More&&...) {
    refuse_arguments<F>();
  }

 protected:
  CreatesTasks() = default;
  ~CreatesTasks() = default;

 private:
  Self& self() { return static_cast<Self&>(*this); }
};

/// Creates tasks of the loop that runs here.
class RunningLoop : public CreatesTasks<RunningLoop> {
 private:
  friend CreatesTasks;
  template <class T>
  Task<T> start_coroutine(Coro<T> coro, const TaskOptions& options, Place place) {
    return start_task(running_kernel("create_task"), coro, options, place);
  }
};

/// See CreatesTasks. Throws RuntimeError where no loop runs (Loop::create_task works there).
template <class T>
Task<T> create_task(Coro<T> coro, TaskOptions options = {}, Place place = Place::here()) {
  return start_task(running_kernel("create_task"), coro, options, place);
}
template <class W>
  requires(TaskWork<W> && !is_coro<std::remove_cvref_t<W>>)
auto create_task(W&& work, TaskOptions options = {}, Place place = Place::here()) {
  return RunningLoop().create_task(std::forward<W>(work), options, place);
}
template <class F, class A>
  requires(TaskWork<F, A> && !is_options<A>)
auto create_task(F&& function, A&& argument, TaskOptions options = {}, Place place = Place::here()) {
  return RunningLoop().create_task(std::forward<F>(function), std::forward<A>(argument), options, place);
}
template <class F, class A, class B>
  requires(TaskWork<F, A, B> && !is_options<B>)
auto create_task(F&& function, A&& a, B&& b, TaskOptions options = {}, Place place = Place::here()) {
  return RunningLoop().create_task(std::forward<F>(function), std::forward<A>(a), std::forward<B>(b), options, place);
}
template <class F, class A, class B, class C>
  requires(TaskWork<F, A, B, C> && !is_options<C>)
auto create_task(F&& function, A&& a, B&& b, C&& c, TaskOptions options = {}, Place place = Place::here()) {
  return RunningLoop().create_task(std::forward<F>(function), std::forward<A>(a), std::forward<B>(b), std::forward<C>(c),
                                   options, place);
}

template <class F, class A, class B, class C, class D, class... More>
  requires(TaskWork<F, A, B, C, D, More...> && !is_options<D>)
void create_task(F&&, A&&, B&&, C&&, D&&, More&&...) {
  refuse_arguments<F>();
}

/// The task that runs now; an empty one in callbacks. Throws RuntimeError where no loop runs.
AnyTask current_task();

/// All tasks of the running loop that are not done, oldest first.
std::vector<AnyTask> all_tasks();

/// How the error that is handled here came up: innermost await first, through the tasks awaited as well, and through
/// gather() and shield(); of more than 64 places the first and the last 32. Each knows its function: describe() tells
/// it. For the catch blocks of tasks, and for those around run() and Runner::run(). Empty where nothing is handled, and
/// for an error that passed no await. A cancellation has a story in debug mode alone.
AwaitStack await_stack();

/// What every combinator does with its arguments: a coroutine becomes a task, a task or future stays what it is.
template <class T>
Future<T> ensure_future(Coro<T>&& coro, Place place = Place::here()) {
  return start_task(running_kernel("create_task"), coro, {}, place);
}
template <class T>
Future<T> ensure_future(Future<T> future, Place = {}) {
  return future;
}
/// Anything else becomes a task that awaits it.
template <Awaitable A>
  requires(!std::is_lvalue_reference_v<A> && !requires(A a) { a.detach(); })
auto ensure_future(A&& awaitable, Place place = Place::here()) {
  return ensure_future(await_for<A>(std::move(awaitable)), place);
}

}  // namespace rondo
