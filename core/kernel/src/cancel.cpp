// SPDX-License-Identifier: BSL-1.0
// cancel.cpp - how a request to cancel travels, without recursion.
//
// A waiting task hands the request to what it waits for: a task hands it on, a fork (a gather) hands it to every child,
// anything else is cancelled on the spot. If the end of the way refuses (it is done already), the task in front of it
// notes the request and says yes. asyncio does this by calling itself; chains here may be a million tasks long, so the
// walk keeps its way back in the forks it passes (Fork::Walk).
//
// Tasks that wait for each other in a circle would send the request round for ever. A circle is looked for before
// anything is changed, and the first task is then taken out of its wait instead: it is the only one that can be woken.
//
// Several requests at once, or one through a gather, may come to the same task by many ways, and asyncio walks each of
// them to its end: a row of n tasks that are all asked costs n * n. A second walk changes nothing there but the counts
// of requests, and that a task whose wait is done by then notes the message; a gather notes at the first walk what it
// would answer to a second. So a walk stops where one has been, and what is left is made up for afterwards: how many
// ways lead to a task is the sum of the ways to those that wait for it, taken in their order. Source: Task.cancel and
// _GatheringFuture.cancel, CPython 3.13 Lib/asyncio/tasks.py.
#include <rondo/kernel/cancellation.hpp>

#include <rondo/kernel/fork.hpp>

