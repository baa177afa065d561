// SPDX-License-Identifier: BSL-1.0
// kernel.hpp - the state of one loop: ready queue, timers, futures, tasks, operations, and every change of them.
//
// What must run next is only noted here. Code of others runs at four places: in the turn of an entry, which step()
// alone gives (step.cpp); where something ends, one thing after the other (last_handle.cpp, and a callback that is
// cancelled); in the exception handler, called from those two; and in a sleeping host, which must only note that it is
// woken (wakeup.hpp). No other function calls it, so nobody finds the kernel half way. Nothing reads a clock or knows a
// descriptor.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>

#include <rondo/contract.hpp>
#include <rondo/error.hpp>
#include <rondo/kernel/frame_pool.hpp>
#include <rondo/kernel/operation_table.hpp>
#include <rondo/kernel/resident.hpp>
#include <rondo/kernel/task_core.hpp>
#include <rondo/kernel/thread_slot.hpp>
#include <rondo/kernel/timer_queue.hpp>
#include <rondo/kernel/wakeup.hpp>
#include <rondo/machines/loop.hpp>

namespace rondo {

[[noreturn]] void refuse_foreign_thread(const char* what, std::string_view object);
[[noreturn]] void refuse_foreign_thread(const char* what, const FutureCore& future);
[[noreturn]] void refuse_foreign_thread(const char* what, const class CallCore& call);

class Kernel {
 public:
  static constexpr std::uintptr_t stack_for_nesting = 64 * 1024;  // bytes that nested first runs may use
  static constexpr std::uint32_t max_batches = 64;                // in one step

  /// Who has made a kernel, and is gone once it is closed.
  class Owner {
   public:
    virtual void report(const ErrorContext& context) noexcept = 0;
    /// From a thread that is not the loop's: the loop reports it later.
    virtual void report_from_thread(const ErrorContext& context) noexcept = 0;

   protected:
    ~Owner() = default;
  };

  Kernel(std::pmr::memory_resource& resource, Owner& owner);
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  // --- the contract: see Loop ---------------------------------------------------------------------------------------

  StepResult step(Instant now, std::span<const Input> in, std::span<Output> out, int budget);
  StepResult peek(Instant now) const;
  Instant place(Instant now);
  /// Instant::min() if something is ready, no_deadline if nothing is and no timer is armed.
  Instant next_deadline() const {
    if (operations_.outputs_waiting() || !idle() || state_ == machines::loop::State::stop_asked) return Instant::min();
    return timers_.empty() ? no_deadline : timers_.deadline();
  }
  void stop() {
    fire<machines::loop::Event::stop>(*this);
    wakeup_.tell();
  }
  machines::loop::State state() const { return state_; }
  bool stepping() const {
    using machines::loop::State;
    return state_ == State::stepping || state_ == State::stopping || state_ == State::draining;
  }
  /// Those that were allowed to run something.
  std::uint64_t steps() const { return steps_; }
  std::uint64_t clamped() const { return clamped_; }
  Instant now() const { return now_; }
  bool debug() const { return debug_; }
  void set_debug(bool debug) { debug_ = debug; }
  /// In debug mode: the task or callback that ran last, in words.
  const std::string& last_run() const { return last_run_; }
  /// The thread that steps, as the address of its own slot; null before somebody has claimed it.
  const void* home() const { return home_; }
  void claim_thread() {
    if (!home_) home_ = &thread_slot;
  }
  /// From now on it is this thread: for one that drives the loop in another's place.
  void move_to_this_thread() { home_ = &thread_slot; }
  /// It is nobody's until somebody claims it: any thread may touch the loop, one at a time.
  void leave_thread() { home_ = nullptr; }
  bool is_foreign_here() const { return home_ && home_ != &thread_slot; }
  /// In debug mode: this is another thread's loop, and what loses its last handle here must stay where it is.
  bool leaks_here() const { return debug_ && owner_ && is_foreign_here(); }
  /// Tells the loop's thread that `what` was left where it is. `error`: what nobody has looked at, null for nothing.
  void report_leak(std::string_view what, Place made = {}, std::exception_ptr error = nullptr) const noexcept;
  /// In debug mode: RuntimeError on a thread that is not the loop's. `object`: what was touched.
  template <class Object>
  void check_thread(const char* what, const Object& object) const {
    if (debug_ && is_foreign_here()) [[unlikely]] refuse_foreign_thread(what, object);
  }

  // --- who hears of errors ------------------------------------------------------------------------------------------

