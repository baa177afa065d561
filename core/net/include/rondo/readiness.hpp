// SPDX-License-Identifier: BSL-1.0
// readiness.hpp - wait until a descriptor can be read from or written to.
#pragma once

#include <system_error>

#include <rondo/awaiter.hpp>
#include <rondo/net/operation_words.hpp>

namespace rondo {

class ReadinessAwaiter : public ParkedAwaiter<ReadinessAwaiter>, private Operation {
 public:
  ReadinessAwaiter(OperationKind kind, int descriptor)
      : Operation(&operation_words), kind_(kind), descriptor_(descriptor) {}
  ~ReadinessAwaiter();
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    begin(frame_of(handle));
  }
  void take();

 private:
  void begin(FrameCore& frame);
  OperationKind kind_;
  int descriptor_;
};
using Readiness = Awaits<ReadinessAwaiter, OperationKind, int>;

/// Suspends the task until `descriptor` is readable (also: at its end, or in error). Continues in the batch after the
/// one that begins with the news. A cancellation ends the wait one hop later; the backend then forgets the descriptor,
/// which must stay open until the await has ended. Throws std::system_error for a descriptor that cannot be watched,
/// and RuntimeError for Socket::handle() of this loop's, which has operations of its own. Any number of tasks may wait
/// for one descriptor. Source: loop.add_reader.
inline Readiness readable(int descriptor) {
  return Readiness(OperationKind::readable, descriptor);
}
/// The same for writing.
inline Readiness writable(int descriptor) {
  return Readiness(OperationKind::writable, descriptor);
}

}  // namespace rondo
