// SPDX-License-Identifier: BSL-1.0
// kernel.hpp - the pure reducer: ready queue, timers, futures, tasks and operations. It never calls user code.
//
// Every change of a task or future is one of its functions; what must run next comes out of next(). The runner
// (loop.hpp) resumes what next() says and calls back in here. Nothing in it reads a clock or knows a descriptor.
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory_resource>
#include <span>

#include <rondo/combinator.hpp>
#include <rondo/contract.hpp>
#include <rondo/frame_pool.hpp>
#include <rondo/operation_table.hpp>
#include <rondo/task_core.hpp>
#include <rondo/timer_queue.hpp>

namespace rondo {

class CallCore;
class GatherCore;
class GeneratorCore;
struct GeneratorListTag;
class Loop;
class Socket;
struct SocketListTag;

/// What this thread is doing for rondo: the loop that steps on it, and the context variables of a callback or job; a
/// task that runs has its own.
struct Here {
  Kernel* kernel = nullptr;
  Context* context = nullptr;
};
extern constinit thread_local Here here;

class Kernel {
 public:
  static constexpr std::uintptr_t stack_for_nesting = 64 * 1024;  // bytes that nested first runs may use

  explicit Kernel(std::pmr::memory_resource& resource, Loop& loop);
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  // --- what is next -------------------------------------------------------------------------------------------------

  void post(Entry& entry) { ready_.push_back(entry); }
  bool idle() const { return ready_.empty(); }
  /// Moves time forward; a smaller value is clamped and counted (C6).
  void advance(Instant now);
  Instant now() const { return now_; }
  /// Puts due timers behind what is ready and makes of that the next batch; false if there is nothing.
  bool begin_batch() {
    if (timers_.earliest() <= now_) post_due_timers();
    if (ready_.empty()) return false;
    ready_.push_back(fence_);
    return true;
  }
  bool in_batch() const { return static_cast<const Link<ReadyTag>&>(fence_).linked(); }
  /// True if nothing is left of the batch but its end.
  bool at_fence() const { return ready_.front() == &fence_; }
  /// The next entry of the batch; null at its end, which ends it.
  Entry* next() {
    Entry& entry = ready_.pop_front();
    return &entry == &fence_ ? nullptr : &entry;
  }

  // --- tasks and futures --------------------------------------------------------------------------------------------

  void start(TaskCore& task);
  /// The current task waits for `waitable`; `frame` is to be resumed.
  void suspend(FrameCore& frame, Waitable& waitable);
  /// The current task goes to the back of the ready queue.
  void yield(FrameCore& frame) {
    current_->innermost_ = &frame;
    fire<task::diagram, task::Event::yield>(*current_);
  }
  void wake(Parking& parking) {
    if (parking.pending()) fire<future::diagram, future::Event::set_result>(parking);
  }
  /// A task that was to be woken waits again instead, at `parking`.
  void wait_again(TaskCore& task, Parking& parking) {
    parking.task_ = &task;
    task.awaiting_ = &parking;
  }
  /// Wakes a waiting task in the place of what runs now: it is the next of the batch.
  void resume_next(TaskCore& task) {
    fire<task::diagram, task::Event::wake>(task);
    static_cast<Entry&>(task).unlink();
    ready_.push_front(task);
  }
  /// Asks `waitable` to end; true if that was noted. Walks chains of any length without recursion; see cancel.cpp.
  bool cancel(Waitable& waitable, const Message& message);
  void publish(FutureCore& future);
  void publish_to(Entry& entry, FutureCore& future);

  // --- timers -------------------------------------------------------------------------------------------------------

  void arm(Timer& timer, Instant when) { timers_.arm(timer, when); }
  /// Disarms the timer, or takes it from the ready queue; nothing if it is in neither.
  void disarm(Timer& timer) {
    if (timer.armed()) {
      timers_.cancel(timer);
    } else if (timer.linked()) {
      timer.unlink();
    }
  }
  TimerQueue& timers() { return timers_; }

  // --- operations ---------------------------------------------------------------------------------------------------

  OperationTable& operations() { return operations_; }
  void feed(const Input& input);

  // --- the running task, frames, identity ---------------------------------------------------------------------------

