// SPDX-License-Identifier: BSL-1.0
// loop.cpp - one step, and what each kind of queue entry does.
#include <rondo/loop.hpp>

#include <stdexcept>

#include <rondo/as_completed.hpp>
#include <rondo/async_generator.hpp>
#include <rondo/backend.hpp>
#include <rondo/dump.hpp>
#include <rondo/gather_core.hpp>
#include <rondo/job.hpp>
#include <rondo/queue_core.hpp>
#include <rondo/routine.hpp>
#include <rondo/run.hpp>
#include <rondo/shield.hpp>
#include <rondo/sleep.hpp>
#include <rondo/socket.hpp>
#include <rondo/task_group.hpp>
#include <rondo/timeout.hpp>
#include <rondo/wait.hpp>

namespace rondo {

Loop::Loop(LoopOptions options)
    : kernel_(new Kernel(options.resource ? *options.resource : *std::pmr::new_delete_resource(), *this)),
      debug_(options.debug) {}

Loop::~Loop() {
  discard_everything();
  fire<loop::diagram, loop::Event::close>(*this);
  kernel_->close();
}

Loop& this_loop() { return running_kernel("this_loop").loop(); }

Loop::Scope::Scope(Loop& loop) : before_(here) {
  if (!loop.home_) loop.home_ = &here;
  here = {loop.kernel_, &context_};
}

static std::string describe_handler(int signal) { return "handler of signal " + std::to_string(signal); }

// --- one step --------------------------------------------------------------------------------------------------------

namespace {

/// The thread's slot names this loop while it steps; left on every way out.
class Stepping {
 public:
  explicit Stepping(Loop& loop) : loop_(loop), before_(here) {
    fire<loop::diagram, loop::Event::step>(loop);
    here = {&loop.kernel(), nullptr};
  }
  ~Stepping() {
    loop_.kernel().leave_task();
    if (loop_.state() != loop::State::idle) fire<loop::diagram, loop::Event::leave>(loop_);
    here = before_;
  }
  Stepping(const Stepping&) = delete;
  Stepping& operator=(const Stepping&) = delete;

