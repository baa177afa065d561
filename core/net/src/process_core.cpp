// SPDX-License-Identifier: BSL-1.0
// process_core.cpp - the life of a child process, as its parent sees it.
#include <rondo/net/process_core.hpp>

#include <cerrno>
#include <memory>
#include <system_error>

#include <rondo/net/spawn.hpp>
#include <rondo/socket.hpp>

namespace rondo {
namespace {

Output kill_output(int pid, int signal) {
  Output output;
  output.kind = OperationKind::kill;
  output.handle = pid;
  output.size = static_cast<std::size_t>(signal);
  return output;
}

/// A signal on its way: send_signal() has returned, so what the system says against it goes to the exception handler.
/// If the child has ended meanwhile, the backend knows, and does nothing. Owns itself.
class Signalling final : public OwnedOperation, public ResidentOf<Signalling> {
 public:
  static void begin(Kernel& kernel, int pid, int signal) {
    auto owned = std::make_unique<Signalling>(kernel, pid, signal);
    kernel.operations().start(*owned, kill_output(pid, signal));
    kernel.residents().push_back(*owned.release());
  }
  Signalling(Kernel& kernel, int pid, int signal) : kernel_(&kernel), pid_(pid), signal_(signal) {}

  void completed() override {
    const std::unique_ptr<Signalling> ended(this);
    Resident::unlink();
    if (result() >= 0 || result() == -ECANCELED) return;
    const std::system_error error(-result(), std::generic_category(), "send_signal: signal " + std::to_string(signal_));
    kernel_->report({"a signal could not be sent", std::make_exception_ptr(error), "process " + std::to_string(pid_)});
  }
  void abandon() noexcept {
    const std::unique_ptr<Signalling> ended(this);
    Resident::unlink();
    if (in_flight()) kernel_->operations().detach(*this);
    withdraw();
  }

 private:
  Kernel* kernel_;
  int pid_;
  int signal_;
};

}  // namespace

Ref<ProcessCore> ProcessCore::make(int pid) {
  Kernel& kernel = running_kernel("Process");
  void* memory = kernel.allocate(sizeof(ProcessCore));
  const auto core = Ref<ProcessCore>::adopt(*::new (memory) ProcessCore(kernel, pid));
  Output output;
  output.kind = OperationKind::child;
  output.handle = pid;
  kernel.operations().start(core->ending_, output);
  core->retain();  // until ended()
  return core;
}

ProcessCore::ProcessCore(Kernel& kernel, int pid)
    : kernel_(&kernel), pid_(pid), ended_("process " + std::to_string(pid)), ending_(*this) {
  kernel.residents().push_back(*this);
}

void ProcessCore::destroy() noexcept {
  if (Resident::linked()) Resident::unlink();
  Kernel& kernel = *kernel_;
  this->~ProcessCore();
  kernel.deallocate(this, sizeof(ProcessCore));
}

void ProcessCore::ended(std::int32_t result) {
  const Ref<ProcessCore> held = Ref<ProcessCore>::adopt(*this);  // the operation's
  if (result == -ECANCELED) return;                              // the loop ends
  // A backend that lost the child (somebody else has reaped it) says so with an error. Source: asyncio's 255.
  if (result < 0) result = 255;
  returncode_ = result >= child_signalled ? child_signalled - result : result;
  ended_.set();
}

/// The loop ends.
void ProcessCore::abandon() noexcept {
  const Ref<ProcessCore> held(*this);
  let_go();
  Resident::unlink();
  if (!ending_.under_way()) return;
  if (ending_.in_flight()) {
    // The end of the loop must not wait for a child that lives on, or cannot be killed: the backend reaps it later.
    kernel_->operations().cancel(ending_);
    kernel_->operations().detach(ending_);
  }
  ending_.withdraw();
  release();
}

void ProcessCore::let_go() noexcept {
  if (returncode_ || detached_ || !Resident::linked()) return;
  try {
    kernel_->operations().reserve_detached();
    kernel_->operations().start_detached(kill_output(pid_, kill_signal));
  } catch (...) {  // no memory: the backend's end will do it
  }
}

void ProcessCore::send_signal(int signal) {
  constexpr int last_signal = 64;  // on Linux
  if (signal < 0 || signal > last_signal) {
    throw std::invalid_argument("send_signal: no signal has the number " + std::to_string(signal) + "; 1 to 64 have");
  }
  if (returncode_) throw_system_error(ESRCH, "send_signal: process " + std::to_string(pid_) + " has ended");
  if (!Resident::linked()) throw RuntimeError("send_signal: the loop of process " + std::to_string(pid_) + " has ended");
  Signalling::begin(*kernel_, pid_, signal);
}

Coro<int> ProcessCore::wait(Ref<ProcessCore> core) {
  co_await unnoted(core->ended_.wait());
  co_return *core->returncode_;
}

}  // namespace rondo
