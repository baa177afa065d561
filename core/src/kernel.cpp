// SPDX-License-Identifier: BSL-1.0
// kernel.cpp - batches, tasks and futures. Cancelling has a file of its own, cancel.cpp.
#include <rondo/kernel.hpp>

#include <string>

#include <rondo/async_generator.hpp>
#include <rondo/call.hpp>
#include <rondo/coro.hpp>
#include <rondo/dump.hpp>
#include <rondo/error.hpp>
#include <rondo/loop.hpp>
#include <rondo/routine.hpp>

namespace rondo {

constinit thread_local Here here;

Kernel& running_kernel(const char* what) {
  if (!here.kernel) throw RuntimeError(std::string(what) + ": no loop runs on this thread");
  return *here.kernel;
}

Kernel::Kernel(std::pmr::memory_resource& resource, Loop& loop)
    : pool_(resource), timers_(&resource), operations_(&resource), loop_(&loop) {}

void Kernel::close() {
  loop_ = nullptr;
  delete_if_unused();
}

void Kernel::delete_if_unused() noexcept {
  if (loop_ == nullptr && residents_ == 0 && pool_.live() == 0) delete this;
}

bool Kernel::keep_frame(void* memory, std::size_t size) noexcept {
  if (!kept_) return false;
  const auto* from = static_cast<const std::byte*>(memory);
  const auto* task = reinterpret_cast<const std::byte*>(kept_);
  if (task < from || task >= from + size) return false;  // a frame below the root, or of another task
  kept_->kept_memory_ = memory;
  kept_->kept_size_ = size;
  kept_ = nullptr;
  return true;
}

void Kernel::advance(Instant now) {
  if (now < now_) {
    ++clamped_;
    return;
  }
  now_ = now;
}

bool Kernel::begin_batch() {
  while (Timer* timer = timers_.pop_due(now_)) {
    if (timer->entry_kind() == EntryKind::call) {
      fire<handle::diagram, handle::Event::due>(static_cast<CallCore&>(*timer));
    } else {
      ready_.push_back(*timer);
    }
  }
  if (ready_.empty()) return false;
  batch_.splice_back(ready_);
  return true;
}

void Kernel::start(TaskCore& task) {
  tasks_.push_back(task);
  ++tasks_alive_;
  task.since_ = now_;
  post(task);
}

void Kernel::suspend(FrameCore& frame, Waitable& waitable) {
  TaskCore& task = *current_;
  task.innermost_ = &frame;
  task.since_ = now_;
  if (&waitable == static_cast<Waitable*>(&task) ||
      (waitable.is_future() && static_cast<FutureCore&>(waitable).kernel_ != this)) [[unlikely]] {
    task.deliveries_ |= TaskCore::deliver_misuse;
    waitable.self_awaited_ = &waitable == static_cast<Waitable*>(&task);
    fire<task::diagram, task::Event::misuse>(task);
    return;
  }
  task.awaiting_ = &waitable;
  if (task.must_cancel_) [[unlikely]] {
    fire<task::diagram, task::Event::suspend_cancelling>(task);
  } else {
    fire<task::diagram, task::Event::suspend>(task);
  }
}

void Kernel::wake(Parking& parking) {
  if (parking.pending()) fire<future::diagram, future::Event::set_result>(parking);
}

void Parking::perform(future::Do effect) {
  if (effect == future::Do::publish) fire<task::diagram, task::Event::wake>(*task_);
}

void Kernel::publish(FutureCore& future) {
  mix(future.id_);
  while (!future.waiters_.empty()) {
    Entry& entry = future.waiters_.pop_front();
    switch (entry.entry_kind()) {
      case EntryKind::task:
      case EntryKind::routine:
        fire<task::diagram, task::Event::wake>(static_cast<TaskCore&>(entry));
        break;
      case EntryKind::call:
        static_cast<CallCore&>(entry).keep(future);
        fire<handle::diagram, handle::Event::due>(static_cast<CallCore&>(entry));
        break;
      default:
        ready_.push_back(entry);
    }
  }
}

void Kernel::feed(const Input& input) {
  mix(static_cast<std::uint64_t>(input.type) << 32 | input.id.slot);
  if (input.type == Input::Type::post) {
    input.call->adopt_kernel(*this);
    input.call->set_id(next_id());
    fire<handle::diagram, handle::Event::post>(*input.call);
    return;
  }
  Operation* operation = operations_.complete(input);
  if (operation && !static_cast<Entry*>(operation)->linked()) ready_.push_back(*operation);
}

// --- FutureCore -------------------------------------------------------------------------------------------------------

FutureCore::FutureCore(WaitableKind kind, Kernel& kernel, ResultCore& result)
    : Waitable(kind), kernel_(&kernel), result_(&result), id_(kernel.next_id()) {
  kernel.move_in();
}

void FutureCore::set_returned() { fire<future::diagram, future::Event::set_result>(*this); }

void FutureCore::set_failed(std::exception_ptr error) {
  const auto kind = is_cancelled_error(error) ? ResultCore::Kind::cancelled : ResultCore::Kind::error;
  set_failed(std::move(error), kind);
}

void FutureCore::set_failed(std::exception_ptr error, ResultCore::Kind kind) {
  result_->kind = kind;
  result_->error = std::move(error);
  fire<future::diagram, future::Event::set_exception>(*this);
}

bool FutureCore::cancel(const Message& message) { return kernel_->cancel(*this, message); }

void FutureCore::perform(future::Do effect) {
  switch (effect) {
    case future::Do::publish_error:
      unretrieved_ = true;
      [[fallthrough]];
    case future::Do::publish:
      kernel_->publish(*this);
      break;
    case future::Do::refuse:
      unretrieved_ = false;
      break;
  }
}

void FutureCore::add_waiter(Entry& entry) {
  if (pending()) {
    waiters_.push_back(entry);
  } else {
    kernel_->post(entry);
  }
}

/// Destroys a chain of frames from the innermost outwards, so that no destructor runs inside another's.
static void destroy_frames(FrameCore* frame) {
  while (frame) {
    FrameLink* link = frame->link;
    if (!frame->shared) frame->handle().destroy();
    if (!link) return;
    link->child = nullptr;
    frame = link->parent;
  }
}

/// The end of a task whose frame went before it.
static void free_kept(TaskCore& task, void* memory, std::size_t size) {
  task.~TaskCore();
  release_frame(memory, size);
}

void Kernel::discard(TaskCore& task) noexcept {
  if (task.entry_kind() == EntryKind::routine) {
    static_cast<RoutineCore&>(task).drop();
  } else {
    FrameCore* innermost = task.innermost_;
    task.outlives_frame_ = true;
    kept_ = &task;
    destroy_frames(innermost);
  }
}

std::exception_ptr FutureCore::retrieve() {
  unretrieved_ = false;
  if (!was_cancelled()) return result_->error;
  if (result_->error) return std::exchange(result_->error, nullptr);
  return std::make_exception_ptr(CancelledError(message_));
}

void FutureCore::destroy() {
  Kernel& kernel = *kernel_;
  if (unretrieved_ && !kernel.closed()) {
    kernel.loop().call_exception_handler({"the exception was never retrieved", result_->error, describe(*this)});
  }
  while (Entry* entry = waiters_.front()) {  // dropped while pending: nobody will ever complete it
    if (entry->entry_kind() == EntryKind::call) {
      Handle(static_cast<CallCore&>(*entry)).cancel();
    } else {
      entry->unlink();
    }
  }
  if (kind_ != WaitableKind::task) {
    auto& block = static_cast<FutureBlock&>(*this);
    block.destroy_(block);
    kernel.move_out();
    return;
  }
  // A task may hold the last handle of another, and so on: one after the other, not one inside the other.
  kernel.dropped_.push_back(static_cast<TaskCore&>(*this));
  if (kernel.dropping_) return;
  kernel.dropping_ = true;
  std::uint32_t gone = 0;
  while (!kernel.dropped_.empty()) {
    TaskCore& task = kernel.dropped_.pop_front();
    if (task.entry_kind() == EntryKind::routine) {
      static_cast<RoutineCore&>(task).destroy_block();
    } else if (task.outlives_frame_) {
      free_kept(task, task.kept_memory_, task.kept_size_);
    } else {
      destroy_frames(task.innermost_);
    }
    ++gone;
  }
  kernel.dropping_ = false;
  while (gone-- > 1) --kernel.residents_;
  kernel.move_out();
}

// --- TaskCore ---------------------------------------------------------------------------------------------------------

TaskCore::TaskCore(EntryKind kind, Kernel& kernel, FrameCore* root, ResultCore& result, Context context,
                   std::string_view name, Place created)
    : TaskEntry(kind),
      FutureCore(WaitableKind::task, kernel, result),
      innermost_(root),
      context_(std::move(context)),
      created_(created) {
  if (!name.empty()) set_name(name);
}

TaskCore::~TaskCore() = default;

std::string TaskCore::name() const { return has_name() ? details_->name : "Task-" + std::to_string(id()); }

void TaskCore::set_name(std::string_view name) { make_details().name = name; }

TaskCore::Details& TaskCore::make_details() {
  if (!details_) details_ = std::make_unique<Details>();
  return *details_;
}

std::uint32_t TaskCore::uncancel() {
  if (cancel_requests_ > 0 && --cancel_requests_ == 0) must_cancel_ = false;
  return cancel_requests_;
}

void TaskCore::perform_rare(task::Do effect) {
  switch (effect) {
    case task::Do::park:
    case task::Do::park_and_cancel:
      if (awaiting_->is_future()) {
        static_cast<FutureCore*>(awaiting_)->add_waiter(*this);
      } else {
        static_cast<Parking*>(awaiting_)->task_ = this;
      }
      if (effect == task::Do::park_and_cancel && kernel_->cancel(*awaiting_, message_)) must_cancel_ = false;
      break;
    case task::Do::publish_value:
      set_returned();
      break;
    case task::Do::publish_error:
      fire<future::diagram, future::Event::set_exception>(static_cast<FutureCore&>(*this));
      break;
    case task::Do::publish_cancelled:
      message_ = Message();  // the text is in the error, which is handed out once
      fire<future::diagram, future::Event::cancel>(static_cast<FutureCore&>(*this));
      break;
    case task::Do::publish_noted:
      must_cancel_ = false;
      fire<future::diagram, future::Event::cancel>(static_cast<FutureCore&>(*this));
      break;
    case task::Do::discard:
      if (Entry::linked()) Entry::unlink();
      break;
    default:
      break;
  }
}

void TaskCore::perform(task::Do effect, const Message& message) {
  if (effect == task::Do::cancel_awaited) return;  // cancel.cpp goes on with what it waits for
  if (effect == task::Do::withdraw) {
    if (Entry::linked()) Entry::unlink();
    kernel_->post(*this);
  }
  must_cancel_ = true;
  message_ = message;
}

void TaskCore::note_error(const std::exception_ptr& error, Place place) noexcept {
  try {
    Details& details = make_details();
    if (details.error != error) {
      details.error = error;
      details.await_stack.clear();
    }
    details.await_stack.push_back(place);
  } catch (...) {  // no memory for the story of an error: the error itself goes on
  }
}

}  // namespace rondo
