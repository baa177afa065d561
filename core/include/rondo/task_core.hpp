// SPDX-License-Identifier: BSL-1.0
// task_core.hpp - the part of a task that knows no value type: its place in the queue, its cancellation, its context.
//
// A task is the root frame of its coroutine (coro.hpp): TaskCore lies inside that frame and comes to life when
// create_task() makes a task of it. The first line of memory holds all that a step touches.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/context.hpp>
#include <rondo/frame_core.hpp>
#include <rondo/future_core.hpp>
#include <rondo/machines/task.hpp>
#include <rondo/time.hpp>

namespace rondo {

/// The entry of a task, with what must be at hand when it is resumed.
class TaskEntry : public Entry {
 public:
  TaskEntry(EntryKind kind, FrameCore* root) : Entry(kind), innermost_(root) {}
  task::State& state_in(const decltype(task::diagram)&) { return task_state_; }
  task::State task_state() const { return task_state_; }

 protected:
  task::State task_state_ = task::State::scheduled;
  bool must_cancel_ = false;  // a cancellation is noted and not delivered
  bool started_ = false;
  bool outlives_frame_ = false;
  std::uint8_t deliveries_ = 0;  // what the await that is resumed now must throw
  union {
    FrameCore* innermost_;  // what a step resumes
    void* kept_memory_;     // once the frame is gone
  };
};

struct TaskListTag;

class TaskCore : public TaskEntry, public FutureCore, public Link<TaskListTag> {
 public:
  /// What is seldom needed: a name, and how the last error came up through the frames.
  struct Details {
    std::string name;
    std::exception_ptr error;
    std::vector<Place> await_stack;
  };

  TaskCore(EntryKind kind, Kernel& kernel, FrameCore* root, ResultCore& result, Context context, std::string_view name,
           Place created);
  ~TaskCore();

  std::uint32_t cancelling() const { return cancel_requests_; }
  std::uint32_t uncancel();
  bool must_cancel() const { return must_cancel_; }
  std::string name() const;
  bool has_name() const { return details_ && !details_->name.empty(); }
  void set_name(std::string_view name);
  Place created() const { return {created_file_, created_line_}; }
  Instant since() const { return since_; }
  Waitable* awaiting() const { return awaiting_; }
  FrameCore* innermost() const { return innermost_; }
  Context& context() { return context_; }
  bool started() const { return started_; }
  /// True once the loop has destroyed the coroutine around this task.
  bool outlives_frame() const { return outlives_frame_; }
  const Details* details() const { return details_.get(); }
  Details& make_details();

  using TaskEntry::state_in;
  using FutureCore::state_in;
  using FutureCore::perform;
  void perform(task::Do effect);
  void perform(task::Do effect, const Message& message);

  /// What the await that is resumed must throw instead of giving what it waited for.
  static constexpr std::uint8_t deliver_cancel = 1;
  static constexpr std::uint8_t deliver_misuse = 2;  // the task awaited itself, or a future of another loop
  std::uint8_t deliveries() const { return deliveries_; }
  std::uint8_t take_deliveries() {
    const std::uint8_t taken = deliveries_;
    deliveries_ = 0;
    return taken;
  }
  bool take_cancel() { return take_deliveries() != 0; }

  /// An error passes through a frame of this task: notes the place (coroutine frames call it from unhandled_exception).
  void note_error(const std::exception_ptr& error, Place place) noexcept;

 private:
  friend Kernel;
  friend FutureCore;
  friend class Loop;
  void perform_rare(task::Do effect);

  union {
    Waitable* awaiting_ = nullptr;
    std::size_t kept_size_;  // once the frame is gone
  };
  Context context_;
  Instant since_;
  std::unique_ptr<Details> details_;
  const char* created_file_;
  std::uint32_t created_line_;
  std::uint32_t cancel_requests_ = 0;
};

}  // namespace rondo
