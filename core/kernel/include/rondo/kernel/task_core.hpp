// SPDX-License-Identifier: BSL-1.0
// task_core.hpp - the part of a task that knows no value type: its place in the queue, its cancellation, its context.
//
// A task is the root frame of its coroutine (coro.hpp): TaskCore lies in front of that frame, in the same block, and
// comes to life when create_task() makes a task of it. What a step touches is at its end, next to the frame.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <rondo/kernel/context.hpp>
#include <rondo/kernel/frame_core.hpp>
#include <rondo/kernel/future_core.hpp>
#include <rondo/kernel/story.hpp>
#include <rondo/machines/task.hpp>
#include <rondo/time.hpp>

namespace rondo {

/// What a step seldom touches: how the task came about, and what it is called.
class TaskNotes {
 public:
  /// What is seldom there: a name, and how the last error came up through the frames.
  struct Details {
    std::string name;
    std::exception_ptr error;
    Story story;
  };

 protected:
  TaskNotes(Context context, Place created) : context_(std::move(context)), created_(created) {}

  struct Delete {
    void operator()(Details* details) const noexcept;  // seldom there, so out of line
  };
  Context context_;
  std::unique_ptr<Details, Delete> details_;
  Place created_;
  std::uint32_t cancel_requests_ = 0;
  Instant since_;
};

/// The entry of a task, with what must be at hand when it is resumed.
class TaskEntry : public Entry {
 public:
  TaskEntry(EntryKind kind, std::uint32_t id, FrameCore* root) : Entry(kind), id_(id), innermost_(root) {}
  /// Whether it is in `state`, with or without a cancellation that is noted.
  bool is(machines::task::State state) const { return machines::task::plain(task_state_) == state; }
  /// A cancellation is noted and not delivered.
  bool must_cancel() const { return machines::task::plain(task_state_) != task_state_; }

 protected:
  friend Firing;
  machines::task::State& state_in(const decltype(machines::task::diagram)&) { return task_state_; }
  machines::task::State task_state_ = machines::task::State::unstarted;
  std::uint8_t deliveries_ = 0;  // what the await that is resumed now must throw
  std::uint32_t id_;
  union {
    Waitable* awaiting_ = nullptr;
    std::size_t kept_size_;  // once the frame is gone
  };
  FrameCore* innermost_;  // what a step resumes; null once the frame is gone
};

struct TaskListTag;

/// Laid out with its entry last, since the frame comes next (FrameHead).
class TaskCore : public FutureCore, public Link<TaskListTag>, public TaskNotes, public TaskEntry {
 public:
  TaskCore(EntryKind kind, Kernel& kernel, FrameCore* root, ResultCore& result, Context context, std::string_view name,
           Place created);
  ~TaskCore();

  std::uint32_t cancelling() const { return cancel_requests_; }
  std::uint32_t uncancel();
  std::uint32_t id() const { return id_; }
  std::string name() const;
  bool has_name() const { return details_ && !details_->name.empty(); }
  void set_name(std::string_view name);
  Place created() const { return created_; }
  Instant since() const { return since_; }
  Waitable* awaiting() const { return awaiting_; }
  FrameCore* innermost() const { return innermost_; }
  Context& context() { return context_; }
  bool started() const { return !is(machines::task::State::unstarted); }
  const Details* details() const { return details_.get(); }
  Details& make_details();

  /// What the await that is resumed must throw instead of giving what it waited for.
  static constexpr std::uint8_t deliver_cancel = 1;
  static constexpr std::uint8_t deliver_misuse = 2;  // the task awaited itself, or a future of another loop
  static constexpr std::uint8_t deliver_wait = 4;    // its Parking was cancelled
  std::uint8_t deliveries() const { return deliveries_; }
  std::uint8_t take_deliveries() {
    const std::uint8_t taken = deliveries_;
    deliveries_ = 0;
    return taken;
  }
  /// A cancellation came too late for what it was to end: it is delivered at the next await.
  void postpone_cancel(const Message& message) {
    fire<machines::task::Event::cancel>(*this, &message);
  }
  /// The message that goes with them: a cancelled wait's own, although another request came after it.
  const Message& delivered_message(std::uint8_t deliveries) const;

  /// An error passes through a frame of this task: notes the place (coroutine frames call it from unhandled_exception).
  void note_error(const std::exception_ptr& error, Place place) noexcept;

 private:
  friend Kernel;
  friend FutureCore;
  friend Firing;
  using TaskEntry::state_in;
  using FutureCore::state_in;
  using FutureCore::perform;
  /// `message`: with the events of a cancellation.
  void perform(machines::task::Do effect, const Message* message = nullptr);
  void park();
  void park_and_cancel();
  void withdraw(const Message& message);
  void publish_error();
  void publish_cancelled(const Message& message);
};

/// A task without a coroutine.
class RoutineCore : public TaskCore {
 public:
  using TaskCore::TaskCore;
  virtual void step() = 0;
  virtual void destroy_block() noexcept = 0;
  /// The loop ends: lets go of the routine.
  virtual void drop() noexcept = 0;

 protected:
  ~RoutineCore() = default;
};

}  // namespace rondo
