// SPDX-License-Identifier: BSL-1.0
// backend.hpp - what a backend must do: tell the time, wait, start and cancel operations, take posts from threads.
//
// A backend is the only part that touches the world. It never calls into the loop; drive() carries values between the
// two. docs/the-loop.md says how to write one; tests/backends/ has the suite that it must pass.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include <rondo/contract.hpp>
#include <rondo/time.hpp>

namespace rondo {

class Loop;

class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string_view name() const = 0;

  /// The time, in nanoseconds from a start of its own choice; never goes back.
  virtual Instant now() noexcept = 0;

  /// Waits until there are inputs, but not past `deadline` (a deadline that is not in the future: does not wait).
  /// The inputs stay valid until the next call. Completions come from here alone, never from submit() (C12).
  virtual std::span<const Input> reap(Instant deadline) = 0;

  /// Starts and cancels operations, in this order.
  virtual void submit(std::span<const Output> outputs) = 0;

  /// Queues a call for the loop and wakes reap(). The only member that any thread may call. Takes the call over.
  virtual void post(CallCore& call) noexcept = 0;

  /// True if no operation in flight can end any more by itself: a simulated world knows, a real one never does.
  virtual bool stuck() const { return false; }

  /// Stops its threads and lets no job run on: the runner calls this before the loop goes. Jobs that run are waited
  /// for.
  virtual void shutdown_default_executor() {}

  /// From begin to end, the first Ctrl-C posts `call`, and the second aborts the process. Takes the call over.
  virtual void begin_interrupts(CallCore& call) = 0;
  virtual void end_interrupts() = 0;

  /// A runner has made a loop for this backend: the place to set an exception handler, or debug mode.
  virtual void prepare(Loop&) {}
};

/// The backend that was picked when the library was built (-Dloop_backend=...). Defined by the backends library.
std::unique_ptr<Backend> make_default_backend();

/// Steps `loop` on `backend` until stop(). I/O is looked at when nothing is ready and at least every 64th batch.
/// Throws DeadlockError when nothing can ever happen again.
void drive(Loop& loop, Backend& backend);

}  // namespace rondo
