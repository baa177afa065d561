// SPDX-License-Identifier: BSL-1.0
// uring_ring.hpp - the two queues that a process shares with the kernel, and the system call that moves them.
#pragma once

#include <liburing.h>

#include <optional>

#include <rondo/backends/seam.hpp>
#include <rondo/time.hpp>

namespace rondo {

/// Belongs to the thread that uses it first: the kernel then does its part of the work on that thread alone, inside
/// enter(), and needs no lock and no interrupt of ours.
class UringRing {
 public:
  /// `entries`: room for submissions; completions have four times as much. Throws std::system_error, whose text says
  /// who refuses and what to do about it.
  UringRing(unsigned entries, Seam* seam);
  ~UringRing() { io_uring_queue_exit(&ring_); }
  UringRing(const UringRing&) = delete;
  UringRing& operator=(const UringRing&) = delete;

  io_uring& system() { return ring_; }
  /// IORING_SETUP_...: what the kernel has agreed to.
  unsigned setup_flags() const { return ring_.flags; }
  /// A submission to fill in; it leaves with the next enter(). If there is no room, what is there leaves now.
  io_uring_sqe& entry();
  /// True if entry() was filled in and has not left.
  bool has_unsubmitted() const { return io_uring_sq_ready(&ring_) > 0; }
  /// True if a completion is there, or comes with the next enter().
  bool has_completions() const;
  /// What was filled in leaves now.
  void submit();
  /// What was filled in leaves; then waits for a completion, but not past `longest` (zero: does not wait; none: for
  /// ever). One system call at most; none if there is nothing to submit, to wait for or to collect.
  void enter(std::optional<Duration> longest);
  /// Calls `function(const io_uring_cqe&)` for each completion that is there now, until it gives false. False if some of
  /// them are left for the next time.
  template <class F>
  bool take(F function) {
    for (unsigned left = io_uring_cq_ready(&ring_); left > 0; --left) {
      const io_uring_cqe completion = ring_.cq.cqes[*ring_.cq.khead & ring_.cq.ring_mask];
      io_uring_cq_advance(&ring_, 1);
      if (!function(completion)) return left == 1;
    }
    return true;
  }

 private:
  void begin();
  int look();
  int sleep(std::optional<Duration> longest);

  io_uring ring_{};
  Seam* seam_;
  bool begun_ = false;
};

}  // namespace rondo