  Owner& owner() const { return *owner_; }
  void report(const ErrorContext& context) const noexcept {
    if (owner_) owner_->report(context);
  }
  void report_from_thread(const ErrorContext& context) const noexcept {
    if (owner_) owner_->report_from_thread(context);
  }

  // --- what is next -------------------------------------------------------------------------------------------------

  void post(Entry& entry) {
    ready_.push_back(entry);
    wakeup_.tell();
  }
  bool idle() const { return ready_.empty(); }
  Wakeup& wakeup() { return wakeup_; }

  // --- tasks and futures --------------------------------------------------------------------------------------------

  void start(TaskCore& task);
  /// The current task waits for `waitable`; `frame` is to be resumed.
  void suspend(FrameCore& frame, Waitable& waitable);
  /// The current task goes to the back of the ready queue.
  static void yield(FrameCore& frame) {
    TaskCore& task = *thread_slot.task;
    task.innermost_ = &frame;
    fire<machines::task::Event::yield>(task);
  }
  void wake(Parking& parking) {
    if (parking.pending()) fire<machines::future::Event::set_result>(parking);
  }
  /// A task that was to be woken waits again instead, at `parking`.
  void wait_again(TaskCore& task, Parking& parking) {
    parking.task_ = &task;
    task.awaiting_ = &parking;
  }
  /// Wakes a waiting task in the place of the hook that runs now: it is the next of the batch.
  void wake_in_place(TaskCore& task) {
    fire<machines::task::Event::relieve>(task);
    in_place_ = &task;
  }
  /// Asks `waitable` to end; true if that was noted. Walks chains of any length without recursion; see cancel.cpp.
  bool cancel(Waitable& waitable, const Message& message);
  class Cancellation;
  void publish(FutureCore& future);

  // --- timers -------------------------------------------------------------------------------------------------------

  void arm(Timer& timer, Instant when) {
    timers_.arm(timer, when);
    wakeup_.tell(when);
  }
  /// The same for a delay that counts from this call: see place(). Zero and less: behind what is ready.
  void arm_in(Timer& timer, Duration delay) {
    if (delay > Duration::zero()) {
      timers_.arm_unplaced(timer, after(now_, delay));
    } else {
      timers_.arm(timer, after(now_, delay));
    }
    wakeup_.tell(after(now_, delay));
  }
  /// Gives it another deadline, whether it is armed, in the ready queue, or in neither.
  void move(Timer& timer, Instant when) {
    if (!timer.armed()) {
      timer.withdraw();
      return arm(timer, when);
    }
    timers_.move(timer, when);
    wakeup_.tell(when);
  }
  /// Disarms the timer, or takes it from the ready queue; nothing if it is in neither.
  void disarm(Timer& timer) {
    if (timer.armed()) {
      timers_.cancel(timer);
    } else {
      timer.withdraw();
    }
  }
  TimerQueue& timers() { return timers_; }

  // --- operations ---------------------------------------------------------------------------------------------------

  OperationTable& operations() { return operations_; }
  void feed(const Input& input);

  // --- identity -----------------------------------------------------------------------------------------------------

  /// Numbers for people; 0, which stands for none, is left out when they begin again.
  std::uint32_t next_id() {
    if (++ids_ == 0) [[unlikely]] ++ids_;
    return ids_;
  }
  std::uint64_t next_stamp() { return ++stamps_; }
  /// The task with this number, if it is not done; null else. O(tasks), but for the one that was asked for last.
  TaskCore* find_task(std::uint32_t id);
  std::uint32_t tasks_alive() const { return tasks_alive_; }
  List<TaskCore, TaskListTag>& tasks() { return tasks_; }
  List<Resident, ResidentTag>& residents() { return residents_; }
  void open_source() { ++sources_; }
  void close_source() { --sources_; }

  /// Mixes a fact into the state hash.
  void mix(std::uint64_t fact) { hash_ = (hash_ ^ fact) * 0x9E3779B97F4A7C15ULL + (hash_ >> 29); }
  std::uint64_t hash() const { return hash_; }

  // --- memory, and the end ------------------------------------------------------------------------------------------

