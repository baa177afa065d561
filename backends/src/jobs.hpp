// SPDX-License-Identifier: BSL-1.0
// jobs.hpp - jobs on their way between a loop and executors, and the default executor: what every real backend shares.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include <rondo/backends/desk.hpp>
#include <rondo/backends/inbox.hpp>
#include <rondo/executor.hpp>
#include <rondo/executors/thread_pool.hpp>

namespace rondo {

/// OperationKind::job. close_executor: the threads of the default executor are waited for on a thread of its own;
/// another job makes another executor.
class JobDesk final : public BackendDesk, private JobSink {
 public:
  /// The default executor is made, with these options, when the first job needs it.
  JobDesk(ThreadPoolOptions default_executor, Inbox& inbox) : options_(std::move(default_executor)), inbox_(&inbox) {}
  /// Waits for the threads.
  ~JobDesk() override { shutdown(); }

  void start(const Output& output) override;
  void cancel(const Output& output) override;

 private:
  void close(OperationId id);
  void shutdown();
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
