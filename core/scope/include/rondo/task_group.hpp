// SPDX-License-Identifier: BSL-1.0
// task_group.hpp - tasks that live no longer than a block, and fail together.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include <rondo/machines/group.hpp>
#include <rondo/scope/body.hpp>
#include <rondo/task.hpp>

namespace rondo {

class TaskGroup;
class GroupCompletion;
struct GroupListTag;

/// The group's place at one of its children.
class GroupChild : public Hook, public Link<GroupListTag> {
 public:
  GroupChild(TaskGroup& owner, TaskCore& child)
      : Hook(&call_member<GroupChild, &GroupChild::done>), group(&owner), task(child) {}
  TaskGroup* group;
  Ref<TaskCore> task;

 private:
  void done();
};

/// What task_group() gives to its body. `group.create_task(...)` schedules a child; it may be called by children, too,
/// as long as one of them runs. RuntimeError before the block is entered, while the group is shutting down, and when it
/// is finished; the coroutine then never runs. Source: asyncio.TaskGroup, CPython 3.13.
class TaskGroup : public CreatesTasks<TaskGroup> {
 public:
  TaskGroup() = default;
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // --- for task_group(), and for blocks of your own -----------------------------------------------------------------

  /// Begins: the running task is the parent.
  void enter();
  /// The body is done. `error` is what left it, null if nothing did.
  void leave(std::exception_ptr error, bool cancelled);
  bool has_children() const { return !children_.empty(); }
  /// A CancelledError reached the parent while it waits for the children.
  void interrupted(std::exception_ptr error);
  /// All children are done: throws the errors or the cancellation, if there are any.
  void close();

 private:
  friend CreatesTasks<TaskGroup>;
  template <class T>
  Task<T> start_coroutine(Coro<T> coro, const TaskOptions& options, Place place) {
    check_open();
    Task<T> task = start_task(running_kernel("create_task"), coro, options, place);
    adopt(task.task());
    return task;
  }
  friend Firing;
  machines::group::State& state_in(const decltype(machines::group::diagram)&) { return state_; }
  void perform(machines::group::Do effect);
  friend GroupChild;
  friend GroupCompletion;
  void check_open() const;
  void adopt(TaskCore& task);
  void child_done(GroupChild& child);
  void cancel_children();
  [[noreturn]] void throw_failures();
  bool aborting() const {
    using machines::group::State;
    return state_ == State::aborting || state_ == State::ending || state_ == State::failing;
  }

  machines::group::State state_ = machines::group::State::created;
  Ref<TaskCore> parent_;
  List<GroupChild, GroupListTag> children_;  // oldest first
  struct Failure {
    std::exception_ptr error;
    Story story;
  };
  std::vector<Failure> failures_;  // in the order in which the children ended
  Failure body_failure_;
  std::exception_ptr interrupt_;             // a KeyboardInterrupt, which is thrown as it is
  std::exception_ptr cancellation_;
  Parking* waiting_ = nullptr;
};

/// Waits until a group has no children, and closes it.
Coro<void> join(TaskGroup& group);

template <class Body, class... Args>
auto run_task_group(Body body, Args... args) -> Coro<BodyValue<Body, TaskGroup, Args...>> {
  TaskGroup group;
  group.enter();
  auto outcome = co_await unnoted(as_outcome(call_body(body, group, args...)));
  group.leave(outcome.exception(), outcome.cancelled());
  co_await unnoted(join(group));
  if constexpr (!std::is_void_v<BodyValue<Body, TaskGroup, Args...>>) co_return std::move(outcome).value();
}

/// Runs `body(TaskGroup&, args...)` in the awaiting task, waits for every child, and gives the body's value.
/// When a child fails, the other children and the body are cancelled; all are waited for, and what failed is thrown as
/// an ExceptionGroup, children in the order in which they failed, the body's own error last. A child that is merely
/// cancelled does not count; a KeyboardInterrupt comes out as it is. Cancelling the awaiting task cancels the children;
/// CancelledError comes out when they are done. While the group ends, further cancellations do not reach the children,
/// and deadlines do not cut the wait short. The callable and the arguments are kept until the body is done. Source:
/// asyncio.TaskGroup.
template <class Body, class... Args>
auto task_group(Body&& body, Args&&... args) {
  check_body<Body>();
  return run_task_group<std::decay_t<Body>, std::decay_t<Args>...>(std::forward<Body>(body),
                                                                   std::forward<Args>(args)...);
}

}  // namespace rondo
