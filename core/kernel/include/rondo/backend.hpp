// SPDX-License-Identifier: BSL-1.0
// backend.hpp - what a backend must do: tell the time, wait, start and cancel operations, take posts from threads.
//
// A backend is the only part that touches the world, and knows nothing of tasks: a Driver carries values between it and
// the kernel. docs/the-loop.md says of each function when it is called, and how to write a backend; tests/backends/ has
// the suite that it must pass.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <rondo/contract.hpp>
#include <rondo/time.hpp>

namespace rondo {

struct ErrorContext;
class Kernel;

using ReportFunction = void (*)(const ErrorContext& context);

/// The only part of a backend that any thread may touch.
class Poster {
 public:
  /// Memory for a call, on any thread. Throws std::bad_alloc.
  using Free = void(void* memory) noexcept;  // on any thread, also when the backend is gone
  struct Block {
    void* memory;
    Free* free;
  };
  virtual Block allocate(std::size_t size) = 0;
  /// Queues a call for the loop and wakes reap(). Takes the call over.
  virtual void post(CallCore& call) noexcept = 0;
  /// On the loop's thread: appends to `posts` the calls that have been queued and not reaped. reap() does not give them
  /// any more.
  virtual void take_posts(std::vector<Input>& posts) = 0;

  /// A thread begins to drive a loop on this backend: false if another one does. Until give_back().
  virtual bool claim() noexcept = 0;
  virtual void give_back() noexcept = 0;

 protected:
  ~Poster() = default;
};

/// What a backend can do, and how it would have loops set up. An operation that it cannot do ends with -ENOTSUP.
struct Features {
  bool descriptors = false;   // readable, writable
  bool sockets = false;       // connect, listen, accept, recv, send, shutdown, close
  bool datagrams = false;     // open_datagram, recv_from, send_to
  bool unix_sockets = false;  // addresses that are paths
  bool jobs = false;          // job, close_executor
  bool names = false;         // resolve
  bool adopts = false;        // adopt
  bool processes = false;     // pipe, spawn, child, kill
  std::uint64_t signal_mask = 0;  // bit n: signal n, up to 63. interrupt is done by who knows signal 2
  bool debug = false;         // run() is to check and time what it can (RONDO_DEBUG)
  ReportFunction report = nullptr;  // hears the reports of loops that run() makes, until they have a handler

  constexpr bool hears(int signal) const { return signal > 0 && signal < 64 && (signal_mask >> signal & 1) != 0; }
};

class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string_view name() const = 0;

  /// The time, in nanoseconds from a start of its own choice; never goes back.
  virtual Instant now() noexcept = 0;

  /// Waits until there are inputs, but not past `deadline` (one that is not in the future: does not wait). Early and
  /// for nothing is allowed, late is not. The inputs stay valid until the next call. Completions come from here alone,
  /// never from submit() (C12). May throw: then it has given out nothing.
  virtual std::span<const Input> reap(Instant deadline) = 0;

  /// Starts and cancels operations, in this order. An operation that cannot be started has a completion that says why.
  /// May throw only after it has taken every output.
  virtual void submit(std::span<const Output> outputs) = 0;

  virtual Poster& poster() noexcept = 0;
  virtual Features features() const noexcept = 0;

  /// True if no operation in flight can end any more by itself: a simulated world knows, a real one never does.
  virtual bool stuck() const { return false; }

  /// True if this stream's peer has ended, and nothing that it sent is left to receive; false if that is not known. No
  /// receive is under way there.
  virtual bool has_ended(std::int32_t /*handle*/) const { return false; }

  /// A descriptor that becomes readable when reap() has something to give; -1 if there is none. For hosts, which watch
  /// it instead of sleeping in reap().
  virtual int descriptor() { return -1; }
  /// Before the host sleeps: hands on what was submitted, and makes descriptor() readable at `deadline`, at a post, and
  /// now if reap() has something to give. No system call if nothing has changed since the last time.
  virtual void arm(Instant /*deadline*/) {}

  /// The loop that is driven on this; null if there is none.
  Kernel* served() const { return served_; }
  void serve(Kernel& kernel) { served_ = &kernel; }
  void leave(const Kernel& kernel) {
    if (served_ == &kernel) served_ = nullptr;
  }

 private:
  Kernel* served_ = nullptr;
};

}  // namespace rondo
