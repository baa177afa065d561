// SPDX-License-Identifier: BSL-1.0
// uring_host.hpp - the descriptor of a ring for hosts that watch one: readable when a completion has come, or a
// deadline.
//
// The descriptor of the ring itself does not do: with DEFER_TASKRUN it becomes readable only when somebody enters the
// ring. An eventfd that is registered with the ring is written at once. Only what another eventfd makes ready is not
// told so (the kernel avoids eventfds that write each other), so the one that wakes the loop is watched beside it.
#pragma once

#include <rondo/backends/seam.hpp>
#include <rondo/time.hpp>

struct io_uring;

namespace rondo {

class UringHost {
 public:
  /// `wake`: the eventfd that threads write to wake the loop. Throws std::system_error when the kernel refuses a
  /// descriptor.
  UringHost(int wake, Seam* seam);
  ~UringHost();
  UringHost(const UringHost&) = delete;
  UringHost& operator=(const UringHost&) = delete;

  /// An epoll of an eventfd, timer() and `wake`.
  int descriptor() const { return epoll_; }
  /// Registers the eventfd, once. From the thread that owns the ring.
  void attach(io_uring& ring);
  /// Makes descriptor() readable now, until drain().
  void notify() noexcept;
  /// A timerfd, and what it was set to last; no_deadline once that has passed.
  int timer() const { return timer_; }
  Instant deadline() const { return deadline_; }
  void set_to(Instant deadline) { deadline_ = deadline; }
  /// What has made descriptor() readable is being looked at.
  void drain() noexcept;

 private:
  void close_all() noexcept;
  int epoll_ = -1;
  int notice_ = -1;
  int timer_ = -1;
  Instant deadline_ = no_deadline;
  bool attached_ = false;
  bool notified_ = false;
};

}  // namespace rondo