  FramePool& pool() { return pool_; }
  void* allocate(std::size_t size) { return pool_.allocate(size); }
  void deallocate(void* memory, std::size_t size) noexcept {
    pool_.deallocate(memory, size);
    if (ending()) [[unlikely]] block_returned();
  }
  /// Notes the size of the block with the task that is being taken out of this frame; false if it is not that frame.
  bool keep_block(void* frame, std::size_t size) noexcept;
  bool looks_at_blocks() const { return looks_at_blocks_; }
  /// The loop is being destroyed, or is gone.
  bool ending() const { return machines::loop::is_over(state_); }
  /// Destroys all tasks, callbacks and residents that are left. `silent`: tasks that are not done are not reported.
  void discard_everything(bool silent);
  /// Destroys all frames of `task`, which itself stays.
  void discard(TaskCore& task) noexcept;
  /// Nobody holds `resident` any more: abandons it, after what is being destroyed.
  void destroy(Resident& resident) noexcept;
  /// Futures count themselves, for those whose memory is not of this pool.
  void count_future() { ++futures_; }
  void discount_future() noexcept {
    --futures_;
    if (ending()) [[unlikely]] delete_if_unused();
  }
  /// The loop is gone; the kernel stays until its last block is returned.
  void close();
  /// Another thread may ask, to refuse what is of another loop: so this is what changes at the end alone, and not the
  /// state.
  bool closed() const { return owner_ == nullptr; }

 private:
  friend Firing;
  machines::loop::State& state_in(const decltype(machines::loop::diagram)&) { return state_; }
  friend TaskCore;
  friend FutureCore;
  class Stepping;
  struct Progress {
    std::uint32_t resumed;
    std::uint32_t batches;
    bool done;
  };
  ~Kernel() = default;

  void advance(Instant now);
  void take_later(Duration later);
  bool begin_batch();
  bool in_batch() const { return static_cast<const Link<ReadyTag>&>(fence_).linked(); }
  void post_due_timers();
  template <bool debug>
  Progress run_batches(std::uint32_t budget);
  template <bool debug>
  bool run_batch(std::uint32_t& left, std::uint64_t& trail);
  void run_task(TaskCore& task);
  void run_on(TaskCore& task);
  TaskCore* run_hook(Hook& hook);
  bool step_cancelling(TaskCore& task);
  void end_unstarted(TaskCore& task);
  void end_task(TaskCore& task);
  void end_lost(TaskCore& task);
  void note_run(Entry& entry);
  StepResult answer(Instant now) const;

  void publish_to(Hook& hook, FutureCore& future);
  bool refuses(TaskCore& task, FutureCore& future);
  void refuse(TaskCore& task, FutureCore& future);

  void discard_tasks(bool silent);
  bool discard_entries();
  void set_leaving(TaskCore* task) noexcept {
    leaving_ = task;
    looks_at_blocks_ = leaving_ || ending();
  }
  void delete_if_unused() noexcept;
  void block_returned() noexcept;
  void destroy(FutureCore& future) noexcept;
  [[gnu::noinline]] void destroy_current(TaskCore& task) noexcept;
  [[gnu::noinline]] void destroy_dropped() noexcept;
  [[gnu::noinline]] void destroy_later(FutureCore& future) noexcept;
  [[gnu::noinline]] static void destroy_without_frame(TaskCore& task) noexcept;
  void leak(FutureCore& future) const noexcept;
  static void destroy_task(TaskCore& task) noexcept;
  static void destroy_one(FutureCore& future) noexcept;

