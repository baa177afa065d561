// SPDX-License-Identifier: BSL-1.0
// driver.cpp - turns: steps until there is nothing to do, or enough was done.
#include <rondo/driver.hpp>

#include <algorithm>
#include <string>

#include <rondo/kernel/task_tree.hpp>
#include <rondo/kernel/text.hpp>

namespace rondo {

[[gnu::always_inline]] inline void Driver::perform(machines::driver::Do effect) {
  switch (effect) {
    case machines::driver::Do::hush:
      kernel_->wakeup().hush();
      break;
    case machines::driver::Do::listen:
      if (function_) kernel_->wakeup().listen(function_, data_, kernel_->next_deadline());
      break;
    case machines::driver::Do::nothing:
      break;
  }
}

/// In debug mode a single callback a step, so that each can be timed.
[[gnu::noinline]] StepResult Driver::timed_step(Instant now, std::span<const Input> in, int budget) {
  constexpr Duration slow = std::chrono::milliseconds(100);
  const StepResult result = kernel_->step(now, in, out_, std::min(budget, 1));
  const Duration took = backend_->now() - now;
  if (result.resumed > 0 && took >= slow) {
    kernel_->report({text_of({"held the loop for ", took.count() / 1'000'000, " ms (slow is ",
                              slow.count() / 1'000'000, " ms and more)"}),
                     nullptr, kernel_->last_run()});
  }
  return result;
}

/// A step whose outputs are submitted, and whose delays count from the calls that asked for them.
[[gnu::always_inline]] inline StepResult Driver::step(std::span<const Input> in, int budget) {
  const Instant now = backend_->now();
  if (kernel_->timers().has_unplaced()) [[unlikely]] kernel_->place(now);  // asked for between the steps
  StepResult result = kernel_->debug() ? timed_step(now, in, budget) : kernel_->step(now, in, out_, budget);
  if (result.produced > 0) backend_->submit(std::span<const Output>(out_).first(result.produced));
  if (result.unplaced > 0) result.deadline = kernel_->place(backend_->now());
  return result;
}

/// Nothing can happen any more. A timer that is as good as never counts where the backend knows that nothing else will.
[[gnu::always_inline]] inline bool Driver::is_stuck(const StepResult& result) const {
  if (result.sources > 0 || result.deadline != no_deadline) return false;
  return (result.why == Why::inputs && result.operations == 0) || backend_->stuck();
}

/// True if nothing is left to do, and how the turn ends; else `in` are the inputs of the next step.
[[gnu::always_inline]] inline bool Driver::ends_turn(const StepResult& result, std::span<const Input>& in, Turn& how) {
  if (result.done) {
    how = Turn::done;
  } else if (result.why != Why::inputs && result.why != Why::timer) {
    in = {};
    return false;
  } else if (!is_stuck(result)) [[likely]] {
    how = Turn::waiting;
  } else {
    in = backend_->reap(Instant::min());  // somebody may have posted a moment ago
    if (!in.empty()) return false;
    how = Turn::stuck;
  }
  return true;
}

[[gnu::always_inline]] inline void Driver::end_turn(Turn how) {
  switch (how) {
    case Turn::waiting:
      return fire<machines::driver::Event::sleep>(*this);
    case Turn::ready:
      return fire<machines::driver::Event::pause>(*this);
    case Turn::done:
      return fire<machines::driver::Event::finish>(*this);
    case Turn::stuck:
      return fire<machines::driver::Event::starve>(*this);
  }
}

Turn Driver::turn(std::span<const Input> in, const TurnLimits& limits) {
  if (state_ == machines::driver::State::turning) throw RuntimeError("turn: called inside a turn of the same loop");
  fire<machines::driver::Event::begin>(*this);
  const std::uint32_t most_in_a_step = limits.time == Duration::max() ? 256 : 8;  // the time is looked at between steps
  Turn how = Turn::ready;
  try {
    const Instant end = limits.time == Duration::max() ? no_deadline : after(backend_->now(), limits.time);
    std::uint32_t left = limits.entries;
    std::uint32_t batches = 0;
    for (;;) {
      const StepResult result = step(in, static_cast<int>(std::min(left, most_in_a_step)));
      if (ends_turn(result, in, how)) break;
      left -= std::min(left, result.resumed);
      batches += result.batches;
      if (in.empty() && (left == 0 || batches >= Kernel::max_batches)) break;
      if (end != no_deadline && backend_->now() >= end && in.empty()) break;
    }
  } catch (...) {
    end_turn(Turn::ready);
    throw;
  }
  end_turn(how);
  return how;
}

void Driver::exchange(std::span<const Input> in) { step(in, 0); }

void drive(Kernel& kernel, Backend& backend) {
  Driver driver(kernel, backend);
  constexpr TurnLimits none{.entries = UINT32_MAX};
  for (;;) {
    const Turn ended = driver.turn(backend.reap(driver.deadline()), none);
    if (ended == Turn::done) return;
    if (ended == Turn::stuck) {
      throw_error<DeadlockError>({"deadlock: nothing can happen any more\n", task_tree(kernel, most_listed_tasks)});
    }
  }
}

template struct NoArrow<machines::driver::Event>;

}  // namespace rondo
