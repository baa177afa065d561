// SPDX-License-Identifier: BSL-1.0
// last_handle.cpp - the end of futures, tasks and frames: when their last handle goes, and when the loop does.
//
// What is destroyed may hold the last handle of another, and so on. Such ends wait in a list and come one after the
// other, so a chain of any length needs no stack, and no destructor runs inside another's.
#include <new>
#include <string>

#include <rondo/kernel/frame_head.hpp>
#include <rondo/kernel/text.hpp>
#include <rondo/kernel/words.hpp>

namespace rondo {

// --- the kernel itself -----------------------------------------------------------------------------------------------

void Kernel::close() {
  fire<machines::loop::Event::close>(*this);
  owner_ = nullptr;
  blocks_left_ = pool_.live();
  delete_if_unused();
}

void Kernel::block_returned() noexcept {
  if (!closed()) return;
  --blocks_left_;
  delete_if_unused();
}

void Kernel::delete_if_unused() noexcept {
  if (closed() && futures_ == 0 && blocks_left_ == 0) delete this;
}

// --- frames ----------------------------------------------------------------------------------------------------------

void release_or_keep(void* frame, void* block, std::size_t size, Kernel* kernel) noexcept {
  Kernel* keeper = kernel ? kernel : thread_slot.kernel;
  if (!keeper || !keeper->looks_at_blocks() || !keeper->keep_block(frame, size)) release_block(block, size, kernel);
}

void release_block(void* block, std::size_t size, Kernel* kernel) noexcept {
  if (kernel) {
    kernel->deallocate(block, size);
  } else {
    ::operator delete(block);
  }
}

bool Kernel::keep_block(void* frame, std::size_t size) noexcept {
  if (!leaving_ || FrameHead::task_room(frame) != leaving_) return false;  // below the root, or of another task
  leaving_->kept_size_ = size;
  set_leaving(nullptr);
  return true;
}

/// Destroys a chain of frames from the innermost outwards, so that no destructor runs inside another's.
static void destroy_frames(FrameCore* frame) noexcept {
  while (frame) {
    FrameLink* link = frame->link;
    if (frame->owner == FrameOwner::handles) {
      static_cast<SharedFrame&>(*frame).resident->abandon();
    } else {
      frame->handle().destroy();
    }
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
    TaskCore* const outer = leaving_;
    set_leaving(&task);
    destroy_frames(innermost);
    set_leaving(outer);
    task.innermost_ = nullptr;
    ::new (task.result_) ResultCore;  // the one in the frame went with it; there will be no other
  }
}

// --- one end after the other -----------------------------------------------------------------------------------------

inline void Kernel::destroy_task(TaskCore& task) noexcept {
  if (task.entry_kind() == EntryKind::routine) [[unlikely]] return static_cast<RoutineCore&>(task).destroy_block();
  FrameCore* root = task.innermost_;
  if (!root) [[unlikely]] return destroy_without_frame(task);
  task.~TaskCore();  // it has ended: the root is the only frame left
  root->handle().destroy();
}

void Kernel::destroy_without_frame(TaskCore& task) noexcept {
  const std::size_t size = task.kept_size_;
  task.result_->~ResultCore();
  task.~TaskCore();
  release_block<FrameHead>(&task, size);
}

/// Its pool, its lists and its values belong to the loop's thread, so it stays.
void Kernel::leak(FutureCore& future) const noexcept {
  future.retain();
  const bool task = future.kind_ == WaitableKind::task;
  const Place made = task ? static_cast<TaskCore&>(future).created() : static_cast<FutureBlock&>(future).created();
  report_leak(task ? "the task" : "the future", made, future.unretrieved_ ? future.result_->error : nullptr);
}

void Kernel::report_leak(std::string_view what, Place made, std::exception_ptr error) const noexcept {
  try {
    std::string subject(what);
    if (made) append(subject, {" made at ", made});
    report_from_thread({"the last handle was dropped on a thread that is not the loop's, so it is leaked", std::move(error),
                        std::move(subject)});
  } catch (...) {  // no memory for the report
  }
}

inline void Kernel::destroy_one(FutureCore& future) noexcept {
  if (future.kind_ == WaitableKind::task) [[likely]] return destroy_task(static_cast<TaskCore&>(future));
  future.drop_waiters();
  auto& block = static_cast<FutureBlock&>(future);
  block.destroy_(block);
}

inline void Kernel::destroy(FutureCore& future) noexcept {
  if (leaks_here()) [[unlikely]] return leak(future);
  if (dropping_) [[unlikely]] return destroy_later(future);
  dropping_ = true;
  if (static_cast<FutureCore*>(thread_slot.task) == &future) {
    destroy_current(*thread_slot.task);
  } else {
    destroy_one(future);
    if (dropped_ || !dropped_residents_.empty()) [[unlikely]] destroy_dropped();
    dropping_ = false;
    discount_future();
  }
}

/// Behind what is being destroyed now.
void Kernel::destroy_later(FutureCore& future) noexcept {
  future.next_dropped_ = nullptr;
  (dropped_ ? last_dropped_->next_dropped_ : dropped_) = &future;
  last_dropped_ = &future;
}

/// The task that runs has ended, and nobody holds it. Its parameters go first, and with them what they hold: to all
/// their destructors it is still the current task, done, with its context.
void Kernel::destroy_current(TaskCore& task) noexcept {
  task.references_ = 1;
  discard(task);
  destroy_dropped();
  thread_slot.task = nullptr;
  const bool unheld = --task.references_ == 0;  // else a destructor has kept a handle
  if (unheld) destroy_task(task);
  destroy_dropped();
  dropping_ = false;
  if (unheld) discount_future();
}

void Kernel::destroy_dropped() noexcept {
  for (;;) {
    if (FutureCore* const future = dropped_) {
      dropped_ = future->next_dropped_;
      future->kernel_ = this;
      destroy_one(*future);
      --futures_;
    } else if (!dropped_residents_.empty()) {
      dropped_residents_.pop_front().abandon();
    } else {
      return;
    }
  }
}

void Kernel::destroy(Resident& resident) noexcept {
  if (dropping_) return dropped_residents_.push_back(resident);
  dropping_ = true;
  count_future();  // this kernel may be one that waits for its last block
  resident.abandon();
  destroy_dropped();
  dropping_ = false;
  discount_future();
}

void FutureCore::destroy() {
  if (unretrieved_) [[unlikely]] {
    if (kernel_->leaks_here()) return kernel_->leak(*this);
    references_ = 1;  // for who looks at the current task while he hears of this
    report_unretrieved();
    if (--references_ > 0) return;
  }
  kernel_->destroy(*this);
}

void FutureCore::report_unretrieved() {
  unretrieved_ = false;
  if (!kernel_->closed()) kernel_->report({"the exception was never retrieved", result_->error, describe(*this), stack_of(*this)});
}

/// Dropped while pending: nobody will ever complete it.
void FutureCore::drop_waiters() noexcept {
  while (Entry* entry = waiters_.front()) {
    if (entry->entry_kind() == EntryKind::call) {
      static_cast<CallCore&>(*entry).cancel();
    } else {
      entry->unlink();
    }
  }
}

// --- the end of the loop ---------------------------------------------------------------------------------------------

/// What is destroyed may begin something else.
void Kernel::discard_everything(bool silent) {
  fire<machines::loop::Event::discard>(*this);
  set_leaving(nullptr);
  do {
    discard_tasks(silent);
    while (Resident* resident = residents_.front()) resident->abandon();
  } while (discard_entries() || tasks_.front());
}

void Kernel::discard_tasks(bool silent) {
  while (TaskCore* task = tasks_.front()) {
    if (!silent) report({"a task was destroyed while it was pending", nullptr, describe(*task)});
    static_cast<Link<TaskListTag>&>(*task).unlink();
    --tasks_alive_;
    fire<machines::task::Event::drop>(*task);
    task->message_ = closed_;
    fire<machines::future::Event::cancel>(static_cast<FutureCore&>(*task));
    discard(*task);
    task->release();
  }
}

/// An entry that will never run.
static void drop_entry(Entry& entry) {
  if (entry.entry_kind() == EntryKind::call) return static_cast<CallCore&>(entry).cancel();
  if (entry.linked()) entry.unlink();
}

/// False if there was nothing.
bool Kernel::discard_entries() {
  if (in_batch()) static_cast<Entry&>(fence_).unlink();
  const bool any = !ready_.empty() || !timers_.empty();
  while (Entry* entry = ready_.front()) drop_entry(*entry);
  timers_.place(Duration::zero());
  while (Timer* timer = timers_.pop_due(no_deadline)) drop_entry(*timer);
  return any;
}

}  // namespace rondo
