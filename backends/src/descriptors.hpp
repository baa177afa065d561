// SPDX-License-Identifier: BSL-1.0
// descriptors.hpp - descriptors of the program's own that become a backend's handles, and pipes.
#pragma once

#include <map>
#include <span>

#include <rondo/backends/desk.hpp>
#include <rondo/backends/process_backend.hpp>

namespace rondo {

/// OperationKind::adopt and pipe, which end at once. What blocked when it was adopted blocks again when it is closed.
class DescriptorDesk final : public BackendDesk {
 public:
  explicit DescriptorDesk(ProcessBackend& backend) : backend_(backend) {}

  void start(const Output& output) override;
  void cancel(const Output&) override {}
  void before_close(int descriptor) noexcept override;

 private:
  void adopt(const Output& output);
  void open_pipe(const Output& output);
  void block_again(int descriptor) noexcept;

  ProcessBackend& backend_;
  std::map<int, bool> adopted_;  // whether they are to block when they are closed
};

/// New ends of pipes, or a channel's, become handles: all of them or none, and then they are closed. Those that are -1
/// are not there. 0, or why not.
int adopt_ends(ProcessBackend& backend, std::span<const int> descriptors);

}  // namespace rondo
