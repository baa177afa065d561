// SPDX-License-Identifier: BSL-1.0
// child_desk.hpp - the operations of a backend that start, await and signal child processes.
#pragma once

#include <rondo/backends/desk.hpp>
#include <rondo/backends/process_backend.hpp>

#include "children.hpp"

namespace rondo {

/// OperationKind::spawn, child, kill.
class ChildDesk final : public BackendDesk {
 public:
  explicit ChildDesk(ProcessBackend& backend) : backend_(backend), children_(backend.seam()) {}

  void start(const Output& output) override;
  void cancel(const Output& output) override;
  void answer(std::vector<Input>& inputs) override;

 private:
  void spawn(const Output& output);
  void begin_wait(const Output& output);
  void await_end(int process, OperationId id);
  bool end_wait(Input& input);
  void stop_listening(OperationId id);

  ProcessBackend& backend_;
  Children children_;
};

}  // namespace rondo
