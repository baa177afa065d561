// SPDX-License-Identifier: BSL-1.0
// thread_pool.hpp - an executor that runs jobs on threads. Source: concurrent.futures.ThreadPoolExecutor.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <rondo/executor.hpp>

namespace rondo {

struct ThreadPoolOptions {
  std::size_t threads = 0;       // at most; 0: min(32, cores + 4)
  std::size_t queue_bound = 0;   // jobs that wait while every thread is busy; 0: no bound
  std::string name = "rondo";    // threads are called name-0, name-1, ... (Linux shows 15 characters)
};

/// Threads are started as jobs come, and only while all others are busy. Jobs start in the order in which they came.
/// Any thread may use it. The destructor shuts down and waits for the jobs it has taken.
class ThreadPoolExecutor final : public Executor {
 public:
  explicit ThreadPoolExecutor(ThreadPoolOptions options = {});
  ~ThreadPoolExecutor() override;
  ThreadPoolExecutor(const ThreadPoolExecutor&) = delete;
  ThreadPoolExecutor& operator=(const ThreadPoolExecutor&) = delete;

  enum class Pending { run, cancel };

  /// Takes no more jobs. Jobs that have not started run (the default), or end with -ECANCELED. Waits for all that run.
  /// A second call waits as well. RuntimeError when a job of this pool calls it.
  void shutdown(Pending pending = Pending::run);

  std::size_t threads() const;      // started so far
  std::size_t max_threads() const { return options_.threads; }

  void submit(Job& job, OperationId id, JobSink& sink) noexcept override;
  void cancel(OperationId id, JobSink& sink) noexcept override;

 private:
  struct Item {
    Job* job;
    OperationId id;
    JobSink* sink;
  };
  void work(std::size_t number);

  ThreadPoolOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Item> queue_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;  // threads that wait for a job
  std::size_t busy_ = 0;  // threads that run one
  std::size_t shutdowns_ = 0;  // under way
  bool stopping_ = false;
};

}  // namespace rondo
