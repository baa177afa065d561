// SPDX-License-Identifier: BSL-1.0
// runner_core.cpp - running coroutines on a loop, and leaving it as asyncio does.
#include <rondo/coro/runner_core.hpp>

#include <string>

#include <rondo/kernel/text.hpp>
#include <rondo/kernel/words.hpp>
#include <rondo/run.hpp>

namespace rondo {

void throw_nested_run() {
  throw RuntimeError("run: called while a loop runs on this thread; await the coroutine instead");
}

// --- one thread at a time, and never inside itself -------------------------------------------------------------------

RunnerCore::RunnerCore(std::unique_ptr<Backend> own, Backend& backend, RunOptions options)
    : own_backend_(std::move(own)), backend_(&backend), options_(options) {}

RunnerCore::~RunnerCore() {
  try {
    close();
  } catch (...) {
  }
}

RunnerCore::Claim::Claim(RunnerCore& runner, const char* what) : runner_(runner) {
  if (runner.runs_here()) {
    throw_error<RuntimeError>({what, ": called inside the run of this Runner; let that end first"});
  }
  if (!runner.backend_->poster().claim()) {
    throw_error<RuntimeError>({what, ": another thread runs this Runner, or another one on its backend"});
  }
  if (runner.loop_) runner.loop_->kernel().move_to_this_thread();  // which may be another one than before
}

RunnerCore::Claim::~Claim() {
  if (runner_.loop_) runner_.loop_->kernel().leave_thread();
  runner_.backend_->poster().give_back();
}

void RunnerCore::release() noexcept {
  if (runs_here()) {
    orphan_ = true;
    loop_->call_exception_handler(
        {"a Runner was destroyed inside its own run; the run goes on, and throws in the end", nullptr, "Runner"});
  }
  RefCounted::release();
}

bool RunnerCore::runs_here() const { return loop_ && thread_slot.kernel == &loop_->kernel(); }

Loop& RunnerCore::loop() {
  if (closed_) throw RuntimeError("the Runner is closed");
  if (!loop_) {
    const Features features = backend_->features();
    loop_ = std::make_unique<Loop>(LoopOptions{options_.resource, options_.debug || features.debug});
    loop_->attach(*backend_);
    loop_->set_default_report(features.report);
  }
  return *loop_;
}

// --- running ---------------------------------------------------------------------------------------------------------

/// While it exists, the first Ctrl-C cancels the main task.
class RunnerCore::Interrupt final : public OwnedOperation {
 public:
  Interrupt(RunnerCore& runner, TaskCore& main)
      : runner_(&runner), driver_(runner.loop_->kernel(), *runner.backend_), main_(main) {}
  /// Before main runs. What the backend throws goes through.
  void begin() {
    RunnerCore& runner = *runner_;
    constexpr int ctrl_c = 2;
    if (!runner.options_.handle_interrupts || !runner.backend_->features().hears(ctrl_c)) return;
    Output output;
    output.kind = OperationKind::interrupt;
    runner.loop_->kernel().operations().start(*this, output);
    runner.loop_->kernel().operations().begin_watch();
    watches_ = true;
    driver_.exchange({});
  }
  /// Waits for its completion: the next loop on this backend must not get it.
  ~Interrupt() {
    OperationTable& operations = runner_->loop_->kernel().operations();
    operations.cancel(*this);
    try {
      if (in_flight()) driver_.exchange({});
      while (in_flight()) driver_.exchange(runner_->backend_->reap(no_deadline));
    } catch (...) {
      runner_->loop_->call_exception_handler(
          {"the backend failed when run() gave Ctrl-C back", std::current_exception(), "Runner"});
    }
    operations.abandon(*this);
    if (watches_) operations.end_watch();
  }
  bool happened() const { return happened_; }
  void completed() override {
    if (result() < 0) {  // it could not begin, and is not in flight
      runner_->loop_->kernel().operations().end_watch();
      watches_ = false;
    }
    if (result() < 0 || happened_) return;
    happened_ = true;
    static_cast<FutureCore&>(*main_).cancel(Message());
  }

 private:
  RunnerCore* runner_;
  Driver driver_;
  Ref<TaskCore> main_;
  bool watches_ = false;
  bool happened_ = false;
};

void RunnerCore::run_until(FutureCore& future) {
  StopHook stop(loop_->kernel());
  future.add_waiter(stop);
  drive(*loop_, *backend_);
  if (!future.done()) throw RuntimeError("the loop was stopped before its main task was done");
}

void RunnerCore::run_main(TaskCore& main) {
  note_last_run(nullptr, {});
  main.context() = context_;
  struct Keeping {
    Context& context;
    TaskCore& main;
    ~Keeping() { context = main.context(); }
  } const keeping{context_, main};
  Interrupt interrupt(*this, main);
  interrupt.begin();
  run_until(main);
  note_last_run(main.result_core().error, stack_of(main));
  if (interrupt.happened() && main.was_cancelled() && main.uncancel() == 0) throw KeyboardInterrupt();
}

void RunnerCore::refuse_orphan() const {
  if (orphan_) throw RuntimeError("run: the Runner was destroyed inside its own run");
}

// --- the end ---------------------------------------------------------------------------------------------------------

void RunnerCore::wind_up(Ending& ending) {
  while (!ending.wound_up()) ending.turn(backend_->reap(ending.deadline()), {.entries = UINT32_MAX});
}

/// A backend may have something to complain of even now (a tape that answers another run); what is in flight ends all
/// the same. One that does nothing but complain is not waited for.
void RunnerCore::settle(Ending& ending) noexcept {
  constexpr int most_failures = 16;  // in a row
  for (int failures = 0; !ending.ended() && failures < most_failures;) {
    try {
      ending.turn(backend_->reap(ending.deadline()));
      failures = 0;
    } catch (...) {
      ++failures;
      const bool last = failures == most_failures;
      loop_->call_exception_handler({last ? "the backend fails again and again; what it had begun is not waited for"
                                          : "the backend failed while run() ended",
                                     std::current_exception(), std::string(backend_->name())});
    }
  }
}

/// What is left over may drop the Runner: it is there until this has ended.
void RunnerCore::finish() {
  const Ref<RunnerCore> self = runs_here() ? Ref<RunnerCore>() : Ref<RunnerCore>(*this);
  const Claim claim(*this, "finish");
  Ending ending(loop(), *backend_);
  wind_up(ending);
  refuse_orphan();
}

void RunnerCore::close() {
  if (closed_) return;
  const bool held = references_ > 0 && !runs_here();  // not in the destructor, and not where it is refused
  const Ref<RunnerCore> self = held ? Ref<RunnerCore>(*this) : Ref<RunnerCore>();
  const Claim claim(*this, "close");
  std::exception_ptr failure;
  if (loop_) {
    Ending ending(*loop_, *backend_);
    try {
      wind_up(ending);
    } catch (...) {
      failure = std::current_exception();
      ending.give_up();
    }
    closed_ = true;
    {
      const Loop::Scope scope(*loop_);  // for destructors of its values
      context_ = Context();
    }
    loop_->drop_tasks_silently();
    settle(ending);
  }
  closed_ = true;
  loop_.reset();
  if (failure) std::rethrow_exception(failure);
  refuse_orphan();
}

}  // namespace rondo
