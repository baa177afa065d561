// SPDX-License-Identifier: BSL-1.0
// net/process_core.hpp - a child process without its handle.
#pragma once

#include <optional>

#include <rondo/coro.hpp>
#include <rondo/event.hpp>
#include <rondo/kernel/kernel.hpp>

namespace rondo {

/// Counted: the handle, whoever waits, and the operation that hears of the end hold it.
class ProcessCore final : public ResidentOf<ProcessCore>, public RefCounted<ProcessCore> {
 public:
  static Ref<ProcessCore> make(int pid);
  ProcessCore(const ProcessCore&) = delete;
  ProcessCore& operator=(const ProcessCore&) = delete;

  int pid() const { return pid_; }
  std::optional<int> returncode() const { return returncode_; }
  static Coro<int> wait(Ref<ProcessCore> core);
  void send_signal(int signal);
  void detach() { detached_ = true; }
  /// The handle goes.
  void let_go() noexcept;
  void abandon() noexcept;

 private:
  friend RefCounted<ProcessCore>;
  /// The end of the child.
  class Ending final : public OwnedOperation {
   public:
    explicit Ending(ProcessCore& core) : core_(&core) {}
    void completed() override { core_->ended(result()); }

   private:
    ProcessCore* core_;
  };
  ProcessCore(Kernel& kernel, int pid);
  ~ProcessCore() = default;
  void destroy() noexcept;
  void ended(std::int32_t result);

  Kernel* kernel_;
  int pid_;
  std::optional<int> returncode_;
  bool detached_ = false;
  Event ended_;
  Ending ending_;
};

}  // namespace rondo
