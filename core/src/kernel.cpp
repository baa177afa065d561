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

void throw_no_loop(const char* what) {
  throw RuntimeError(std::string(what) + ": no loop runs on this thread");
}

Kernel::Kernel(std::pmr::memory_resource& resource, Loop& loop)
    : pool_(resource), timers_(&resource), operations_(&resource), loop_(&loop) {}

void Kernel::close() {
  loop_ = nullptr;
  blocks_left_ = pool_.live();
  delete_if_unused();
}

void Kernel::block_returned() noexcept {
  if (loop_) return;
  --blocks_left_;
  delete_if_unused();
}

void Kernel::delete_if_unused() noexcept {
  if (loop_ == nullptr && residents_ == 0 && blocks_left_ == 0) delete this;
}

void deallocate_unusual(void* frame, void* block, std::size_t size, Kernel* kernel) noexcept {
  Kernel* ending = kernel ? kernel : here.kernel;
  if (ending && ending->ending() && ending->keep_frame(frame, size)) return;
  if (kernel) {
    kernel->deallocate(block, size);
  } else {
    ::operator delete(block);
  }
}

bool Kernel::keep_frame(void* frame, std::size_t size) noexcept {
  if (!kept_ || FrameHead::task_room(frame) != kept_) return false;  // a frame below the root, or of another task
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

void Kernel::post_due_timers() {
  while (Timer* timer = timers_.pop_due(now_)) {
    if (timer->entry_kind() == EntryKind::call) {
      fire<handle::diagram, handle::Event::due>(static_cast<CallCore&>(*timer));
    } else {
      ready_.push_back(*timer);
    }
  }
}

/// A task that awaits itself, or a future of another loop: the error comes a hop later, at the await.
void Kernel::refuse(TaskCore& task, FutureCore& future) {
  task.deliveries_ |= TaskCore::deliver_misuse;
  future.self_awaited_ = &future == static_cast<FutureCore*>(&task);
  fire<task::diagram, task::Event::misuse>(task);
}

void Kernel::publish_to(Entry& entry, FutureCore& future) {
  if (entry.entry_kind() == EntryKind::call) {
    static_cast<CallCore&>(entry).keep(future);
    fire<handle::diagram, handle::Event::due>(static_cast<CallCore&>(entry));
  } else {
    ready_.push_back(entry);
  }
}

void Kernel::feed(const Input& input) {
  mix(static_cast<std::uint64_t>(input.type) << 33 | static_cast<std::uint64_t>(input.more) << 32 | input.id.slot);
  mix(static_cast<std::uint64_t>(input.id.generation) << 32 | static_cast<std::uint32_t>(input.result));
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

void Kernel::discard(TaskCore& task) noexcept {
  if (task.entry_kind() == EntryKind::routine) {
    static_cast<RoutineCore&>(task).drop();
  } else {
    FrameCore* innermost = task.innermost_;
    kept_ = &task;
    destroy_frames(innermost);
    task.innermost_ = nullptr;
    ::new (task.result_) ResultCore;  // the one in the frame went with it; there will be no other
  }
}

std::exception_ptr FutureCore::retrieve() {
  unretrieved_ = false;
  if (!was_cancelled()) return result_->error;
  if (result_->error) return std::exchange(result_->error, nullptr);
  return std::make_exception_ptr(CancelledError(message_));
}

inline void Kernel::destroy_one(TaskCore& task) {
  if (task.entry_kind() == EntryKind::routine) [[unlikely]] {
    static_cast<RoutineCore&>(task).destroy_block();
  } else if (FrameCore* root = task.innermost_) [[likely]] {  // it has ended: the root is the only frame left
    task.~TaskCore();
    root->handle().destroy();
  } else {
    const std::size_t size = task.kept_size_;
    task.result_->~ResultCore();
    task.~TaskCore();
    release_block<FrameHead>(&task, size);
  }
}

/// A task may hold the last handle of another, and so on: one after the other, not one inside the other.
inline void Kernel::destroy(TaskCore& first) {
  if (dropping_) [[unlikely]] return dropped_.push_back(first);
  dropping_ = true;
  destroy_one(first);
  if (!dropped_.empty()) [[unlikely]] destroy_dropped();
  dropping_ = false;
  move_out();
}

void Kernel::destroy_dropped() noexcept {
  while (!dropped_.empty()) {
    destroy_one(dropped_.pop_front());
    --residents_;
  }
}

void FutureCore::destroy() {
  if (unretrieved_) [[unlikely]] report_unretrieved();
  if (kind_ == WaitableKind::task) [[likely]] return kernel_->destroy(static_cast<TaskCore&>(*this));
  while (Entry* entry = waiters_.front()) {  // dropped while pending: nobody will ever complete it
    if (entry->entry_kind() == EntryKind::call) {
      Handle(static_cast<CallCore&>(*entry)).cancel();
    } else {
      entry->unlink();
    }
  }
  Kernel& kernel = *kernel_;
  auto& block = static_cast<FutureBlock&>(*this);
  block.destroy_(block);
  kernel.move_out();
}

void FutureCore::report_unretrieved() {
  if (kernel_->closed()) return;
  kernel_->loop().call_exception_handler({"the exception was never retrieved", result_->error, describe(*this)});
}

// --- TaskCore ---------------------------------------------------------------------------------------------------------

std::string TaskCore::name() const { return has_name() ? details_->name : "Task-" + std::to_string(id()); }

void TaskCore::set_name(std::string_view name) { make_details().name = name; }

TaskCore::Details& TaskCore::make_details() {
  if (!details_) details_ = std::make_unique<Details>();
  return *details_;
}

std::uint32_t TaskCore::uncancel() {
  if (cancel_requests_ > 0 && --cancel_requests_ == 0) notes_ &= static_cast<std::uint8_t>(~note_cancel);
  return cancel_requests_;
}

void TaskCore::perform_rare(task::Do effect) {
  switch (effect) {
    case task::Do::park_and_cancel:
      perform(task::Do::park);
      if (kernel_->cancel(*awaiting_, message_)) notes_ = 0;
      break;
    case task::Do::publish_error:
      fire<future::diagram, future::Event::set_exception>(static_cast<FutureCore&>(*this));
      break;
    case task::Do::publish_cancelled:
      message_ = Message();  // the text is in the error, which is handed out once
      fire<future::diagram, future::Event::cancel>(static_cast<FutureCore&>(*this));
      break;
    case task::Do::publish_noted:
      notes_ = 0;
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
  notes_ |= note_cancel;
  message_ = message;
}

const Message& TaskCore::delivered_message(std::uint8_t deliveries) const {
  return deliveries & deliver_wait ? static_cast<const Parking*>(awaiting_)->message() : message();
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
