// SPDX-License-Identifier: BSL-1.0
// cancel.cpp - how a request to cancel travels, without recursion.
//
// A waiting task hands the request to what it waits for: a task hands it on, a gather hands it to every child, anything
// else is cancelled on the spot. If the end of the way refuses (it is done already), the task in front of it notes the
// request and says yes. asyncio does this by calling itself; chains here may be a million tasks long, so the walk
// keeps its way back in the gathers it passes (GatherCore::Walk), where alone the way forks.
//
// Tasks that wait for each other in a circle would send the request round for ever. A circle is looked for before
// anything is changed, and the first task is then taken out of its wait instead: it is the only one that can be woken.
// Source: Task.cancel and _GatheringFuture.cancel, CPython 3.13 Lib/asyncio/tasks.py.
#include <rondo/error.hpp>
#include <rondo/gather_core.hpp>
#include <rondo/kernel.hpp>

namespace rondo {
namespace {

TaskCore* waiting_task(Waitable* waitable) {
  if (!waitable || waitable->kind() != WaitableKind::task) return nullptr;
  auto* task = static_cast<TaskCore*>(static_cast<FutureCore*>(waitable));
  return task->task_state() == task::State::waiting ? task : nullptr;
}

Waitable* follow(Waitable* waitable) {
  TaskCore* task = waiting_task(waitable);
  return task ? task->awaiting() : nullptr;
}

/// Floyd's tortoise and hare along "waits for".
bool ends_in_circle(Waitable* first) {
  Waitable* slow = first;
  Waitable* fast = first;
  while ((fast = follow(fast)) && (fast = follow(fast))) {
    slow = follow(slow);
    if (slow == fast) return true;
  }
  return false;
}

/// Takes a task out of its wait; the next step throws CancelledError there.
void interrupt(TaskCore& task, const Message& message) {
  fire<task::diagram, task::Event::interrupt>(task, message);
}

/// What the task waits for is done already: the task keeps the request for its next step.
void note_refusal(TaskCore& task, const Message& message) { fire<task::diagram, task::Event::refuse>(task, message); }

}  // namespace

bool Kernel::cancel(Waitable& first, const Message& message) {
  GatherCore* fork = nullptr;  // the gather whose children are being asked
  Waitable* at = &first;
  for (;;) {
    // Down: along waiting tasks to something else.
    TaskCore* asked = nullptr;  // the last task on the way from the fork
    bool answer = false;
    bool down = true;
    const bool circle = waiting_task(at) && ends_in_circle(at);
    while (down) {
      down = false;
      if (at->kind() == WaitableKind::task && at->pending()) {
        auto& task = static_cast<TaskCore&>(static_cast<FutureCore&>(*at));
        ++task.cancel_requests_;
        answer = true;
        if (circle) {
          interrupt(task, message);
          break;
        }
        fire<task::diagram, task::Event::cancel>(task, message);
        if (task.task_state() == task::State::waiting) {
          asked = &task;
          at = task.awaiting();
          down = true;
        }
      } else if (at->kind() == WaitableKind::gather && at->pending()) {
        auto& gather = static_cast<GatherCore&>(*at);
        if (gather.walk.active) {  // a circle through a gather
          if (asked) interrupt(*asked, message);
          answer = asked != nullptr;
        } else {
          gather.walk = {fork, asked, 0, true, false};
          fork = &gather;
          asked = nullptr;
        }
      } else {
        answer = at->pending();
        if (at->is_future()) {
          auto& future = static_cast<FutureCore&>(*at);
          if (answer) future.message_ = message;
          fire<future::diagram, future::Event::cancel>(future);
        } else {
          auto& parking = static_cast<Parking&>(*at);
          if (answer) {
            parking.message_ = message;
            parking.task_->deliveries_ |= TaskCore::deliver_wait;
          }
          if (at->kind() == WaitableKind::lent_operation && answer) {
            operations_.cancel(static_cast<Operation&>(parking));  // the task goes on when nobody holds its memory
          } else {
            fire<future::diagram, future::Event::cancel>(parking);
          }
        }
      }
    }
    if (fork && fork->walk.next == 0) {
      answer = false;  // nobody has answered yet
    } else if (asked && !answer) {
      note_refusal(*asked, message);
      answer = true;
    }
    // Up: to the next child of the nearest fork that has one.
    for (;;) {
      if (!fork) return answer;
      fork->walk.any |= answer;
      if (fork->walk.next < fork->positions()) {
        at = &fork->child(fork->walk.next++);
        break;
      }
      GatherCore& gather = *fork;
      answer = gather.walk.any;
      gather.cancel_requested |= answer;
      gather.walk.active = false;
      fork = gather.walk.above;
      if (!answer && gather.walk.asked) {
        note_refusal(*gather.walk.asked, message);
        answer = true;
      }
    }
  }
}

}  // namespace rondo
