// SPDX-License-Identifier: BSL-1.0
// jobs.hpp - jobs on their way between a loop and executors, and the default executor: what every real backend shares.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include <rondo/backends/inbox.hpp>
#include <rondo/contract.hpp>
#include <rondo/executor.hpp>
#include <rondo/executors/thread_pool.hpp>

namespace rondo {

class JobDesk final : private JobSink {
 public:
  /// The default executor is made, with these options, when the first job needs it.
  JobDesk(ThreadPoolOptions default_executor, Inbox& inbox) : options_(std::move(default_executor)), inbox_(&inbox) {}
  ~JobDesk() { shutdown(); }
  JobDesk(const JobDesk&) = delete;
  JobDesk& operator=(const JobDesk&) = delete;

  void start(const Output& output);
  void cancel(const Output& output);
  /// OperationKind::close_executor: its threads are waited for on a thread of its own. Another job makes another executor.
  void close(OperationId id);
  /// The same, and waits for it.
  void shutdown();

 private:
  void job_done(OperationId id, std::int32_t result) noexcept override;
  Executor& executor_for(const Output& output);

  ThreadPoolOptions options_;
  Inbox* inbox_;
  std::mutex mutex_;
  std::map<std::uint64_t, Executor*> running_;  // those that have not ended, by slot and generation
  std::unique_ptr<ThreadPoolExecutor> default_executor_;
  std::thread closer_;
};

}  // namespace rondo
