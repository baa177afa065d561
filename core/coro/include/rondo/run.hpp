// SPDX-License-Identifier: BSL-1.0
// run.hpp - run(): the way into a program; Runner: several runs on one loop.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include <rondo/coro/runner_core.hpp>
#include <rondo/default_backend.hpp>
#include <rondo/task.hpp>

namespace rondo {

[[noreturn]] void throw_nested_run();

/// Runs coroutines one after the other on one loop. One thread at a time may run it, or another runner on its backend:
/// the second one gets RuntimeError, and the first goes on. Source: asyncio.Runner.
class Runner {
 public:
  /// On the backend that was picked when the library was built, or on one of your own, which must outlive the runner.
  explicit Runner(RunOptions options = {}) : Runner(make_default_backend(), options) {}
  explicit Runner(Backend& backend, RunOptions options = {})
      : core_(Ref<RunnerCore>::adopt(*new RunnerCore(nullptr, backend, options))) {}
  /// Closes; what close() would throw is lost. Inside its own run it cannot: the exception handler is told, the run
  /// goes on, and run() throws RuntimeError in the end.
  ~Runner() = default;
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// Runs `main` as a task until it is done; gives its value or throws its error. Tasks left over stay for the next
  /// run, or for close(). The main tasks of a runner share one context: what one sets, the next one sees. Throws
  /// RuntimeError inside a running loop and after close(), and DeadlockError.
  template <class T>
  T run(Coro<T> main, Place place = Place::here()) {
    if (thread_slot.kernel) throw_nested_run();
    const Ref<RunnerCore> core = core_;  // which may outlive this Runner
    const RunnerCore::Claim claim(*core, "run");
    Task<T> task = core->loop().create_task(std::move(main), {}, place);
    core->run_main(task.task());
    core->refuse_orphan();
    return take_result<T>(task.core());
  }

  Loop& loop() { return core_->loop(); }

  /// The first half of close(): cancels what is left, oldest first, and waits for it; closes async generators. Errors
  /// of what was left go to the exception handler. The loop stays. RuntimeError inside its own run.
  void finish() { core_->finish(); }

  /// Leaves as asyncio.run does: finish(), then the default executor is shut down and the loop destroyed; tasks made
  /// meanwhile are dropped. Waits for jobs that run, on any executor; those that have not started are withdrawn.
  /// A second call does nothing. RuntimeError inside its own run.
  void close() { core_->close(); }

 private:
  Runner(std::unique_ptr<Backend> backend, RunOptions options) : core_(make(std::move(backend), options)) {}
  static Ref<RunnerCore> make(std::unique_ptr<Backend> backend, RunOptions options) {
    Backend& own = *backend;
    return Ref<RunnerCore>::adopt(*new RunnerCore(std::move(backend), own, options));
  }
  Ref<RunnerCore> core_;
};

/// Runs `main` on `backend`, with a loop of its own, to the end of everything: see Runner::run and Runner::close.
template <class T>
T run(Backend& backend, Coro<T> main, RunOptions options = {}, Place place = Place::here()) {
  Runner runner(backend, options);
  ValueOf<T> value = value_of([&] { return runner.run(std::move(main), place); });
  runner.close();
  if constexpr (!std::is_void_v<T>) return value;
}

/// The same on the backend that was picked when the library was built. Source: asyncio.run.
template <class T>
T run(Coro<T> main, RunOptions options = {}, Place place = Place::here()) {
  const std::unique_ptr<Backend> backend = make_default_backend();
  return run(*backend, std::move(main), options, place);
}

}  // namespace rondo
