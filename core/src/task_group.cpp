// SPDX-License-Identifier: BSL-1.0
// task_group.cpp - children, errors, and who cancels whom.
#include <rondo/task_group.hpp>

#include <rondo/loop.hpp>

namespace rondo {

TaskGroup::~TaskGroup() {
  while (GroupChild* child = children_.front()) {
    if (child->Entry::linked()) child->Entry::unlink();
    child->Link<GroupListTag>::unlink();
    delete child;
  }
}

void TaskGroup::enter() {
  if (state_ != group::State::created) throw RuntimeError("the TaskGroup has already been entered");
  TaskCore* task = running_kernel("task_group").current();
  if (!task) throw RuntimeError("task_group: must be used inside a task");
  parent_ = Ref<TaskCore>(*task);
  fire<group::diagram, group::Event::enter>(*this);
}

void TaskGroup::check_open() const {
  switch (state_) {
    case group::State::created:
      throw RuntimeError("create_task: the TaskGroup has not been entered");
    case group::State::open:
      return;
    case group::State::draining:
      if (!children_.empty()) return;
      [[fallthrough]];
    case group::State::finished:
      throw RuntimeError("create_task: the TaskGroup is finished");
    default:
      throw RuntimeError(children_.empty() && state_ == group::State::ending
                             ? "create_task: the TaskGroup is finished"
                             : "create_task: the TaskGroup is shutting down");
  }
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
  if (task->was_cancelled() || task->state() == future::State::returned) return;
  std::exception_ptr error = task->retrieve();
  errors_.push_back(error);
  if (parent_->done()) {
    parent_->kernel().loop().call_exception_handler(
        {"a child of a task group failed after its parent was done", error, task->name()});
    return;
  }
  if (!aborting() && !asked_parent_) {
    fire<group::diagram, group::Event::abort>(*this);
    asked_parent_ = true;
    static_cast<FutureCore&>(*parent_).cancel(Message());
  }
}

void TaskGroup::perform(group::Do effect) {
  if (effect != group::Do::cancel_children) return;
  for (GroupChild* child = children_.front(); child; child = children_.after(*child)) {
    if (!child->task->done()) static_cast<FutureCore&>(*child->task).cancel(Message());
  }
}

void TaskGroup::leave(std::exception_ptr error, bool cancelled) {
  fire<group::diagram, group::Event::leave>(*this);
  if (!error) return;
  (cancelled ? cancellation_ : body_error_) = std::move(error);
  if (!aborting()) fire<group::diagram, group::Event::abort>(*this);
}

void TaskGroup::interrupted(std::exception_ptr error) {
  if (aborting()) return;
  cancellation_ = std::move(error);
  fire<group::diagram, group::Event::abort>(*this);
}

void TaskGroup::close() {
  fire<group::diagram, group::Event::close>(*this);
  if (asked_parent_ && parent_->uncancel() == 0) cancellation_ = nullptr;
  if (cancellation_ && errors_.empty()) std::rethrow_exception(cancellation_);
  if (body_error_) errors_.push_back(body_error_);
  if (errors_.empty()) return;
  if (parent_->cancelling() > 0) {  // asked to end from outside as well: that comes at the next suspension
    parent_->uncancel();
    static_cast<FutureCore&>(*parent_).cancel(Message());
  }
  throw ExceptionGroup("unhandled errors in a TaskGroup", std::move(errors_));
}

/// The wait for the children: ends when the last is done, or with a cancellation.
class GroupCompletion : public Awaiter, private Parking {
 public:
  using value_type = void;
  explicit GroupCompletion(TaskGroup& group) : Parking(WaitableKind::group), group_(group) { group_.waiting_ = this; }
  ~GroupCompletion() { group_.waiting_ = nullptr; }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    suspend(frame_of(handle), static_cast<Parking&>(*this));
  }
  void await_resume() { check_delivery(); }
  Outcome<void> outcome() {
    if (auto cancelled = pending_cancel()) {
      return Outcome<void>::of_cancelled(std::move(*cancelled));
    }
    return Outcome<void>::of_value({});
  }

 private:
  TaskGroup& group_;
};

namespace {

class NextCompletion {
 public:
  explicit NextCompletion(TaskGroup& group) : group_(&group) {}
  GroupCompletion operator co_await() const { return GroupCompletion(*group_); }

 private:
  TaskGroup* group_;
};

}  // namespace

Coro<void> join(TaskGroup& group) {
  while (group.has_children()) {
    auto outcome = co_await as_outcome(NextCompletion(group));
    if (outcome.cancelled()) group.interrupted(outcome.exception());
  }
  group.close();
}

}  // namespace rondo
