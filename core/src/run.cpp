// SPDX-License-Identifier: BSL-1.0
// run.cpp - driving a loop, and leaving it as asyncio does.
#include <rondo/run.hpp>

#include <array>

#include <rondo/async_generator.hpp>
#include <rondo/dump.hpp>
#include <rondo/gather.hpp>

namespace rondo {

namespace {

/// One step of a driven loop. In debug mode a single callback a step, so that each can be timed.
StepResult timed_step(Loop& loop, Backend& backend, std::span<const Input> in, std::span<Output> out) {
  if (!loop.debug()) return loop.step(backend.now(), in, out);
  constexpr Duration slow = std::chrono::milliseconds(100);
  const Instant before = backend.now();
  const StepResult result = loop.step(before, in, out, 1);
  const Duration took = backend.now() - before;
  if (result.resumed > 0 && took >= slow) {
    loop.call_exception_handler({"held the loop for " + std::to_string(took.count() / 1'000'000) + " ms (slow is " +
                                     std::to_string(slow.count() / 1'000'000) + " ms and more)",
                                 nullptr, loop.last_run()});
  }
  return result;
}

}  // namespace

void drive(Loop& loop, Backend& backend) {
  std::array<Output, 64> out;
  std::span<const Input> in;
  StepResult result;
  result.deadline = backend.now();
  std::uint32_t batches = Loop::max_batches;
  for (;;) {
    const bool idle = result.why == Why::inputs || result.why == Why::timer;
    if (idle || batches >= Loop::max_batches) {
      batches = 0;
      in = backend.reap(result.deadline);
    } else {
      in = {};
    }
    result = timed_step(loop, backend, in, out);
    batches += result.batches;
    if (result.produced > 0) backend.submit(std::span<const Output>(out).first(result.produced));
    if (result.done) return;
    if (result.why == Why::inputs && result.sources == 0 && (result.operations == 0 || backend.stuck())) {
      in = backend.reap(Instant::min());  // somebody may have posted a moment ago
      if (in.empty()) throw DeadlockError("deadlock: nothing can happen any more\n" + dump_tasks(loop));
      result = timed_step(loop, backend, in, out);
      if (result.produced > 0) backend.submit(std::span<const Output>(out).first(result.produced));
      if (result.done) return;
    }
  }
}

namespace {

Coro<void> nothing() { co_return; }

/// Those that have begun when this runs, oldest first.
Coro<void> close_generators(Kernel& kernel) {
  std::vector<Coro<void>> closing;
  for (GeneratorCore* core = kernel.generators().front(); core; core = kernel.generators().after(*core)) {
    if (core->begun()) closing.push_back(close_generator(Ref<GeneratorCore>(*core)));
  }
  if (closing.empty()) co_return;
  auto outcomes = co_await gather(return_exceptions, std::move(closing));
  for (const auto& outcome : outcomes) {
    if (!outcome.failed()) continue;
    this_loop().call_exception_handler(
        {"an async generator failed while run() closed it", outcome.error(), "async generator"});
  }
}

}  // namespace

Runner::Runner(std::unique_ptr<Backend> backend, RunOptions options)
    : own_backend_(std::move(backend)), backend_(own_backend_.get()), options_(options) {}

Runner::Runner(Backend& backend, RunOptions options) : backend_(&backend), options_(options) {}

Runner::~Runner() {
  try {
    close();
  } catch (...) {
  }
}

Loop& Runner::loop() {
  if (closed_) throw RuntimeError("the Runner is closed");
  if (!loop_) {
    loop_ = std::make_unique<Loop>(LoopOptions{options_.resource, options_.debug});
    loop_->attach(*backend_);
    backend_->prepare(*loop_);
  }
  return *loop_;
}

void Runner::check_can_run() {
  if (here.kernel) throw RuntimeError("run: called while a loop runs on this thread; await the coroutine instead");
  loop();
}

void Runner::run_until(FutureCore& future) {
  StopEntry stop;
  future.add_waiter(stop);
  drive(*loop_, *backend_);
  if (!future.done()) throw RuntimeError("the loop was stopped before its main task was done");
}

void Runner::run_main(TaskCore& main) {
  struct Keeping {
    Context& context;
    TaskCore& main;
    ~Keeping() { context = main.context(); }
  } const keeping{context_, main};
  if (!options_.handle_interrupts) return run_until(main);
  const Ref<TaskCore> held(main);
  bool interrupted = false;
  auto on_interrupt = [&interrupted, &main] {
    interrupted = true;
    static_cast<FutureCore&>(main).cancel(Message());
  };
  auto& call = Call<decltype(on_interrupt)>::make_foreign(on_interrupt, Context(), Place::here());
  backend_->begin_interrupts(call);
  try {
    run_until(main);
  } catch (...) {
    backend_->end_interrupts();
    throw;
  }
  backend_->end_interrupts();
  if (interrupted && main.was_cancelled() && main.uncancel() == 0) throw KeyboardInterrupt();
}

void Runner::cancel_tasks() {
  Kernel& kernel = loop_->kernel();
  std::vector<Future<void>> left;
  for (TaskCore* task = kernel.tasks().front(); task; task = kernel.tasks().after(*task)) {
    left.push_back(Future<void>(Ref<FutureCore>(*task)));
  }
  if (left.empty()) return;
  for (const auto& task : left) task.cancel();
  Future<std::vector<Outcome<void>>> all;
  {
    const Loop::Scope scope(*loop_);
    all = gather(return_exceptions, left);
  }
  run_until(all.core());
  const auto outcomes = all.result();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (!outcomes[i].failed()) continue;
    loop_->call_exception_handler(
        {"a task that was left over failed while run() ended", outcomes[i].error(), describe(left[i].core())});
  }
}

