// SPDX-License-Identifier: BSL-1.0
// jobs.cpp - who runs which job.
#include "jobs.hpp"

#include <system_error>

#include <rondo/backends/process_backend.hpp>
#include <rondo/kernel/facilities.hpp>

namespace rondo {
namespace {


}  // namespace

void facilities::jobs() noexcept {
  BackendDesks::offer(BackendDesks::Name::jobs, [](ProcessBackend& backend) -> std::unique_ptr<BackendDesk> {
    return std::make_unique<JobDesk>(backend.default_executor_, backend.inbox_);
  });
}

void JobDesk::start(const Output& output) {
  if (output.kind == OperationKind::close_executor) return close(output.id);
  Executor& executor = executor_for(output);
  {
    const std::lock_guard lock(mutex_);
    running_[output.id.key()] = &executor;
  }
  executor.submit(*output.job, output.id, *this);
}

void JobDesk::cancel(const Output& output) {
  if (output.kind == OperationKind::close_executor) return;  // it goes on to its end
  Executor* executor = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = running_.find(output.id.key()); found != running_.end()) executor = found->second;
  }
  if (executor) executor->cancel(output.id, *this);  // else it has ended, and its completion is on the way
}

/// From the executor's thread, as the last thing it does about a job: from here on the executor may be gone.
void JobDesk::job_done(OperationId id, std::int32_t result) noexcept {
  {
    const std::lock_guard lock(mutex_);
    running_.erase(id.key());
  }
  inbox_->complete(id, result);
}

Executor& JobDesk::executor_for(const Output& output) {
  if (output.executor) return *output.executor;
  if (closer_.joinable()) shutdown();  // what was closed
  if (!default_executor_) default_executor_ = std::make_unique<ThreadPoolExecutor>(options_);
  return *default_executor_;
}

void JobDesk::close(OperationId id) {
  if (closer_.joinable()) closer_.join();  // of a loop that has ended
  if (!default_executor_) return inbox_->complete(id, 0);
  try {
    closer_ = std::thread([this, id] {
      default_executor_->shutdown();
      inbox_->complete(id, 0);
    });
  } catch (const std::system_error&) {  // no thread is to be had: then the loop waits
    default_executor_->shutdown();
    default_executor_.reset();
    inbox_->complete(id, 0);
  }
}

void JobDesk::shutdown() {
  if (closer_.joinable()) closer_.join();
  if (default_executor_) default_executor_->shutdown();
  default_executor_.reset();
}

}  // namespace rondo
