// SPDX-License-Identifier: BSL-1.0
// lookups.hpp - names to addresses: the system's getaddrinfo, which blocks, on the default executor.
#pragma once

#include <list>

#include <rondo/backends/jobs.hpp>
#include <rondo/endpoint.hpp>

namespace rondo {

class LookupDesk {
 public:
  explicit LookupDesk(JobDesk& jobs) : jobs_(jobs) {}
  LookupDesk(const LookupDesk&) = delete;
  LookupDesk& operator=(const LookupDesk&) = delete;

  void start(const Output& output);
  /// A completion of a job: if it was a lookup's, its result becomes the lookup's.
  void end(Input& completion);

 private:
  struct LookupJob final : Job {
    explicit LookupJob(Lookup& asked, OperationId name) : lookup(asked), id(name) {}
    void run() noexcept override;
    Lookup& lookup;
    OperationId id;
    std::int32_t result = 0;
  };

  JobDesk& jobs_;
  std::list<LookupJob> running_;
};

}  // namespace rondo
