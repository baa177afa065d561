// SPDX-License-Identifier: BSL-1.0
// runner_core.hpp - a runner without its handle: the loop, the backend, and whose turn it is to run them.
#pragma once

#include <memory>
#include <memory_resource>

#include <rondo/backend.hpp>
#include <rondo/coro/ending.hpp>
#include <rondo/loop.hpp>

namespace rondo {

struct RunOptions {
  bool debug = false;                             // Loop::set_debug
  bool handle_interrupts = true;                  // Ctrl-C: the first cancels main, the second aborts
  std::pmr::memory_resource* resource = nullptr;  // of the loop, which it must outlive; null: new and delete
};

/// The Runner and its run hold it, so that a Runner that is destroyed inside its own run takes nothing along.
class RunnerCore : public RefCounted<RunnerCore> {
 public:
  /// `own` may be null; else it is `backend`.
  RunnerCore(std::unique_ptr<Backend> own, Backend& backend, RunOptions options);
  RunnerCore(const RunnerCore&) = delete;
  RunnerCore& operator=(const RunnerCore&) = delete;

  void release() noexcept;
  void destroy() noexcept { delete this; }

  /// While it exists, its thread is the one that runs. RuntimeError if another one does, or inside the run itself.
  class Claim {
   public:
    Claim(RunnerCore& runner, const char* what);
    ~Claim();
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

   private:
    RunnerCore& runner_;
  };

  Loop& loop();
  void run_main(TaskCore& main);
  /// RuntimeError if the Runner has been destroyed meanwhile.
  void refuse_orphan() const;
  void finish();
  void close();

 private:
  class Interrupt;
  ~RunnerCore();
  bool runs_here() const;
  void run_until(FutureCore& future);
  void wind_up(Ending& ending);
  void settle(Ending& ending) noexcept;

  bool closed_ = false;
  bool orphan_ = false;  // its Runner was destroyed inside its own run
  std::unique_ptr<Backend> own_backend_;
  Backend* backend_;
  RunOptions options_;
  std::unique_ptr<Loop> loop_;
  Context context_;  // of the main tasks
};

}  // namespace rondo