  TaskCore* current() const { return current_; }
  void leave_task() { current_ = nullptr; }
  Loop& loop() const { return *loop_; }
  FramePool& pool() { return pool_; }
  std::uint32_t next_id() { return ++ids_; }
  std::uint32_t next_stamp() { return ++stamps_; }
  std::uint32_t tasks_alive() const { return tasks_alive_; }
  List<TaskCore, TaskListTag>& tasks() { return tasks_; }
  List<GeneratorCore, GeneratorListTag>& generators() { return generators_; }

  /// True while another frame may be started on the native stack; beyond, the runner takes over. Where the line is
  /// changes nothing that a program can see: not the order in which things run, and not the hash.
  bool may_nest() const { return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) > stack_floor_; }
  /// The runner begins here: what is nested in it may go so much deeper.
  void measure_stack() {
    stack_floor_ = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) - stack_for_nesting;
  }
  /// The runner goes on with `frame` when the current one has returned to it: resumes it, or if it has ended, as the
  /// root of its task, ends the task.
  void run_next(FrameCore* frame) { next_frame_ = frame; }

  List<Combinator, CombinatorListTag>& combinators() { return combinators_; }
  List<Socket, SocketListTag>& sockets() { return sockets_; }

  /// Mixes a fact into the state hash.
  void mix(std::uint64_t fact) { hash_ = (hash_ ^ fact) * 0x9E3779B97F4A7C15ULL + (hash_ >> 29); }
  std::uint64_t hash() const { return hash_; }

  /// The loop is gone; the kernel stays until its last block is returned.
  void close();
  bool closed() const { return loop_ == nullptr; }
  void* allocate(std::size_t size) { return pool_.allocate(size); }
  void deallocate(void* memory, std::size_t size) noexcept {
    pool_.deallocate(memory, size);
    if (ending_) [[unlikely]] block_returned();
  }
  /// Notes the size of the block with the task that is being taken out of this frame; false if it is not that frame.
  bool keep_frame(void* frame, std::size_t size) noexcept;
  bool ending() const { return ending_; }
  /// The loop ends: destroys all frames of `task`.
  void discard(TaskCore& task) noexcept;
  /// Futures count themselves, for those whose memory is not of this pool.
  void move_in() { ++residents_; }
  void move_out() noexcept {
    --residents_;
    if (ending_) [[unlikely]] delete_if_unused();
  }

 private:
  friend Loop;
  friend TaskCore;
  friend FutureCore;
  friend class OutsideSource;
  void delete_if_unused() noexcept;
  void block_returned() noexcept;
  void post_due_timers();
  bool refuses(TaskCore& task, FutureCore& future);
  void refuse(TaskCore& task, FutureCore& future);
  void destroy(TaskCore& first);
  void destroy_dropped() noexcept;
  static void destroy_one(TaskCore& task);
  ~Kernel() = default;

  EntryList ready_;
  Entry fence_{EntryKind::fence};  // in the ready queue: where the batch ends that is being run
  TaskCore* current_ = nullptr;
  FrameCore* next_frame_ = nullptr;
  std::uint64_t hash_ = 0;
  std::uintptr_t stack_floor_ = 0;
  bool ending_ = false;          // the loop is being destroyed, or is gone
  TaskCore* kept_ = nullptr;     // the task whose root frame is being destroyed around it
  std::uint32_t ids_ = 0;
  std::uint32_t stamps_ = 0;
  std::uint32_t tasks_alive_ = 0;
  std::uint32_t sources_ = 0;
  std::uint32_t residents_ = 0;
  std::size_t blocks_left_ = 0;  // once closed: those of the pool that were not returned
  Instant now_{};
  std::uint64_t clamped_ = 0;
  FramePool pool_;
  TimerQueue timers_;
  OperationTable operations_;
  List<TaskCore, TaskListTag> tasks_;  // not done, oldest first
  List<GeneratorCore, GeneratorListTag> generators_;  // alive, oldest first
  List<Combinator, CombinatorListTag> combinators_;
  List<Socket, SocketListTag> sockets_;  // open ones
  List<TaskCore, TaskListTag> dropped_;  // last handle gone, to be destroyed one after the other
  bool dropping_ = false;
  Loop* loop_;
};

