// SPDX-License-Identifier: BSL-1.0
// jobs.hpp - jobs on their way between a loop and executors, and the default executor: what every real backend shares.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include <rondo/contract.hpp>
#include <rondo/executor.hpp>
#include <rondo/executors/thread_pool.hpp>

namespace rondo {

class JobDesk final : private JobSink {
 public:
  /// Hands a completion to the backend, from any thread.
  using Deliver = void (*)(void* backend, const Input& completion) noexcept;
  /// The default executor is made, with these options, when the first job needs it.
  JobDesk(ThreadPoolOptions default_executor, Deliver deliver, void* backend)
      : options_(std::move(default_executor)), deliver_(deliver), backend_(backend) {}
  JobDesk(const JobDesk&) = delete;
  JobDesk& operator=(const JobDesk&) = delete;

  void start(const Output& output);
  void cancel(const Output& output);
  /// Backend::shutdown_default_executor.
  void shutdown_default_executor();

 private:
  void job_done(OperationId id, std::int32_t result) noexcept override;
  Executor& executor_for(const Output& output);

  ThreadPoolOptions options_;
  Deliver deliver_;
  void* backend_;
  std::mutex mutex_;
  std::map<std::uint64_t, Executor*> running_;  // those that have not ended, by slot and generation
  std::unique_ptr<ThreadPoolExecutor> default_executor_;
};

}  // namespace rondo
