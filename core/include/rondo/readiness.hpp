// SPDX-License-Identifier: BSL-1.0
// readiness.hpp - wait until a descriptor can be read from or written to.
#pragma once

#include <system_error>

#include <rondo/awaiter.hpp>

namespace rondo {

class ReadinessAwaiter : public Awaiter, private Operation {
 public:
  using value_type = void;
  ReadinessAwaiter(OperationKind kind, int descriptor) : kind_(kind), descriptor_(descriptor) {}
  ~ReadinessAwaiter();
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    begin(frame_of(handle));
  }
  void await_resume();
  Outcome<void> outcome();

 private:
  void begin(FrameCore& frame);
  OperationKind kind_;
  int descriptor_;
};

class [[nodiscard("a wait for readiness does nothing until it is awaited")]] Readiness {
 public:
  Readiness(OperationKind kind, int descriptor) : kind_(kind), descriptor_(descriptor) {}
  ReadinessAwaiter operator co_await() const { return ReadinessAwaiter(kind_, descriptor_); }

 private:
  OperationKind kind_;
  int descriptor_;
};

/// Suspends the task until `descriptor` is readable (also: at its end, or in error). Continues in the batch after the
/// one that begins with the news. A cancellation ends the wait one hop later; the backend then forgets the descriptor,
/// which must stay open until the await has ended. Throws std::system_error for a descriptor that cannot be watched.
/// Any number of tasks may wait for one descriptor.
inline Readiness readable(int descriptor) { return {OperationKind::readable, descriptor}; }
/// The same for writing.
inline Readiness writable(int descriptor) { return {OperationKind::writable, descriptor}; }

}  // namespace rondo
