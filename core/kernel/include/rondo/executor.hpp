// SPDX-License-Identifier: BSL-1.0
// executor.hpp - what a pool must do to run jobs for a loop.
#pragma once

#include <cstdint>

#include <rondo/contract.hpp>

namespace rondo {

/// A function that runs once, outside the loop. Lent to the executor until the sink has heard how it ended.
class Job {
 public:
  /// Runs the function, keeping its value or its exception; never throws.
  virtual void run() noexcept = 0;

 protected:
  ~Job() = default;
};

/// Who hears that a job has ended. Called from any thread.
class JobSink {
 public:
  /// `result`: 0 the job ran; -ECANCELED it never will; -ESHUTDOWN the executor is shut down; -ENOBUFS its queue is
  /// full.
  virtual void job_done(OperationId id, std::int32_t result) noexcept = 0;

 protected:
  ~JobSink() = default;
};

class Executor {
 public:
  virtual ~Executor() = default;

  /// Runs `job` some time, then tells `sink` once. Does not block; if it cannot take the job it tells the sink why.
  virtual void submit(Job& job, OperationId id, JobSink& sink) noexcept = 0;

  /// If the job has not started it never will, and the sink hears -ECANCELED; one that runs is left alone.
  virtual void cancel(OperationId id, JobSink& sink) noexcept = 0;
};

}  // namespace rondo
