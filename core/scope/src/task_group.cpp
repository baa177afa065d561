// SPDX-License-Identifier: BSL-1.0
// task_group.cpp - children, errors, and who cancels whom.
#include <rondo/task_group.hpp>

#include <rondo/kernel/cancellation.hpp>
#include <rondo/kernel/words.hpp>

namespace rondo {

TaskGroup::~TaskGroup() {
  while (GroupChild* child = children_.front()) {
    child->withdraw();
    child->Link<GroupListTag>::unlink();
    delete child;
  }
}

void TaskGroup::enter() {
  if (state_ != machines::group::State::created) throw RuntimeError("the TaskGroup has already been entered");
  running_kernel("task_group");
  TaskCore* task = thread_slot.task;
  if (!task) throw RuntimeError("task_group: must be used inside a task");
  parent_ = Ref<TaskCore>(*task);
  fire<machines::group::Event::enter>(*this);
}

void TaskGroup::check_open() const {
  using machines::group::State;
  if (parent_ && thread_slot.kernel != &parent_->kernel()) {
    throw RuntimeError(thread_slot.kernel ? "create_task: the TaskGroup is of another loop"
                                          : "create_task: no loop runs on this thread");
  }
  if (state_ == State::open || (state_ == State::draining && has_children())) return;
  if (state_ == State::created) throw RuntimeError("create_task: the TaskGroup has not been entered");
  const bool ends = aborting() && (state_ == State::aborting || has_children());
  throw RuntimeError(ends ? "create_task: the TaskGroup is shutting down" : "create_task: the TaskGroup is finished");
}

void TaskGroup::adopt(TaskCore& task) {
  auto* child = new GroupChild(*this, task);
  children_.push_back(*child);
  task.add_waiter(*child);
}

void GroupChild::done() { group->child_done(*this); }

void TaskGroup::child_done(GroupChild& child) {
  const Ref<TaskCore> task = child.task;
  child.Link<GroupListTag>::unlink();
  delete &child;
  if (waiting_ && children_.empty()) parent_->kernel().wake(*waiting_);
  if (task->was_cancelled() || task->state() == machines::future::State::returned) return;
  std::exception_ptr error = task->retrieve();
  if (is_keyboard_interrupt(error)) {
    if (!interrupt_) interrupt_ = error;
  } else {
    failures_.push_back({error, story_of(*task)});
  }
  if (parent_->done()) {
    parent_->kernel().report(
        {"a child of a task group failed after its parent was done", error, task->name(), stack_of(*task)});
    return;
  }
  if (!aborting()) fire<machines::group::Event::fail>(*this);
}

void TaskGroup::perform(machines::group::Do effect) {
  using machines::group::Do;
  switch (effect) {
    case Do::cancel_children:
      return cancel_children();
    case Do::cancel_all:
      cancel_children();
      static_cast<FutureCore&>(*parent_).cancel(Message());
      break;
    case Do::nothing:
      break;
  }
}

void TaskGroup::cancel_children() {
  const Message message;
  Kernel::Cancellation cancellation(parent_->kernel(), message, Kernel::Cancellation::Several());
  for (GroupChild* child = children_.front(); child; child = children_.after(*child)) {
    if (!child->task->done()) cancellation.ask(*child->task);
  }
}

void TaskGroup::leave(std::exception_ptr error, bool cancelled) {
  if (state_ != machines::group::State::open && state_ != machines::group::State::aborting) {
    throw RuntimeError(state_ == machines::group::State::created ? "leave: the TaskGroup has not been entered"
                                                       : "leave: the TaskGroup was left before");
  }
  fire<machines::group::Event::leave>(*this);
  if (!error) return;
  const bool interrupted = !cancelled && is_keyboard_interrupt(error);
  if (interrupted && interrupt_) return;  // the first counts
  if (!cancelled && !interrupted) body_failure_.story = story_of(*parent_, error);
  (cancelled ? cancellation_ : interrupted ? interrupt_ : body_failure_.error) = std::move(error);
  if (!aborting()) fire<machines::group::Event::abort>(*this);
}

void TaskGroup::interrupted(std::exception_ptr error) {
  if (aborting()) return;
  cancellation_ = std::move(error);
  fire<machines::group::Event::abort>(*this);
}

void TaskGroup::close() {
  if (!children_.empty()) throw RuntimeError("close: the TaskGroup still has children; wait for them with join()");
  using machines::group::State;
  if (state_ != State::draining && state_ != State::ending && state_ != State::failing) {
    throw RuntimeError("close: the TaskGroup has not been left, or is closed already");
  }
  const bool asked_parent = state_ == State::failing;
  fire<machines::group::Event::close>(*this);
  if (asked_parent && parent_->uncancel() == 0) cancellation_ = nullptr;
  if (interrupt_) std::rethrow_exception(interrupt_);
  if (cancellation_ && failures_.empty()) std::rethrow_exception(cancellation_);
  if (body_failure_.error) failures_.push_back(std::move(body_failure_));
  if (failures_.empty()) return;
  if (parent_->cancelling() > 0) {  // asked to end from outside as well: that comes at the next suspension
    parent_->uncancel();
    static_cast<FutureCore&>(*parent_).cancel(Message());
  }
  throw_failures();
}

void TaskGroup::throw_failures() {
  std::vector<std::exception_ptr> errors;
  std::vector<AwaitStack> stacks;
  for (Failure& failure : failures_) {
    errors.push_back(std::move(failure.error));
    stacks.push_back(failure.story.places());
  }
  throw ExceptionGroup("unhandled errors in a TaskGroup", std::move(errors), std::move(stacks));
}

/// The wait for the children: ends when the last is done, or with a cancellation.
class GroupCompletion : public Parking {
 public:
  explicit GroupCompletion(TaskGroup& group) : Parking(&waits), group_(group) { group_.waiting_ = this; }
  ~GroupCompletion() { group_.waiting_ = nullptr; }

 private:
  static WaitWords waits(const Parking&) { return "waits for the children of its TaskGroup"; }
  TaskGroup& group_;
};

Coro<void> join(TaskGroup& group) {
  while (group.has_children()) {
    GroupCompletion completion(group);
    auto outcome = co_await unnoted(as_outcome(WaitAt(completion)));
    if (outcome.cancelled()) group.interrupted(outcome.exception());
  }
  group.close();
}

template struct NoArrow<machines::group::Event>;

}  // namespace rondo
