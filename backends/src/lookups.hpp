// SPDX-License-Identifier: BSL-1.0
// lookups.hpp - names to addresses: the system's getaddrinfo, which blocks, on the default executor.
#pragma once

#include <list>

#include <rondo/backends/desk.hpp>
#include <rondo/endpoint.hpp>
#include <rondo/executor.hpp>

namespace rondo {

/// OperationKind::resolve.
class LookupDesk final : public BackendDesk {
 public:
  /// `jobs` must outlive this, and end its threads before.
  explicit LookupDesk(BackendDesk& jobs) : jobs_(jobs) {}

  void start(const Output& output) override;
  void cancel(const Output& output) override { jobs_.cancel(output); }
  /// The completion of a job that was a lookup's gets the lookup's result.
  void answer(std::vector<Input>& inputs) override;

 private:
  struct LookupJob final : Job {
    explicit LookupJob(Lookup& asked, OperationId name) : lookup(asked), id(name) {}
    void run() noexcept override;
    Lookup& lookup;
    OperationId id;
    std::int32_t result = 0;
  };
  void end(Input& completion);

  BackendDesk& jobs_;
  std::list<LookupJob> running_;
};

}  // namespace rondo