/// The context variables of what runs now, null if nothing does.
inline Context* context_here() {
  TaskCore* task = here.kernel ? here.kernel->current() : nullptr;
  return task ? &task->context() : here.context;
}
inline Context context_or_empty() {
  const Context* context = context_here();
  return context ? *context : Context();
}

/// The kernel of the loop that steps on this thread; throws RuntimeError naming `what` if there is none.
[[noreturn]] void throw_no_loop(const char* what);
inline Kernel& running_kernel(const char* what) {
  if (!here.kernel) [[unlikely]] throw_no_loop(what);
  return *here.kernel;
}

inline FutureCore::FutureCore(WaitableKind kind, Kernel& kernel, ResultCore& result)
    : Waitable(kind), kernel_(&kernel), result_(&result) {}

inline std::uint32_t FutureCore::id() const {
  if (kind_ == WaitableKind::task) return static_cast<const TaskCore&>(*this).id_;
  return static_cast<const FutureBlock&>(*this).id_;
}

inline FutureBlock::FutureBlock(WaitableKind kind, Kernel& kernel, ResultCore& result, Destroy destroyer, Place created)
    : FutureCore(kind, kernel, result), destroy_(destroyer), created_(created), id_(kernel.next_id()) {
  kernel.move_in();
}

inline void FutureCore::add_waiter(Entry& entry) {
  if (pending()) {
    waiters_.push_back(entry);
  } else {
    kernel_->post(entry);
  }
}

inline TaskCore::TaskCore(EntryKind kind, Kernel& kernel, FrameCore* root, ResultCore& result, Context context,
                          std::string_view name, Place created)
    : FutureCore(WaitableKind::task, kernel, result),
      TaskNotes(std::move(context), created),
      TaskEntry(kind, kernel.next_id(), root) {
  if (!name.empty()) set_name(name);
}

inline TaskCore::~TaskCore() = default;

inline void Kernel::start(TaskCore& task) {
  move_in();
  tasks_.push_back(task);
  ++tasks_alive_;
  task.since_ = now_;
  post(task);
}

inline void Kernel::suspend(FrameCore& frame, Waitable& waitable) {
  TaskCore& task = *current_;
  task.innermost_ = &frame;
  task.since_ = now_;
  task.awaiting_ = &waitable;
  if (waitable.is_future() && refuses(task, static_cast<FutureCore&>(waitable))) [[unlikely]] return;
  if (task.must_cancel()) [[unlikely]] {
    fire<task::diagram, task::Event::suspend_cancelling>(task);
  } else {
    fire<task::diagram, task::Event::suspend>(task);
  }
}

inline bool Kernel::refuses(TaskCore& task, FutureCore& future) {
  if (&future != static_cast<FutureCore*>(&task) && future.kernel_ == this) [[likely]] return false;
  refuse(task, future);
  return true;
}

inline void TaskCore::perform(task::Do effect) {
  switch (effect) {
    case task::Do::resume:
      break;
    case task::Do::park:
      if (awaiting_->is_future()) {
        static_cast<FutureCore*>(awaiting_)->add_waiter(*this);
      } else {
        static_cast<Parking*>(awaiting_)->task_ = this;
      }
      break;
    case task::Do::deliver_cancel:
      notes_ = 0;
      deliveries_ |= TaskCore::deliver_cancel;
      break;
    case task::Do::enqueue:
      kernel_->post(*this);
      break;
    case task::Do::publish_value:
      set_returned();
      break;
    default:
      perform_rare(effect);
  }
}

inline void Parking::perform(future::Do effect) {
  if (effect == future::Do::publish) fire<task::diagram, task::Event::wake>(*task_);
}

// --- the end of futures ----------------------------------------------------------------------------------------------

inline void Kernel::publish(FutureCore& future) {
  while (Entry* entry = future.waiters_.front()) {
    entry->unlink();
    if (entry->entry_kind() <= EntryKind::routine) [[likely]] {
      fire<task::diagram, task::Event::wake>(static_cast<TaskCore&>(*entry));
    } else {
      publish_to(*entry, future);
    }
  }
}

inline void FutureCore::set_returned() { fire<future::diagram, future::Event::set_result>(*this); }

inline void FutureCore::perform(future::Do effect) {
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

}  // namespace rondo
