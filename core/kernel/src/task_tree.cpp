// SPDX-License-Identifier: BSL-1.0
// task_tree.cpp - a forest of tasks in text, with circles told apart.
#include <rondo/kernel/task_tree.hpp>

#include <algorithm>
#include <utility>
#include <vector>

#include <rondo/kernel/text.hpp>
#include <rondo/kernel/words.hpp>

namespace rondo {
namespace {

TaskCore* awaited_task(const TaskCore& task) {
  if (!task.is(machines::task::State::waiting) || !task.awaiting()) return nullptr;
  if (task.awaiting()->kind() != WaitableKind::task) return nullptr;
  return static_cast<TaskCore*>(static_cast<FutureCore*>(task.awaiting()));
}

/// The task that must go on before this one can; null if that is not one task.
TaskCore* blocking_task(Kernel& kernel, const TaskCore& task) {
  if (TaskCore* awaited = awaited_task(task)) return &awaited->kernel() == &kernel ? awaited : nullptr;
  if (!task.is(machines::task::State::waiting) || !task.awaiting() || task.awaiting()->is_future()) return nullptr;
  const std::uint32_t holder = static_cast<const Parking&>(*task.awaiting()).describe().holder;
  return holder != 0 ? kernel.find_task(holder) : nullptr;
}

void append_wait(std::string& text, const TaskCore& task) {
  if (!task.started()) return append(text, {"has not started"});
  if (task.is(machines::task::State::scheduled)) return append(text, {"is ready to go on"});
  if (task.is(machines::task::State::running)) return append(text, {"is running"});
  const Waitable& target = *task.awaiting();
  if (target.is_future()) return append(text, {"awaits ", static_cast<const FutureCore&>(target)});
  append(text, {static_cast<const Parking&>(target).describe().text});
}

/// Where it stands. A running task stands nowhere: what it has awaited last may be gone.
void append_places(std::string& text, const TaskCore& task) {
  if (!task.started() || task.is(machines::task::State::running)) return;
  Story story;
  for (FrameCore* frame = task.innermost(); frame; frame = frame->parent()) {
    if (frame->at) story.add(frame->at);
  }
  if (!story.empty()) append(text, {" at ", story.places()});
}

/// Linear in the tasks; each notes its place here in its stamp.
class Tree {
 public:
  Tree(Kernel& kernel, std::size_t most) : base_(kernel.next_stamp()), most_(most) {
    for (TaskCore* task = kernel.tasks().front(); task; task = kernel.tasks().after(*task)) {
      nodes_.push_back({task, nobody, nobody, nobody, nobody, 0, false, false});
      task->take_stamp(kernel.next_stamp());
    }
    for (std::size_t i = nodes_.size(); i-- > 0;) {
      if (const TaskCore* blocker = blocking_task(kernel, *nodes_[i].task)) nodes_[i].blocker = index_of(*blocker);
      const TaskCore* target = awaited_task(*nodes_[i].task);
      if (!target || &target->kernel() != &kernel) continue;
      Node& node = nodes_[index_of(*target)];
      nodes_[i].target = index_of(*target);
      nodes_[i].next = node.awaiter;  // the oldest comes first
      node.awaiter = i;
    }
  }

  std::string text() {
    append(text_, {nodes_.size(), nodes_.size() == 1 ? " task:\n" : " tasks:\n"});
    find_circles();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].target == nobody && !nodes_[i].in_circle) add(i);
    }
    for (std::size_t i = 0; i < nodes_.size() && lines_ < most_; ++i) {  // what is left waits in them, or for who does
      if (nodes_[i].listed || !nodes_[i].begins_circle) continue;
      append_names(i);
      add(i);
      for (std::size_t at = nodes_[i].blocker; at != i; at = nodes_[at].blocker) add(at);  // those that wait for a lock
    }
    if (lines_ < nodes_.size()) append(text_, {"  ... ", nodes_.size() - lines_, " more tasks\n"});
    return std::move(text_);
  }

 private:
  static constexpr std::size_t nobody = SIZE_MAX;
  static constexpr std::size_t most_names = 16;
  static constexpr std::size_t most_indents = 20;
  static constexpr std::string_view indents = "                                          ";
  static_assert(indents.size() == 2 + 2 * most_indents);
  struct Node {
    TaskCore* task;
    std::size_t blocker;  // the task that must go on before: the one that it awaits, or the holder of a lock
    std::size_t target;   // the task that it awaits
    std::size_t awaiter;  // the first of those that await it
    std::size_t next;     // another one that awaits the same
    std::size_t walk;     // of find_circles(), from 1 on
    bool listed;
    bool begins_circle;
    bool in_circle = false;
  };

  std::size_t index_of(const TaskCore& task) const { return static_cast<std::size_t>(task.stamp() - base_ - 1); }

  void line(std::size_t at, std::size_t depth) {
    const TaskCore& task = *nodes_[at].task;
    nodes_[at].listed = true;
    ++lines_;
    append(text_, {indents.substr(0, 2 + 2 * depth), task, " "});
    append_wait(text_, task);
    append_places(text_, task);
    append(text_, {", since ", task.since().time_since_epoch().count() / 1000, " us\n"});
  }

  /// A task and below it those that await it: down to the first, on to the next, up to whom they await. Chains may be
  /// long.
  void add(std::size_t root) {
    std::size_t at = root;
    for (std::size_t depth = 0; lines_ < most_;) {
      if (!nodes_[at].listed) {
        line(at, std::min(depth, most_indents));
        if (nodes_[at].awaiter != nobody) {
          at = nodes_[at].awaiter;
          ++depth;
          continue;
        }
      }
      for (; depth > 0 && nodes_[at].next == nobody; --depth) at = nodes_[at].target;
      if (depth == 0) return;
      at = nodes_[at].next;
    }
  }

  /// Follows each task to where a walk has been before; a walk that meets itself has found a circle.
  void find_circles() {
    std::size_t walk = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      ++walk;
      std::size_t at = i;
      while (at != nobody && nodes_[at].walk == 0) {
        nodes_[at].walk = walk;
        at = nodes_[at].blocker;
      }
      if (at == nobody || nodes_[at].walk != walk) continue;
      std::size_t oldest = at;
      nodes_[at].in_circle = true;
      for (std::size_t member = nodes_[at].blocker; member != at; member = nodes_[member].blocker) {
        nodes_[member].in_circle = true;
        oldest = std::min(oldest, member);
      }
      nodes_[oldest].begins_circle = true;
    }
  }

  void append_names(std::size_t first) {
    append(text_, {"  in a circle: "});
    std::size_t count = 0;
    std::size_t at = first;
    do {
      if (count++ < most_names) append(text_, {nodes_[at].task->name(), " -> "});
      at = nodes_[at].blocker;
    } while (at != first);
    if (count > most_names) append(text_, {"... (", count - most_names, " more) -> "});
    append(text_, {nodes_[first].task->name(), "\n"});
  }

  std::uint64_t base_;
  std::size_t most_;
  std::size_t lines_ = 0;
  std::vector<Node> nodes_;
  std::string text_;
};

}  // namespace

std::string task_tree(Kernel& kernel, std::size_t most) { return Tree(kernel, most).text(); }

}  // namespace rondo