 private:
  Loop& loop_;
  Here before_;
};

}  // namespace

inline void Loop::end_task(Kernel& kernel, TaskCore& task) {
  static_cast<Link<TaskListTag>&>(task).unlink();
  --kernel.tasks_alive_;
  const ResultCore::Kind kind = task.result_->kind;
  if (kind == ResultCore::Kind::value && !task.must_cancel()) [[likely]] {
    fire<task::diagram, task::Event::finish_value>(task);
  } else if (kind == ResultCore::Kind::value) {
    fire<task::diagram, task::Event::finish_cancelling>(task);
  } else if (kind == ResultCore::Kind::error) {
    fire<task::diagram, task::Event::finish_error>(task);
  } else {
    fire<task::diagram, task::Event::finish_cancelled>(task);
  }
  task.release();
}

/// What the runner does most: resumes a task where it stands, and whoever awaits it inside the task after that.
inline void Loop::run_task(Kernel& kernel, TaskCore& task) {
  kernel.current_ = &task;
  if (task.notes_ != 0) [[unlikely]] {
    if (!begin_unusual(kernel, task)) return;
  } else {
    fire<task::diagram, task::Event::step>(task);
  }
  FrameCore* frame = task.innermost_;
  if (task.entry_kind() == EntryKind::task) [[likely]] {
    frame->handle().resume();
  } else {
    static_cast<RoutineCore&>(task).step();
  }
  while ((frame = kernel.next_frame_)) {
    kernel.next_frame_ = nullptr;
    if (frame->ended) {
      task.innermost_ = frame;
      return end_task(kernel, task);
    }
    frame->handle().resume();
  }
}

/// The first step, or one that delivers a cancellation. False if that was all: cancelled before its first step, the
/// body of a task never runs.
bool Loop::begin_unusual(Kernel& kernel, TaskCore& task) {
  if (!task.must_cancel()) {
    task.notes_ = 0;
    fire<task::diagram, task::Event::step>(task);
    return true;
  }
  const bool started = task.started();
  fire<task::diagram, task::Event::step_cancelling>(task);
  if (started) return true;
  task.take_deliveries();
  task.result_->error = std::make_exception_ptr(CancelledError(task.message_));
  task.result_->kind = ResultCore::Kind::cancelled;
  end_task(kernel, task);
  return false;
}

StepResult Loop::step(Instant now, std::span<const Input> in, std::span<Output> out, int budget) {
  if (budget < 0) throw std::invalid_argument("step: the budget must be 0 or more, not " + std::to_string(budget));
  if (state_ == loop::State::stepping || state_ == loop::State::stopping) {
    throw RuntimeError("step: called from inside a step of the same loop; post a callback instead");
  }
  if (!home_) home_ = &here;
  const Stepping stepping(*this);
  Kernel& kernel = *kernel_;
  kernel.measure_stack();
  kernel.advance(now);
  for (const Input& input : in) kernel.feed(input);

  const auto most = static_cast<std::uint32_t>(budget);
  const Progress progress = debug_ ? run_batches<true>(kernel, most) : run_batches<false>(kernel, most);
  const std::uint32_t produced = kernel.operations().drain(out);
  kernel.mix(static_cast<std::uint64_t>(kernel.now().time_since_epoch().count()));
  StepResult result = answer(kernel.now());
  result.produced = produced;
  result.resumed = progress.resumed;
  result.batches = progress.batches;
  result.done = progress.done;
  if (result.done) result.why = Why::done;
  return result;
}

/// The middle of a step: batch after batch, `budget` entries at most.
template <bool debug>
Loop::Progress Loop::run_batches(Kernel& kernel, std::uint32_t budget) {
  std::uint32_t left = budget;
  std::uint32_t batches = 0;
  std::uint64_t trail = 0;  // the order of all that runs; in a register, and mixed into the hash at the end
  bool done = false;
  for (;;) {
    if (!kernel.in_batch()) {
      if (batches == max_batches || (left == 0 && batches > 0)) break;
      if (kernel.begin_batch()) {
        ++batches;
      } else if (state_ != loop::State::stopping) {
        break;
      }
    }
    if (kernel.in_batch()) {
      left = run_batch<debug>(kernel, left, trail);
      if (kernel.in_batch()) break;  // the budget ended inside the batch
    }
    if (state_ == loop::State::stopping) [[unlikely]] {
      fire<loop::diagram, loop::Event::end>(*this);
      done = true;
      break;
    }
  }
  kernel.mix(trail);
  return {budget - left, batches, done};
}

inline void Loop::run_operation(Operation& operation) {
  const std::uint32_t times = operation.take_times();
  if (operation.use() == Operation::Use::await) return kernel_->wake(operation);
  if (operation.use() == Operation::Use::owned) return static_cast<OwnedOperation&>(operation).completed();
  run_signal_handler(static_cast<SignalHandler&>(operation), times);
}

/// Runs what is in the batch, `left` entries at most; returns how many more might have run.
template <bool debug>
inline std::uint32_t Loop::run_batch(Kernel& kernel, std::uint32_t left, std::uint64_t& order) {
  std::uint64_t trail = order;
  while (left > 0 || kernel.at_fence()) {
    Entry* const entry = kernel.next();
    if (!entry) break;
    --left;
    if constexpr (debug) note_run(*entry);
    trail *= 0x9E3779B97F4A7C15ULL;
    if (entry->entry_kind() <= EntryKind::routine) [[likely]] {
      auto& task = static_cast<TaskCore&>(*entry);
      trail += task.id_;
      run_task(kernel, task);
    } else {
      kernel.current_ = nullptr;
      trail += static_cast<std::uint64_t>(entry->entry_kind());
      if (entry->entry_kind() == EntryKind::operation) {
        run_operation(static_cast<Operation&>(*entry));
      } else {
        run(*entry);
      }
    }
  }
  order = trail;
  return left;
}

StepResult Loop::peek(Instant now) const { return answer(std::max(now, kernel_->now())); }

StepResult Loop::answer(Instant now) const {
  const Kernel& kernel = *kernel_;
  StepResult result;
  if (kernel_->operations().outputs_waiting()) {
    result.why = Why::out_full;
    result.deadline = now;
  } else if (!kernel.idle() || state_ == loop::State::stop_asked) {
    result.why = Why::ready;
    result.deadline = now;
  } else if (!kernel_->timers().empty()) {
    result.why = Why::timer;
    result.deadline = std::max(kernel_->timers().earliest(), now);
  }
  result.operations = kernel_->operations().in_flight();
  result.sources = kernel.sources_;
  result.tasks = kernel.tasks_alive();
  result.hash = kernel.hash();
  return result;
}

void Loop::note_run(Entry& entry) {
  if (entry.entry_kind() <= EntryKind::routine) {
    auto& task = static_cast<TaskCore&>(entry);
    last_run_ = describe(static_cast<FutureCore&>(task));
    if (task.started() && task.innermost_) last_run_ += " from " + describe(task.innermost_->place());
  } else if (entry.entry_kind() == EntryKind::call) {
    last_run_ = describe(static_cast<CallCore&>(entry));
  } else if (entry.entry_kind() == EntryKind::operation &&
             static_cast<Operation&>(entry).use() == Operation::Use::handler) {
    last_run_ = describe_handler(static_cast<SignalHandler&>(entry).signal);
  } else {
    last_run_ = "the loop's own work";
  }
}

void Loop::run(Entry& entry) {
  Kernel& kernel = *kernel_;
  switch (entry.entry_kind()) {
    case EntryKind::task:
    case EntryKind::routine:
    case EntryKind::operation:
    case EntryKind::fence:
      break;  // step() does not send these here
    case EntryKind::call:
      return run_call(static_cast<CallCore&>(entry));
    case EntryKind::stop:
      return stop();
    case EntryKind::sleep:
      return kernel.wake(static_cast<SleepCore&>(entry));
    case EntryKind::timeout:
      return static_cast<Timeout&>(entry).expire();
    case EntryKind::gather_child: {
      auto& child = static_cast<GatherChild&>(entry);
      return child.gather->child_done(child);
    }
    case EntryKind::shield_inner:
      return static_cast<ShieldInner&>(entry).inner_done();
    case EntryKind::shield_outer:
      return static_cast<ShieldOuter&>(entry).outer_done();
    case EntryKind::wait_member:
      return static_cast<WaitMember&>(entry).done();
    case EntryKind::wait_limit:
      return static_cast<WaitLimit&>(entry).expire();
    case EntryKind::group_child:
      return static_cast<GroupChild&>(entry).done();
    case EntryKind::completed_member:
      return static_cast<CompletionMember&>(entry).done();
    case EntryKind::completed_limit:
      return static_cast<CompletionLimit&>(entry).expire();
    case EntryKind::job_outer:
      return static_cast<JobOuter&>(entry).outer_done();
    case EntryKind::queue_turn:
      return static_cast<QueueWaiter&>(entry).turn();
  }
}

// --- callbacks -------------------------------------------------------------------------------------------------------

void CallCore::perform(handle::Do effect) {
  switch (effect) {
    case handle::Do::enqueue:
      kernel_->post(*this);
      break;
    case handle::Do::arm:
      kernel_->arm(*this, when_);
      break;
    case handle::Do::drop:
      kernel_->disarm(*this);
      drop();
      forget();
      release();
      break;
    case handle::Do::attach:
    case handle::Do::call:
    case handle::Do::nothing:
      break;
  }
}

void Handle::cancel() {
  if (core_) fire<handle::diagram, handle::Event::cancel>(*core_);
}

void Loop::run_call(CallCore& call) {
  const Ref<CallCore> held = Ref<CallCore>::adopt(call);  // the queue's reference
  fire<handle::diagram, handle::Event::run>(call);
  kernel_->mix(call.id());
  here.context = &call.context();
  try {
    call.invoke();
  } catch (...) {
    call_exception_handler({"a callback threw an exception", std::current_exception(), describe(call)});
  }
  call.forget();
  here.context = nullptr;
}

Handle Loop::post_call(CallCore& call) {
  call.set_id(kernel_->next_id());
  fire<handle::diagram, handle::Event::post>(call);
  return Handle(call);
}

TimerHandle Loop::arm_call(CallCore& call, Instant when) {
  call.set_id(kernel_->next_id());
  call.set_when(when);
  try {
    fire<handle::diagram, handle::Event::arm>(call);
  } catch (...) {
    call.release();
    throw;
  }
  return TimerHandle(call);
}

Context Loop::foreign_context() { return context_or_empty().detached(); }

void Loop::hand_over(CallCore& call) {
  if (!backend_) {
    call.release();
    throw RuntimeError("call_soon_threadsafe: the loop has no backend that could be woken");
  }
  backend_->post(call);
}

// --- signals and operations ------------------------------------------------------------------------------------------

void Loop::run_signal_handler(SignalHandler& handler, std::uint32_t times) {
  if (handler.result() < 0) {
    return call_exception_handler({"the signal cannot be handled (error " + std::to_string(-handler.result()) + ")",
                                   nullptr, describe_handler(handler.signal)});
  }
  for (std::uint32_t i = 0; i < times; ++i) {
    try {
      handler.call();
    } catch (...) {
      call_exception_handler({"a signal handler threw an exception", std::current_exception(),
                              describe_handler(handler.signal)});
    }
  }
}

void Loop::install_signal_handler(int signal, std::unique_ptr<SignalHandler> handler) {
  remove_signal_handler(signal);
  handler->signal = signal;
  signal_handlers_.push_back(std::move(handler));
  Output output;
  output.kind = OperationKind::signal;
  output.handle = signal;
  kernel_->operations().start(*signal_handlers_.back(), output);
}

bool Loop::remove_signal_handler(int signal) {
  for (auto at = signal_handlers_.begin(); at != signal_handlers_.end(); ++at) {
    if ((*at)->signal != signal) continue;
    SignalHandler& handler = **at;
    if (handler.in_flight()) kernel_->operations().abandon(handler);
    if (handler.Entry::linked()) handler.Entry::unlink();
    signal_handlers_.erase(at);
    return true;
  }
  return false;
}

// --- the rest --------------------------------------------------------------------------------------------------------

void Loop::stop() { fire<loop::diagram, loop::Event::stop>(*this); }

OutsideSource Loop::open_source() {
  ++kernel_->sources_;
  return OutsideSource(*this);
}

OutsideSource::~OutsideSource() {
  if (loop_) --loop_->kernel().sources_;
}

void Loop::call_exception_handler(const ErrorContext& context) noexcept {
  if (handler_) {
    try {
      return handler_->call(context);
    } catch (...) {  // a handler that throws is as good as none: the report is kept
    }
  }
  try {
    if (reports_.size() < 256) reports_.push_back(context);
  } catch (...) {
  }
}

void Loop::refuse_foreign_thread(const char* what) const {
  if (!home_ || home_ == &here) return;
  throw RuntimeError(std::string(what) + ": called from a thread that is not the loop's; use call_soon_threadsafe");
}

void Loop::discard_everything() {
  const Scope scope(*this);
  while (!signal_handlers_.empty()) remove_signal_handler(signal_handlers_.back()->signal);
  Kernel& kernel = *kernel_;
  kernel.ending_ = true;
  while (TaskCore* task = kernel.tasks_.front()) {
    if (!silent_) call_exception_handler({"a task was destroyed while it was pending", nullptr, describe(*task)});
    static_cast<Link<TaskListTag>&>(*task).unlink();
    --kernel.tasks_alive_;
    fire<task::diagram, task::Event::drop>(*task);
    task->message_ = closed_;
    fire<future::diagram, future::Event::cancel>(static_cast<FutureCore&>(*task));
    kernel.discard(*task);
    task->release();
  }
  while (Combinator* combinator = kernel.combinators_.front()) combinator->abandon();
  while (!kernel.generators_.empty()) kernel.generators_.pop_front();  // their handles may live on
  while (Socket* socket = kernel.sockets_.front()) socket->close();
  if (kernel.in_batch()) static_cast<Entry&>(kernel.fence_).unlink();
  while (Entry* entry = kernel.ready_.front()) drop_entry(*entry);
  while (Timer* timer = kernel.timers_.pop_due(never)) drop_entry(*timer);
}

/// An entry that will never run.
void Loop::drop_entry(Entry& entry) {
  if (entry.entry_kind() == EntryKind::call) {
    Handle(static_cast<CallCore&>(entry)).cancel();
    return;
  }
  if (entry.linked()) entry.unlink();
}

}  // namespace rondo
