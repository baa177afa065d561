// SPDX-License-Identifier: BSL-1.0
// epoll.hpp - the backend on Linux's epoll.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>

#include <rondo/backends/readiness_backend.hpp>

struct epoll_event;

namespace rondo {

struct EpollOptions {
  ThreadPoolOptions default_executor = {};  // made when the first job needs it
  Seam* seam = nullptr;                     // for tests
};

/// Waits in epoll_pwait2 with nanoseconds, so that no wait is rounded to milliseconds; where the kernel lacks it, a
/// timerfd keeps the deadline.
class EpollBackend final : public ReadinessBackend {
 public:
  /// Throws std::system_error when the kernel refuses a descriptor.
  explicit EpollBackend(EpollOptions options = {});
  ~EpollBackend() override;

  std::string_view name() const override { return "epoll"; }

  /// The one descriptor that becomes readable when there is something to do, for hosts that can watch a descriptor.
  int descriptor() const { return epoll_; }
  /// Makes descriptor() readable at `deadline`, on a post, or now if there is something to do: for hosts that are about
  /// to sleep without reap().
  void arm(Instant deadline);

  /// System calls of this backend that wrote the wake-up descriptor, for tests and benchmarks.
  std::uint64_t wakeups() const { return wakeups_.load(std::memory_order_relaxed); }

 private:
  /// The operations that wait for one descriptor.
  struct Watch {
    std::deque<OperationId> readers;
    std::deque<OperationId> writers;
    bool registered = false;
  };

  void wait_for_edges(Instant deadline) override;
  void wake() noexcept override;
  void start_readiness(const Output& output) override;
  void cancel_readiness(const Output& output) override;
  int watch(int descriptor) override;
  void unwatch(int descriptor) noexcept override;
  int control(int what, int descriptor, ::epoll_event* event);
  void open_descriptors();
  void close_descriptors() noexcept;
  void set_timer(Instant deadline);
  int rearm(int descriptor, Watch& watch);
  int poll(::epoll_event* events, int capacity, Instant deadline);
  void handle_event(int descriptor, std::uint32_t events);

  int epoll_ = -1;
  int wake_ = -1;    // eventfd, edge-triggered and never read: each write is an edge
  int timer_ = -1;   // timerfd
  std::map<int, Watch> watches_;
  std::atomic<std::uint64_t> wakeups_ = 0;
  bool has_pwait2_ = true;
};

}  // namespace rondo