void Runner::finish() {
  loop();
  cancel_tasks();
  auto closing = loop_->create_task(close_generators(loop_->kernel()));
  run_until(closing.core());
  auto executor = loop_->create_task(nothing());  // asyncio's run() takes this turn, too, to shut its executor down
  run_until(executor.core());
}

/// Nothing is left in flight when the loop goes. What was lent memory of the loop is waited for first, jobs that run
/// among it; then all else is cancelled and has its terminal completion, so that the backend forgets this loop.
void Runner::settle() noexcept {
  OperationTable& operations = loop_->kernel().operations();
  operations.cancel_lent();
  while (operations.lent_in_flight() > 0) exchange_or_report();
  loop_->discard();
  while (operations.in_flight() > 0 || operations.outputs_waiting()) exchange_or_report();
}

/// A backend may have something to complain of even now (a tape that answers another run); what is in flight ends all
/// the same.
void Runner::exchange_or_report() noexcept {
  try {
    exchange();
  } catch (...) {
    loop_->call_exception_handler(
        {"the backend failed while run() ended", std::current_exception(), std::string(backend_->name())});
  }
}

/// Passes outputs and completions without running anything.
void Runner::exchange() {
  std::array<Output, 64> out;
  const StepResult result = loop_->step(backend_->now(), {}, out, 0);
  backend_->submit(std::span<const Output>(out).first(result.produced));
  const OperationTable& operations = loop_->kernel().operations();
  if (operations.in_flight() == 0) return;
  const Instant deadline = operations.outputs_waiting() ? Instant::min() : never;
  const std::span<const Input> in = backend_->reap(deadline);
  static_cast<void>(loop_->step(backend_->now(), in, {}, 0));
}

void Runner::close() {
  if (closed_) return;
  struct Leaving {
    Runner& runner;
    ~Leaving() {
      runner.closed_ = true;
      runner.backend_->shutdown_default_executor();
      runner.context_ = Context();
      if (runner.loop_) {
        runner.loop_->drop_tasks_silently();
        runner.settle();
      }
      runner.loop_.reset();
    }
  } const leaving{*this};
  if (loop_) finish();
}

}  // namespace rondo
