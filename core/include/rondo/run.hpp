// SPDX-License-Identifier: BSL-1.0
// run.hpp - run(): the way into a program; Runner: several runs on one loop.
#pragma once

#include <memory>
#include <memory_resource>
#include <optional>
#include <type_traits>
#include <utility>

#include <rondo/backend.hpp>
#include <rondo/loop.hpp>

#ifndef RONDO_OWN_BUILD  // a program outside of this project: see loop_backend.hpp
#include <rondo/loop_backend.hpp>
#endif

namespace rondo {

#ifdef RONDO_OWN_BUILD
inline std::unique_ptr<Backend> make_checked_backend() { return make_default_backend(); }
#endif

struct RunOptions {
  bool debug = false;                             // Loop::set_debug
  bool handle_interrupts = true;                  // Ctrl-C: the first cancels main, the second aborts
  std::pmr::memory_resource* resource = nullptr;  // of the loop; null: new and delete
};

/// What a runner waits for is done: the loop stops after this batch.
class StopEntry : public Entry {
 public:
  StopEntry() : Entry(EntryKind::stop) {}
  ~StopEntry() {
    if (linked()) unlink();
  }
};

/// Runs coroutines one after the other on one loop. Source: asyncio.Runner.
class Runner {
 public:
  /// On the backend that was picked when the library was built, or on one of your own, which must outlive the runner.
  explicit Runner(RunOptions options = {}) : Runner(make_checked_backend(), options) {}
  explicit Runner(Backend& backend, RunOptions options = {});
  /// Closes; what close() would throw is lost.
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// Runs `main` as a task until it is done; gives its value or throws its error. Tasks left over stay for the next
  /// run, or for close(). The main tasks of a runner share one context: what one sets, the next one sees. Throws
  /// RuntimeError inside a running loop and after close(), and DeadlockError.
  template <class T>
  T run(Coro<T> main, Place place = Place::here()) {
    check_can_run();
    Task<T> task = loop().create_task(std::move(main), {.context = &context_}, place);
    run_main(task.task());
    return take_result<T>(task.core());
  }

  Loop& loop();

  /// The first half of close(): cancels what is left, oldest first, and waits for it; closes async generators. Errors
  /// of what was left go to the exception handler. The loop stays.
  void finish();

  /// Leaves as asyncio.run does: finish(), then the default executor is shut down and the loop destroyed; tasks made
  /// meanwhile are dropped. Waits for jobs that run, on any executor; those that have not started are withdrawn.
  /// A second call does nothing.
  void close();

 private:
  Runner(std::unique_ptr<Backend> backend, RunOptions options);
  void check_can_run();
  void run_main(TaskCore& main);
  void run_until(FutureCore& future);
  void cancel_tasks();
  void settle() noexcept;
  void exchange_or_report() noexcept;
  void exchange();

  std::unique_ptr<Backend> own_backend_;
  Backend* backend_;
  RunOptions options_;
  std::unique_ptr<Loop> loop_;
  Context context_;  // of the main tasks
  bool closed_ = false;
};

/// Runs `main` on `backend`, with a loop of its own, to the end of everything: see Runner::run and Runner::close.
template <class T>
T run(Backend& backend, Coro<T> main, RunOptions options = {}, Place place = Place::here()) {
  Runner runner(backend, options);
  if constexpr (std::is_void_v<T>) {
    runner.run(std::move(main), place);
    runner.close();
  } else {
    T value = runner.run(std::move(main), place);
    runner.close();
    return value;
  }
}

/// The same on the backend that was picked when the library was built. Source: asyncio.run.
template <class T>
T run(Coro<T> main, RunOptions options = {}, Place place = Place::here()) {
  const std::unique_ptr<Backend> backend = make_checked_backend();
  return run(*backend, std::move(main), options, place);
}

}  // namespace rondo
