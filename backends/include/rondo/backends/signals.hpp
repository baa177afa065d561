// SPDX-License-Identifier: BSL-1.0
// signals.hpp - signals of the process as inputs of a loop: what every backend on Unix shares.
//
// Any number of backends may listen to one signal, from any threads: each of them hears every arrival. The first Ctrl-C
// reaches all runs that watch for it, unless a backend of the process has a handler for SIGINT; then that hears it
// alone.
#pragma once

#include <cstdint>
#include <vector>

#include <rondo/backends/offered.hpp>
#include <rondo/contract.hpp>

namespace rondo {

class SignalListener;

/// One operation.
struct SignalWatch {
  OperationId id;
  int signal;  // of an interrupt: SIGINT, or 0 if the program handles Ctrl-C itself
};

/// In the order in which they came.
struct SignalWatchList : std::vector<SignalWatch> {
  bool hears(int signal) const;
  iterator find(OperationId id);
  /// Appends an arrival for each that hears `signal`.
  void tell(int signal, std::vector<Input>& inputs) const;
};

/// The operations of the kind `signal`, of one backend: only a program with facilities::signal_handlers() has it
/// (signal_watches.cpp).
class SignalWatches {
 public:
  SignalWatches() = default;
  virtual ~SignalWatches() = default;
  SignalWatches(const SignalWatches&) = delete;
  SignalWatches& operator=(const SignalWatches&) = delete;
  /// What they complete at once is appended to `inputs`, and so is what has come.
  virtual void start(const Output& output, std::vector<Input>& inputs) = 0;
  virtual void cancel(const Output& output, std::vector<Input>& inputs) = 0;
  virtual void read(std::vector<Input>& inputs) = 0;
};

class SignalDesk {
 public:
  /// Throws std::system_error when the kernel refuses a pipe. Changes no action of the process.
  SignalDesk();
  ~SignalDesk();
  SignalDesk(const SignalDesk&) = delete;
  SignalDesk& operator=(const SignalDesk&) = delete;

  /// The signals that start() takes, as a Features::signal_mask.
  static std::uint64_t mask() noexcept;

  /// Readable when a signal has come.
  int descriptor() const;
  /// Appends what has come to `inputs`: a completion with more to follow for each arrival. Of a flood the first part;
  /// the descriptor stays readable.
  void read(std::vector<Input>& inputs);

  /// Starts and cancels operations of the kinds `signal` and `interrupt`; what they complete at once is appended to
  /// `inputs`.
  void start(const Output& output, std::vector<Input>& inputs);
  void cancel(const Output& output, std::vector<Input>& inputs);

 private:
  bool watches_interrupts() const;
  void give_interrupt(std::vector<Input>& inputs);
  void start_interrupt(OperationId id);
  void cancel_interrupt(OperationId id, std::vector<Input>& inputs);

  SignalListener* listener_;
  Offered<SignalWatches, SignalListener> watches_;
  SignalWatchList interrupts_;
};

}  // namespace rondo
