// SPDX-License-Identifier: BSL-1.0
// ending.cpp - the parts of the end, one by one.
#include <rondo/coro/ending.hpp>

#include <rondo/dump.hpp>
#include <rondo/kernel/cancellation.hpp>
#include <rondo/kernel/text.hpp>

namespace rondo {
namespace {

Coro<void> nothing() { co_return; }

}  // namespace

Ending::Ending(Loop& loop, Backend& backend)
    : loop_(&loop), backend_(&backend), driver_(loop.kernel(), backend), stop_(loop.kernel()) {}

Ending::~Ending() {
  if (!ended()) loop_->kernel().operations().abandon(executor_);  // else the loop may be gone
}

/// The coroutine is made in this loop, also where that ends inside the run of another.
void Ending::run_last(Loop::GeneratorCloser closer) {
  const Loop::Scope scope(*loop_);
  wait_for(loop_->create_task(closer ? closer(loop_->kernel()) : nothing()).core());
}

void Ending::perform(machines::ending::Do effect) {
  switch (effect) {
    case machines::ending::Do::cancel_tasks:
      return cancel_tasks();
    case machines::ending::Do::close_generators:
      return run_last(loop_->generator_closer());
    case machines::ending::Do::take_a_turn:
      return run_last(nullptr);
    case machines::ending::Do::nothing:
      break;
    case machines::ending::Do::settle:
      return settle();
    case machines::ending::Do::discard:
      hurried_ = true;
      return loop_->discard();
    case machines::ending::Do::detach:
      return loop_->detach();
  }
}

Instant Ending::deadline() {
  const bool begins = state_ == machines::ending::State::running || state_ == machines::ending::State::wound_up;
  if (hurried_ || begins) return Instant::min();
  if (!wound_up()) return driver_.deadline();
  return loop_->kernel().operations().outputs_waiting() ? Instant::min() : no_deadline;
}

void Ending::turn(std::span<const Input> in, TurnLimits limits) {
  hurried_ = false;
  if (state_ == machines::ending::State::running || state_ == machines::ending::State::wound_up) {
    fire<machines::ending::Event::next>(*this);
  }
  if (wound_up()) return exchange(in);
  while (!wound_up() && part_is_done()) fire<machines::ending::Event::next>(*this);  // there was nothing to do
  switch (driver_.turn(in, limits)) {
    case Turn::waiting:
    case Turn::ready:
      return;
    case Turn::stuck:
      throw_error<DeadlockError>({"deadlock: nothing can happen any more\n", dump_tasks(*loop_)});
    case Turn::done:
      break;
  }
  if (!part_is_done()) throw RuntimeError("the loop was stopped before its main task was done");
  if (left_) {
    left_->report_failures("a task that was left over failed while run() ended");
    left_.reset();
  }
  fire<machines::ending::Event::next>(*this);
}

void Ending::give_up() {
  if (!wound_up()) fire<machines::ending::Event::give_up>(*this);
}

// --- tasks and generators --------------------------------------------------------------------------------------------

bool Ending::part_is_done() const {
  if (state_ == machines::ending::State::cancelling) return !left_ || left_->done();
  return !part_ || part_->done();
}

void Ending::wait_for(FutureCore& future) {
  part_ = Ref<FutureCore>(future);
  stop_.withdraw();
  future.add_waiter(stop_);
}

void Ending::cancel_tasks() {
  Kernel& kernel = loop_->kernel();
  if (kernel.tasks_alive() == 0) return;
  left_ = std::make_unique<Countdown>();
  for (TaskCore* task = kernel.tasks().front(); task; task = kernel.tasks().after(*task)) left_->add(*task);
  left_->then_post(stop_);
  const Message message;
  Kernel::Cancellation cancellation(kernel, message, Kernel::Cancellation::Several());
  left_->for_each([&](FutureCore& task) { cancellation.ask(task); });
}

// --- what is in flight -----------------------------------------------------------------------------------------------

/// What was lent memory of the loop is waited for first, jobs that run among it.
void Ending::settle() {
  stop_.withdraw();
  left_.reset();
  hurried_ = true;
  OperationTable& operations = loop_->kernel().operations();
  operations.cancel_lent();
  if (!backend_->features().jobs) return;
  Output output;
  output.kind = OperationKind::close_executor;
  try {
    operations.start(executor_, output);
  } catch (const std::bad_alloc&) {  // its threads end with the backend, then
  }
}

void Ending::exchange(std::span<const Input> in) {
  driver_.exchange(in);
  const OperationTable& operations = loop_->kernel().operations();
  if (state_ == machines::ending::State::settling && !lent_are_left()) fire<machines::ending::Event::next>(*this);
  if (state_ == machines::ending::State::draining && operations.in_flight() == 0 && !operations.outputs_waiting()) {
    fire<machines::ending::Event::next>(*this);
  }
}

/// Counting costs a look at every slot, so it is done again only when so many have ended that it may have changed.
bool Ending::lent_are_left() {
  const OperationTable& operations = loop_->kernel().operations();
  if (others_ != UINT32_MAX && operations.in_flight() > others_) return true;
  const std::uint32_t lent = operations.lent_in_flight();
  others_ = operations.in_flight() - lent;
  return lent > 0;
}

template struct NoArrow<machines::ending::Event>;

}  // namespace rondo
