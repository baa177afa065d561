// SPDX-License-Identifier: BSL-1.0
// dump.cpp - the words for tasks, futures and what they wait for.
#include <rondo/dump.hpp>

#include <algorithm>
#include <vector>

#include <rondo/gather_core.hpp>
#include <rondo/loop.hpp>
#include <rondo/endpoint.hpp>
#include <rondo/queue_core.hpp>
#include <rondo/stream_core.hpp>

namespace rondo {

std::string describe(Place place) {
  std::string_view file = place.file;
  if (const auto slash = file.rfind('/'); slash != std::string_view::npos) file.remove_prefix(slash + 1);
  if (file.empty()) return "?";
  return std::string(file) + ":" + std::to_string(place.line);
}

std::string describe(const FutureCore& future) {
  if (future.kind() == WaitableKind::task) {
    const auto& task = static_cast<const TaskCore&>(future);
    return "Task '" + task.name() + "' (made at " + describe(task.created()) + ")";
  }
  const auto& block = static_cast<const FutureBlock&>(future);
  const char* what = future.kind() == WaitableKind::gather ? "gather " : "Future ";
  return what + std::to_string(future.id()) + " (made at " + describe(block.created()) + ")";
}

std::string describe(const CallCore& call) { return "callback (made at " + describe(call.created()) + ")"; }

std::string describe(const Output& output) {
  const std::string handle = std::to_string(output.handle);
  switch (output.kind) {
    case OperationKind::readable:
      return "descriptor " + handle + " to be readable";
    case OperationKind::writable:
      return "descriptor " + handle + " to be writable";
    case OperationKind::signal:
      return "signal " + handle;
    case OperationKind::job:
      return "a job on an executor";
    case OperationKind::connect:
      return "a connection to " + output.endpoint->remote.str();
    case OperationKind::listen:
      return "a listener at " + output.endpoint->local.str();
    case OperationKind::open_datagram:
      return "a datagram socket";
    case OperationKind::accept:
      return "the next connection of listener " + handle;
    case OperationKind::recv:
      return "bytes from socket " + handle;
    case OperationKind::send:
      return "socket " + handle + " to take bytes";
    case OperationKind::recv_from:
      return "a datagram from socket " + handle;
    case OperationKind::send_to:
      return "socket " + handle + " to take a datagram";
    case OperationKind::shutdown:
    case OperationKind::close:
      return "socket " + handle + " to close";
    case OperationKind::resolve:
      return "the addresses of '" + output.lookup->host + "'";
  }
  return "an operation of the backend";
}

namespace {

TaskCore* awaited_task(const TaskCore& task) {
  if (task.task_state() != task::State::waiting || !task.awaiting()) return nullptr;
  if (task.awaiting()->kind() != WaitableKind::task) return nullptr;
  return static_cast<TaskCore*>(static_cast<FutureCore*>(task.awaiting()));
}

std::string waits_for(const TaskCore& task) {
  if (task.task_state() == task::State::scheduled) return task.started() ? "is ready to go on" : "has not started";
  if (task.task_state() == task::State::running) return "is running";
  const Waitable* target = task.awaiting();
  switch (target->kind()) {
    case WaitableKind::sleep:
      return "sleeps";
    case WaitableKind::wait:
      return "is in wait()";
    case WaitableKind::group:
      return "waits for the children of its TaskGroup";
    case WaitableKind::completion:
      return "waits for the next of as_completed()";
    case WaitableKind::operation:
    case WaitableKind::lent_operation: {
      const auto& operation = static_cast<const Operation&>(static_cast<const Parking&>(*target));
      if (!operation.in_flight()) return "goes on soon: its operation is done";
      return "waits for " + describe(task.kernel().operations().output_of(operation));
    }
    case WaitableKind::stream:
      return static_cast<const StreamWait*>(target)->describe();
    case WaitableKind::primitive: {
      const SyncPrimitive* primitive = static_cast<const Waiter*>(target)->primitive();
      return "waits for " + (primitive ? primitive->describe(task.kernel()) : "something that is gone");
    }
    case WaitableKind::queue: {
      const QueueWaiter& waiter = *static_cast<const QueueWait*>(target)->waiter;
      const char* what = waiter.what() == QueueWaiter::For::item ? "waits for an item of " : "waits for room in ";
      return what + (waiter.queue() ? waiter.queue()->describe(task.kernel()) : "a queue that is gone");
    }
    default:
      return "awaits " + describe(static_cast<const FutureCore&>(*target));
  }
}

std::string awaits(const TaskCore& task) {
  std::string text;
  if (!task.started()) return text;
  for (FrameCore* frame = task.innermost(); frame; frame = frame->parent()) {
    if (frame->line == 0) continue;
    text += (text.empty() ? " at " : " < ") + describe(frame->place());
  }
  return text;
}

class Dump {
 public:
  explicit Dump(Kernel& kernel) {
    for (TaskCore* task = kernel.tasks().front(); task; task = kernel.tasks().after(*task)) tasks_.push_back(task);
    listed_.resize(tasks_.size());
  }

  std::string text() {
    std::string text = std::to_string(tasks_.size()) + (tasks_.size() == 1 ? " task:\n" : " tasks:\n");
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      if (!listed_[i] && !awaited_task(*tasks_[i])) add(text, i);
    }
    for (std::size_t i = 0; i < tasks_.size(); ++i) {  // what is left waits in circles, or for those that do
      if (listed_[i]) continue;
      const std::string circle = circle_from(i);
      if (circle.empty()) continue;
      text += "  in a circle: " + circle + "\n";
      add(text, i);
    }
    return text;
  }

 private:
  void line(std::string& text, std::size_t at, std::size_t depth) {
    const TaskCore& task = *tasks_[at];
    listed_[at] = true;
    text += std::string(2 + 2 * depth, ' ') + describe(static_cast<const FutureCore&>(task)) + " " + waits_for(task) +
            awaits(task) + ", since " + std::to_string(task.since().time_since_epoch().count() / 1000) + " us\n";
  }

  /// A task and below it those that await it, with a stack of its own: chains may be long.
  void add(std::string& text, std::size_t root) {
    std::vector<std::pair<std::size_t, std::size_t>> todo{{root, 0}};
    while (!todo.empty()) {
      const auto [at, depth] = todo.back();
      todo.pop_back();
      if (listed_[at]) continue;
      line(text, at, std::min<std::size_t>(depth, 20));
      for (std::size_t i = tasks_.size(); i-- > 0;) {
        if (!listed_[i] && awaited_task(*tasks_[i]) == tasks_[at]) todo.emplace_back(i, depth + 1);
      }
    }
  }

  std::string circle_from(std::size_t at) const {
    const TaskCore* first = tasks_[at];
    std::string names = first->name();
    std::size_t steps = 0;
    for (const TaskCore* task = awaited_task(*first); task && steps++ <= tasks_.size(); task = awaited_task(*task)) {
      names += " -> " + task->name();
      if (task == first) return names;
    }
    return {};
  }

  std::vector<TaskCore*> tasks_;
  std::vector<bool> listed_;
};

}  // namespace

std::string dump_tasks(Loop& loop) { return Dump(loop.kernel()).text(); }

std::string dump_tasks() { return dump_tasks(this_loop()); }

}  // namespace rondo