  EntryList ready_;
  Entry fence_{EntryKind::fence};  // in the ready queue: where the batch ends that is being run
  TaskCore* in_place_ = nullptr;  // as long as a hook runs: the task that is the next of the batch
  std::uint64_t hash_ = 0;
  bool looks_at_blocks_ = false;  // leaving_ || ending(): whose block it is decides where a frame's memory goes
  bool dropping_ = false;      // something is being destroyed, and what it held waits for its turn
  bool debug_ = false;
  machines::loop::State state_ = machines::loop::State::idle;
  TaskCore* leaving_ = nullptr;  // the task whose frames are being destroyed, until its root frame has left it its block
  std::uint32_t ids_ = 0;
  std::uint64_t stamps_ = 0;
  std::uint32_t tasks_alive_ = 0;
  std::uint32_t sources_ = 0;
  std::uint32_t futures_ = 0;
  std::size_t blocks_left_ = 0;  // once closed: those of the pool that were not returned
  Instant now_{};
  std::uint64_t clamped_ = 0;
  std::uint64_t steps_ = 0;
  FramePool pool_;
  TimerQueue timers_;
  Wakeup wakeup_;
  OperationTable operations_;
  List<TaskCore, TaskListTag> tasks_;  // not done, oldest first
  List<Resident, ResidentTag> residents_;
  FutureCore* dropped_ = nullptr;  // their last handles are gone: to be destroyed one after the other, oldest first
  FutureCore* last_dropped_ = nullptr;
  List<Resident, ResidentTag> dropped_residents_;
  struct {
    std::uint32_t id = 0;
    std::uint32_t ids = 0;  // while these two are what they were, no task has come or gone
    std::uint32_t alive = 0;
    TaskCore* task = nullptr;
  } found_;  // by find_task()
  const Message closed_{"the loop was closed"};  // made now, for an end that may have no memory
  const void* home_ = nullptr;
  std::string last_run_;
  Owner* owner_;
};

/// The kernel of the loop that steps on this thread; throws RuntimeError naming `what` if there is none.
[[noreturn]] void throw_no_loop(const char* what);
inline Kernel& running_kernel(const char* what) {
  if (!thread_slot.kernel) [[unlikely]] throw_no_loop(what);
  return *thread_slot.kernel;
}

inline FutureCore::FutureCore(WaitableKind kind, Kernel& kernel, ResultCore& result)
    : Waitable(kind), kernel_(&kernel), result_(&result) {}

inline std::uint32_t FutureCore::id() const {
  if (kind_ == WaitableKind::task) return static_cast<const TaskCore&>(*this).id_;
  return static_cast<const FutureBlock&>(*this).id_;
}

inline FutureBlock::FutureBlock(Kernel& kernel, ResultCore& result, Destroy destroyer, Place created, WaitableKind kind)
    : FutureCore(kind, kernel, result), destroy_(destroyer), created_(created), id_(kernel.next_id()) {
  kernel.count_future();
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
  count_future();
  tasks_.push_back(task);
  ++tasks_alive_;
  task.since_ = now_;
  post(task);
}

inline void Kernel::suspend(FrameCore& frame, Waitable& waitable) {
  TaskCore& task = *thread_slot.task;
  task.innermost_ = &frame;
  task.since_ = now_;
  task.awaiting_ = &waitable;
  if (waitable.is_future() && refuses(task, static_cast<FutureCore&>(waitable))) [[unlikely]] return;
  fire<machines::task::Event::suspend>(task);
}

inline bool Kernel::refuses(TaskCore& task, FutureCore& future) {
  if (&future != static_cast<FutureCore*>(&task) && future.kernel_ == this) [[likely]] return false;
  refuse(task, future);
  return true;
}

/// Inlined always: where an event is fired the effect is known, and one case is left.
[[gnu::always_inline]] inline void TaskCore::perform(machines::task::Do effect, const Message* message) {
  using machines::task::Do;
  switch (effect) {
    case Do::nothing:
      break;
    case Do::park:
      return park();
    case Do::park_and_cancel:
      return park_and_cancel();
    case Do::deliver_cancel:
      deliveries_ |= TaskCore::deliver_cancel;
      break;
    case Do::requeue:
      kernel_->ready_.push_back(*this);
      break;
    case Do::enqueue:
      return kernel_->post(*this);
    case Do::publish_value:
      return set_returned();
    case Do::publish_error:
      return publish_error();
    case Do::publish_cancelled:
      return publish_cancelled(Message());  // the text is in the error, handed out once
    case Do::publish_noted:
      return publish_cancelled(message_);
    case Do::discard:
      if (Entry::linked()) Entry::unlink();
      break;
    case Do::withdraw:
      return withdraw(*message);
    case Do::note_cancel:
      message_ = *message;
      break;
  }
}

inline void TaskCore::park() {
  if (awaiting_->is_future()) {
    static_cast<FutureCore*>(awaiting_)->add_waiter(*this);
  } else {
    static_cast<Parking*>(awaiting_)->task_ = this;
  }
}

inline void Parking::perform(machines::future::Do effect) {
  if (effect == machines::future::Do::publish) fire<machines::task::Event::wake>(*task_);
}

// --- the end of futures ----------------------------------------------------------------------------------------------

inline void Kernel::publish(FutureCore& future) {
  while (Entry* entry = future.waiters_.front()) {
    entry->unlink();
    if (entry->is_task()) [[likely]] {
      fire<machines::task::Event::wake>(static_cast<TaskCore&>(*entry));
    } else {
      publish_to(static_cast<Hook&>(*entry), future);
    }
  }
}

inline void FutureCore::set_returned() { fire<machines::future::Event::set_result>(*this); }

inline void FutureCore::perform(machines::future::Do effect) {
  switch (effect) {
    case machines::future::Do::publish_error:
      unretrieved_ = true;
      [[fallthrough]];
    case machines::future::Do::publish:
      kernel_->publish(*this);
      break;
    case machines::future::Do::refuse:
      unretrieved_ = false;
      break;
  }
}

}  // namespace rondo
