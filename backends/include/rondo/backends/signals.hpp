// SPDX-License-Identifier: BSL-1.0
// signals.hpp - signals of the process as inputs of a loop: what every backend on Unix shares.
//
// A handler may only do what is safe anywhere, so it writes the number of the signal into a pipe; the backend watches the
// other end. The process has one handler for each signal: the backend that was asked last has it.
#pragma once

#include <map>
#include <vector>

#include <rondo/contract.hpp>

namespace rondo {

class SignalPipe {
 public:
  /// Throws std::system_error when the kernel refuses the pipe.
  SignalPipe();
  ~SignalPipe();
  SignalPipe(const SignalPipe&) = delete;
  SignalPipe& operator=(const SignalPipe&) = delete;

  /// Readable when a signal has come.
  int descriptor() const { return ends_[0]; }
  /// Appends what has come to `inputs`: a completion with more to follow for each signal, the call of a Ctrl-C.
  void read(std::vector<Input>& inputs);

  /// Starts and cancels operations of the kind `signal`; what they complete at once is appended to `inputs`.
  void start(const Output& output, std::vector<Input>& inputs);
  void cancel(const Output& output, std::vector<Input>& inputs);

  /// Backend::begin_interrupts and end_interrupts.
  void begin_interrupts(CallCore& call);
  void end_interrupts();

 private:
  void watch_interrupts();

  int ends_[2] = {-1, -1};
  std::map<int, OperationId> operations_;
  CallCore* interrupt_ = nullptr;
};

}  // namespace rondo
