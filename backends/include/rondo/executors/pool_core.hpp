// SPDX-License-Identifier: BSL-1.0
// pool_core.hpp - a process pool without types: jobs that wait, and workers that take them.
//
// A worker is a task of the loop (pool_worker.hpp in src/), which starts a process and talks to it; this decides who
// runs what. It knows nothing of descriptors, so it is the same in a simulated world; another transport (MPI) would be
// another kind of worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/coro.hpp>
#include <rondo/event.hpp>
#include <rondo/executors/function_registry.hpp>
#include <rondo/executors/remote_call.hpp>
#include <rondo/executors/remote_error.hpp>
#include <rondo/future.hpp>

namespace rondo {

class PoolWorker;

/// What becomes of a pool when a worker dies.
enum class OnDeath : std::uint8_t {
  replace,     // what it ran fails, the rest goes on with a new worker
  break_pool,  // all that was asked for fails, and nothing more is taken (Python's way)
};

struct ProcessPoolOptions {
  std::size_t max_workers = 0;          // 0: as many as there are cores. They are started when jobs come
  std::string name = "rondo";           // workers are called name-0, name-1, ...
  RemoteCall initializer = {};  // remote_call<&f>(...): each worker begins with it, or is none. The pool is broken if it
                                // throws where no other worker is there
  std::size_t max_tasks_per_child = 0;  // after so many jobs a worker ends, and another takes its place; 0: no limit
  OnDeath on_death = OnDeath::replace;
  bool kill_on_cancel = false;          // cancelling a job that runs kills its worker
  bool in_worker = false;               // allows this pool inside of a worker of another
  Delay start_timeout = std::chrono::seconds(30);  // for a worker to say that it is there, and to be initialised
  /// What workers run: it must call process_worker_main(). By default this executable.
  std::string program = "/proc/self/exe";
};

/// A call that somebody waits for.
class PoolJob {
 public:
  explicit PoolJob(RemoteCall call) : call_(std::move(call)) {}
  virtual ~PoolJob() = default;
  PoolJob(const PoolJob&) = delete;
  PoolJob& operator=(const PoolJob&) = delete;

  const RemoteCall& call() const { return call_; }
  bool done() const { return future().done(); }
  void fail(std::exception_ptr error) const {
    if (!done()) future().set_failed(std::move(error));
  }
  void cancel() const { future().cancel(Message()); }
  /// A worker has died before it began this. True if another may try.
  bool may_try_again() { return ++lost_ < 10; }
  /// The function has returned these bytes. Throws if they make no value.
  virtual void succeed(std::string_view bytes) = 0;

 protected:
  virtual FutureCore& future() const = 0;

 private:
  RemoteCall call_;
  int lost_ = 0;  // workers that died with it
};

/// Shared by the pool's handle and by its workers.
class PoolCore : public std::enable_shared_from_this<PoolCore> {
 public:
  explicit PoolCore(ProcessPoolOptions options);
  const ProcessPoolOptions& options() const { return options_; }

  // --- for the handle -----------------------------------------------------------------------------------------------

  /// Fails the job if nothing more is taken.
  void submit(std::shared_ptr<PoolJob> job);
  /// The future of this job was cancelled.
  void cancelled(const PoolJob& job);
  static Coro<> shutdown(std::shared_ptr<PoolCore> pool, bool cancel_pending);
  /// The handle goes.
  void abandon() noexcept;
  std::vector<int> pids() const;

  // --- for the workers ----------------------------------------------------------------------------------------------

  /// The first that is still wanted, for a worker that has nothing to do; if need be one that lies ahead of another.
  /// Null if there is none.
  std::shared_ptr<PoolJob> next_job(PoolWorker& worker);
  /// Of those that wait the first that no worker without a job will take, if its arguments have at most so many bytes.
  std::shared_ptr<PoolJob> spare_job(std::size_t most_bytes);
  /// It was not begun: it runs elsewhere.
  void give_back(std::shared_ptr<PoolJob> job);
  bool closed() const { return closed_; }
  /// Fails all that waits, and all that comes. The first reason counts.
  void break_with(const std::string& why);
  enum class Death : std::uint8_t {
    working,    // it had said that it is there
    starting,   // another one would not fare better
    killed_early,  // by somebody else, while it started: once more
  };
  void worker_died(const std::string& why, Death death);
  /// One has said that it is there.
  void worker_greeted() { killed_early_ = 0; }
  /// Its task has ended, and others take its place if there is work.
  void leave(const PoolWorker& worker);
  /// Its task was cancelled or destroyed: with the last of them goes all that waits.
  void desert(const PoolWorker& worker) noexcept;

 private:
  void start_worker();
  void take_back_all();
  void remove(const PoolWorker& worker) noexcept;
  std::size_t free_number() const;

  ProcessPoolOptions options_;
  std::deque<std::shared_ptr<PoolJob>> jobs_;
  std::vector<std::shared_ptr<PoolWorker>> workers_;
  std::optional<std::string> broken_;
  int killed_early_ = 0;  // in a row
  bool closed_ = false;
  std::shared_ptr<Event> left_;  // a worker has; made in the loop
};

}  // namespace rondo
