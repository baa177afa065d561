// SPDX-License-Identifier: BSL-1.0
// step.cpp - one step: inputs, batches, the turn of each entry, outputs. Here alone user code gets its turn.
#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include <rondo/kernel/words.hpp>

#include <rondo/kernel/text.hpp>

namespace rondo {

/// The thread's slot names this loop while it steps; left on every way out.
class Kernel::Stepping {
 public:
  explicit Stepping(Kernel& kernel) : kernel_(kernel), before_(thread_slot) {
    fire<machines::loop::Event::step>(kernel);
    thread_slot = {.kernel = &kernel,
                   .nesting_floor = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) - stack_for_nesting};
  }
  ~Stepping() {
    thread_slot.task = nullptr;
    if (kernel_.state_ != machines::loop::State::idle) fire<machines::loop::Event::leave>(kernel_);
    thread_slot = before_;
  }
  Stepping(const Stepping&) = delete;
  Stepping& operator=(const Stepping&) = delete;

 private:
  Kernel& kernel_;
  ThreadSlot before_;
};

StepResult Kernel::step(Instant now, std::span<const Input> in, std::span<Output> out, int budget) {
  if (budget < 0) throw_error<std::invalid_argument>({"step: the budget must be 0 or more, not ", budget});
  if (stepping()) throw RuntimeError("step: called from inside a step of the same loop; post a callback instead");
  claim_thread();
  const Stepping stepping(*this);
  if (budget > 0) ++steps_;
  if (timers_.has_unplaced()) [[unlikely]] take_later(Duration::zero());  // the host did not say how late it was
  advance(now);
  for (const Input& input : in) feed(input);

  const auto most = static_cast<std::uint32_t>(budget);
  Progress progress{};
  if (most > 0) progress = debug_ ? run_batches<true>(most) : run_batches<false>(most);
  const std::uint32_t produced = operations_.drain(out);
  mix(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
  StepResult result = answer(now_);
  result.produced = produced;
  result.resumed = progress.resumed;
  result.batches = progress.batches;
  result.done = progress.done;
  if (result.done) result.why = Why::done;
  return result;
}

StepResult Kernel::peek(Instant now) const { return answer(std::max(now, now_)); }

StepResult Kernel::answer(Instant now) const {
  StepResult result;
  if (operations_.outputs_waiting()) {
    result.why = Why::out_full;
    result.deadline = now;
  } else if (!idle() || state_ == machines::loop::State::stop_asked) {
    result.why = Why::ready;
    result.deadline = now;
  } else if (!timers_.empty()) {
    result.why = Why::timer;
    result.deadline = std::max(timers_.deadline(), now);
  }
  result.unplaced = static_cast<std::uint32_t>(timers_.unplaced());
  result.operations = operations_.awaited();
  result.sources = sources_;
  result.tasks = tasks_alive_;
  result.hash = hash_;
  return result;
}

// --- batches ---------------------------------------------------------------------------------------------------------

void Kernel::post_due_timers() {
  while (Timer* timer = timers_.pop_due(now_)) {
    if (timer->entry_kind() == EntryKind::call) {
      static_cast<CallCore&>(*timer).due();
    } else {
      ready_.push_back(*timer);
    }
  }
}

/// Puts due timers behind what is ready and makes of that the next batch; false if there is nothing.
inline bool Kernel::begin_batch() {
  if (timers_.earliest() <= now_) post_due_timers();
  if (ready_.empty()) return false;
  ready_.push_back(fence_);
  return true;
}

constexpr std::uint64_t hash_factor = 0x9E3779B97F4A7C15ULL;

/// The middle of a step: batch after batch, `budget` entries at most, and one at least.
template <bool debug>
Kernel::Progress Kernel::run_batches(std::uint32_t budget) {
  std::uint32_t left = budget;
  std::uint32_t batches = 0;
  std::uint64_t trail = 0;  // the order of all that runs; in a register, and mixed into the hash at the end
  bool done = false;
  bool inside = in_batch();  // the budget of an earlier step ended there
  for (;;) {
    if (!inside) {
      if (batches == max_batches || left == 0) break;
      inside = begin_batch();
      if (inside) ++batches;
    }
    if (inside) {
      inside = run_batch<debug>(left, trail);
      if (inside) break;
    } else if (state_ != machines::loop::State::stopping) {
      break;
    }
    if (state_ == machines::loop::State::stopping) [[unlikely]] {
      fire<machines::loop::Event::end>(*this);
      done = true;
      break;
    }
  }
  mix(trail);
  return {budget - left, batches, done};
}

/// Gives the task that goes on in the place of the hook; null if none does.
inline TaskCore* Kernel::run_hook(Hook& hook) {
  thread_slot.task = nullptr;
  hook.run();
  return std::exchange(in_place_, nullptr);
}

/// A value that is computed here. Otherwise a compiler does it after the next call, and keeps all that it is made of.
inline void compute_now(std::uint64_t& value) { asm("" : "+r"(value)); }

/// Runs what is in the batch, `left` entries at most, and counts them down. True if the budget ends inside the batch.
template <bool debug>
[[gnu::always_inline]] inline bool Kernel::run_batch(std::uint32_t& left, std::uint64_t& trail) {
  for (; left > 0; --left) {
    Entry* entry = &ready_.pop_front();
    if (!entry->is_task()) {
      if (entry->entry_kind() == EntryKind::fence) return false;
      if constexpr (debug) note_run(*entry);
      trail = (trail * hash_factor) + static_cast<std::uint64_t>(entry->entry_kind());
      entry = run_hook(static_cast<Hook&>(*entry));
      if (!entry) continue;
      if (left == 1) {
        ready_.push_front(*entry);
        continue;
      }
      --left;
    }
    if constexpr (debug) note_run(*entry);
    auto& task = static_cast<TaskCore&>(*entry);
    trail = (trail * hash_factor) + task.id_;
    compute_now(trail);
    run_task(task);
  }
  if (ready_.front() != &fence_) return true;
  ready_.pop_front();
  return false;
}

void Kernel::note_run(Entry& entry) {
  last_run_.clear();
  if (entry.is_task()) {
    auto& task = static_cast<TaskCore&>(entry);
    append(last_run_, {static_cast<FutureCore&>(task)});
    if (task.started() && task.innermost_) append(last_run_, {" from ", task.innermost_->at});
  } else if (entry.entry_kind() == EntryKind::call) {
    append(last_run_, {static_cast<CallCore&>(entry)});
  } else if (entry.entry_kind() == EntryKind::operation && static_cast<Operation&>(entry).owned()) {
    append(last_run_, {static_cast<OwnedOperation&>(static_cast<Operation&>(entry)).title()});
  } else {
    append(last_run_, {"the loop's own work"});
  }
}

// --- the turn of a task ----------------------------------------------------------------------------------------------

inline void Kernel::end_task(TaskCore& task) {
  static_cast<Link<TaskListTag>&>(task).unlink();
  --tasks_alive_;
  const ResultCore::Kind kind = task.result_->kind;
  if (kind == ResultCore::Kind::value) [[likely]] {
    fire<machines::task::Event::finish_value>(task);
  } else if (kind == ResultCore::Kind::error) {
    fire<machines::task::Event::finish_error>(task);
  } else {
    fire<machines::task::Event::finish_cancelled>(task);
  }
  task.release();
}

/// Resumes the task where it stands.
[[gnu::always_inline]] inline void Kernel::run_task(TaskCore& task) {
  thread_slot.task = &task;
  if (machines::task::plainly_ready(task.task_state_)) [[likely]] {
    fire<machines::task::Event::step>(task);
  } else if (!step_cancelling(task)) {
    return;
  }
  if (task.entry_kind() == EntryKind::task) [[likely]] {
    task.innermost_->handle().resume();
  } else {
    static_cast<RoutineCore&>(task).step();
  }
  if (thread_slot.next_frame) return run_on(task);
  if (!machines::task::goes_on(task.task_state_)) [[unlikely]] end_lost(task);
}

/// A coroutine of the task has given control back to another one, which goes on inside this turn.
inline void Kernel::run_on(TaskCore& task) {
  while (FrameCore* frame = std::exchange(thread_slot.next_frame, nullptr)) {
    task.innermost_ = frame;
    if (frame->ended()) return end_task(task);
    frame->handle().resume();
  }
  if (!machines::task::goes_on(task.task_state_)) [[unlikely]] end_lost(task);
}

/// A cancellation is noted; false if the task ends by it.
bool Kernel::step_cancelling(TaskCore& task) {
  const bool unstarted = task.task_state_ == machines::task::State::unstarted_cancelling;
  fire<machines::task::Event::step_cancelling>(task);
  if (unstarted) end_unstarted(task);
  return !unstarted;
}

/// Cancelled before its first step: the body of the task never runs.
void Kernel::end_unstarted(TaskCore& task) {
  task.result_->error = std::make_exception_ptr(CancelledError(task.message_));
  task.result_->kind = ResultCore::Kind::cancelled;
  end_task(task);
}

/// Control came back, and the task has neither ended nor begun to wait: nobody would ever resume it. It ends with an
/// error; its frames stay as they are, and go with its last handle.
void Kernel::end_lost(TaskCore& task) {
  const FrameCore& lost = *task.innermost_;
  while (FrameCore* parent = task.innermost_->parent()) task.innermost_ = parent;
  task.result_->error = std::make_exception_ptr(RuntimeError(
      text_of({task, " was resumed at ", lost.at,
               " and does not go on: an awaiter has suspended it and told nobody; or GCC 12 has compiled it wrongly (PR "
               "106188: conditions that await in a coroutine without a local variable, see docs/gcc-12.md)"})));
  task.result_->kind = ResultCore::Kind::error;
  end_task(task);
}

template struct NoArrow<machines::loop::Event>;

}  // namespace rondo