namespace rondo {
namespace {

TaskCore* waiting_task(Waitable* waitable) {
  if (!waitable || waitable->kind() != WaitableKind::task) return nullptr;
  auto* task = static_cast<TaskCore*>(static_cast<FutureCore*>(waitable));
  return task->is(machines::task::State::waiting) ? task : nullptr;
}

/// Takes a task out of its wait; the next step throws CancelledError there.
void interrupt(TaskCore& task, const Message& message) {
  fire<machines::task::Event::interrupt>(task, &message);
}

/// What the task waits for is done already: the task keeps the request for its next step.
void note_refusal(TaskCore& task, const Message& message) { fire<machines::task::Event::refuse>(task, &message); }

/// Whether what has been asked takes a second request, too: a future is done now.
bool takes_another(const Waitable& asked) {
  return asked.pending() &&
         (asked.kind() != WaitableKind::fork || static_cast<const Fork&>(asked).walk.again);
}

std::uint32_t sum(std::uint32_t a, std::uint32_t b) { return a + b < a ? UINT32_MAX : a + b; }

}  // namespace

bool Kernel::cancel(Waitable& first, const Message& message) {
  Cancellation cancellation(*this, message);
  return cancellation.ask(first);
}

Kernel::Cancellation::~Cancellation() {
  if (again_) count_ways();
}

// --- where a walk has been -------------------------------------------------------------------------------------------

void Kernel::Cancellation::begin_marks() {
  marking_ = true;
  base_ = kernel_.stamps_;
}

/// Without memory nothing is marked any more, and every way is walked to its end.
void Kernel::Cancellation::mark(FutureCore& future, std::uint32_t own) noexcept {
  if (!marking_) return;
  try {
    marked_.push_back({&future, own, 0});
    future.stamp_ = ++kernel_.stamps_;
  } catch (...) {
    marking_ = again_ = false;
    marked_.clear();
  }
}

bool Kernel::Cancellation::is_marked(const Waitable& waitable) const {
  return marking_ && waitable.is_future() && static_cast<const FutureCore&>(waitable).stamp_ > base_;
}

Kernel::Cancellation::Mark& Kernel::Cancellation::mark_of(const Waitable& waitable) {
  return marked_[static_cast<const FutureCore&>(waitable).stamp_ - base_ - 1];
}

// --- the walk --------------------------------------------------------------------------------------------------------

bool Kernel::Cancellation::ask(Waitable& first) {
  if (is_marked(first) && first.pending()) {
    again_ = true;
    ++mark_of(first).own;
    return takes_another(first);
  }
  own_ = 1;
  Waitable* at = &first;
  for (;;) {
    bool answer = go_down(*at);
    if (asked_ && !answer) {
      note_refusal(*asked_, message_);
      answer = true;
    }
    at = go_up(answer);
    if (!at) return answer;
  }
}

Waitable* Kernel::Cancellation::follow(Waitable* waitable) const {
  TaskCore* task = waiting_task(waitable);
  return task && !is_marked(*waitable) ? task->awaiting() : nullptr;
}

/// Floyd's tortoise and hare along "waits for".
bool Kernel::Cancellation::ends_in_circle(Waitable* first) const {
  Waitable* slow = first;
  Waitable* fast = first;
  while ((fast = follow(fast)) && (fast = follow(fast))) {
    slow = follow(slow);
    if (slow == fast) return true;
  }
  return false;
}

/// Along waiting tasks to something else; says whether that, or the last task, takes the request. A gather is entered,
/// and nobody has answered yet.
bool Kernel::Cancellation::go_down(Waitable& from) {
  asked_ = nullptr;
  const bool circle = waiting_task(&from) && ends_in_circle(&from);
  Waitable* at = &from;
  while (at->kind() == WaitableKind::task && at->pending()) {
    auto& task = static_cast<TaskCore&>(static_cast<FutureCore&>(*at));
    if (is_marked(task)) {
      again_ = true;
      return true;
    }
    mark(task, std::exchange(own_, 0));
    task.cancel_requests_ = sum(task.cancel_requests_, 1);
    if (circle) {
      interrupt(task, message_);
      return true;
    }
    fire<machines::task::Event::cancel>(task, &message_);
    if (!task.is(machines::task::State::waiting)) return true;
    asked_ = &task;
    at = task.awaiting();
  }
  if (at->kind() == WaitableKind::fork && at->pending()) return enter(static_cast<Fork&>(*at));
  return end_at(*at);
}

bool Kernel::Cancellation::enter(Fork& fork) {
  if (fork.walk.active) {  // a circle through a gather
    if (asked_) interrupt(*asked_, message_);
    return asked_ != nullptr;
  }
  if (is_marked(fork)) {
    again_ = true;
    return fork.walk.again;
  }
  if (!marking_ && !fork_) {
    begin_marks();
    own_ = 1;  // who leads here was not marked
  }
  mark(fork, std::exchange(own_, 0));
  fork.walk = {fork_, asked_, 0, true, false, false};
  fork_ = &fork;
  asked_ = nullptr;
  return false;
}

/// Something that neither waits nor forks.
bool Kernel::Cancellation::end_at(Waitable& at) {
  const bool answer = at.pending();
  if (at.is_future()) {
    auto& future = static_cast<FutureCore&>(at);
    if (answer) future.message_ = message_;
    fire<machines::future::Event::cancel>(future);
    return answer;
  }
  auto& parking = static_cast<Parking&>(at);
  if (answer) {
    parking.message_ = message_;
    parking.task_->deliveries_ |= TaskCore::deliver_wait;
  }
  if (at.kind() == WaitableKind::lent_operation && answer) {
    kernel_.operations_.cancel(static_cast<Operation&>(parking));  // the task goes on when nobody holds its memory
  } else {
    fire<machines::future::Event::cancel>(parking);
  }
  return answer;
}

/// The child that was asked last has answered. A future that was pending is done now and would refuse a second request.
void Kernel::Cancellation::note_answer(Fork& fork, bool answer) {
  FutureCore& child = fork.child(fork.walk.children_asked - 1);
  fork.walk.any |= answer;
  fork.walk.again |= takes_another(child);
}

/// To the next child of the nearest fork that has one; null where there is none, and `answer` is the first one's.
Waitable* Kernel::Cancellation::go_up(bool& answer) {
  while (fork_) {
    Fork& fork = *fork_;
    if (fork.walk.children_asked > 0) note_answer(fork, answer);
    if (fork.walk.children_asked < fork.positions()) return &fork.child(fork.walk.children_asked++);
    answer = fork.walk.any;
    fork.cancel_requested |= answer;
    fork.walk.active = false;
    fork_ = fork.walk.above;
    if (!answer && fork.walk.from) {
      note_refusal(*fork.walk.from, message_);
      answer = true;
    }
  }
  return nullptr;
}

// --- the counts ------------------------------------------------------------------------------------------------------

/// Calls `function(mark)` for each that a request is handed to by `mark`.
template <class F>
void Kernel::Cancellation::for_each_next(const Mark& mark, F function) {
  if (mark.future->kind() == WaitableKind::task) {
    Waitable* const next = waiting_task(mark.future) ? static_cast<TaskCore*>(mark.future)->awaiting() : nullptr;
    if (next && next->pending() && is_marked(*next)) function(mark_of(*next));
    return;
  }
  const auto& fork = static_cast<const Fork&>(*mark.future);
  for (std::uint32_t i = 0; i < fork.positions(); ++i) {
    FutureCore& child = fork.child(i);
    if (child.pending() && is_marked(child)) function(mark_of(child));
  }
}

/// Requests that were cut short here. What the task waits for would refuse them, if that is done by now.
void Kernel::Cancellation::ask_again(TaskCore& task, std::uint32_t requests) {
  task.cancel_requests_ = sum(task.cancel_requests_, requests);
  const Waitable* const next = waiting_task(&task) ? task.awaiting() : nullptr;
  if (!next) {
    fire<machines::task::Event::cancel>(task, &message_);
  } else if (!takes_another(*next)) {
    note_refusal(task, message_);
  }
}

void Kernel::Cancellation::count_ways() {
  for (const Mark& mark : marked_) {
    for_each_next(mark, [](Mark& next) { ++next.before; });
  }
  std::uint32_t first = UINT32_MAX;  // of those whose ways are all known: a list through them
  for (std::uint32_t i = 0; i < marked_.size(); ++i) {
    if (marked_[i].before > 0) continue;
    marked_[i].before = first;
    first = i;
  }
  while (first != UINT32_MAX) {
    const Mark& mark = marked_[first];
    first = mark.before;
    if (mark.future->kind() == WaitableKind::task) {
      auto& task = static_cast<TaskCore&>(*mark.future);
      if (mark.own > 1) ask_again(task, mark.own - 1);
    }
    for_each_next(mark, [&](Mark& next) {
      next.own = sum(next.own, mark.own);
      if (--next.before > 0) return;
      next.before = first;
      first = static_cast<std::uint32_t>(&next - marked_.data());
    });
  }
}

}  // namespace rondo
