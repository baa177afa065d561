// SPDX-License-Identifier: BSL-1.0
// epoll.hpp - the backend on Linux's epoll.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include <rondo/backends/offered.hpp>
#include <rondo/backends/readiness_backend.hpp>

struct epoll_event;

namespace rondo {

struct EpollOptions {
  ThreadPoolOptions default_executor = {};  // made when the first job needs it
  Seam* seam = nullptr;                     // for tests
};

/// Who waits for descriptors of the caller's: only a program with facilities::readiness() has it (epoll_watches.cpp).
class EpollWatches {
 public:
  EpollWatches() = default;
  virtual ~EpollWatches() = default;
  EpollWatches(const EpollWatches&) = delete;
  EpollWatches& operator=(const EpollWatches&) = delete;
  virtual void start(const Output& output) = 0;
  virtual void cancel(const Output& output) = 0;
  /// An event of a descriptor that is no socket's.
  virtual void on_event(int descriptor, std::uint32_t generation, std::uint32_t events) = 0;
  /// The number is that of another file now.
  virtual void lose(int descriptor) = 0;
};

/// Waits in epoll_pwait2 with nanoseconds, so that no wait is rounded to milliseconds; where the kernel lacks it, a
/// timerfd keeps the deadline.
class EpollBackend final : public ReadinessBackend {
 public:
  /// Throws std::system_error when the kernel refuses a descriptor.
  explicit EpollBackend(EpollOptions options = {});
  ~EpollBackend() override;

  std::string_view name() const override { return "epoll"; }

  int descriptor() override { return epoll_; }
  void arm(Instant deadline) override;

  /// System calls of this backend that wrote the wake-up descriptor, for tests and benchmarks.
  std::uint64_t wakeups() const { return wakeups_.load(std::memory_order_relaxed); }

 private:
  friend class OneShotWatches;
  void wait_for_edges(Instant deadline) override;
  void wake() noexcept override;
  void start_readiness(const Output& output) override;
  void cancel_readiness(const Output& output) override;
  int watch(int descriptor) override;
  void unwatch(int descriptor) noexcept override;
  bool trusts_short_recv(bool unix_stream) const override { return !unix_stream; }  // edges tell of urgent data
  int control(int what, int descriptor, std::uint32_t generation, std::uint32_t events);
  void forget(int descriptor) noexcept;
  std::uint32_t next_generation();
  void open_descriptors();
  void close_descriptors() noexcept;
  bool set_deadline(Instant deadline);
  int poll(::epoll_event* events, int capacity, Instant deadline);
  void handle_event(std::uint64_t name, std::uint32_t events);

  int epoll_ = -1;
  int wake_ = -1;    // eventfd, edge-triggered and never read: each write is an edge
  int timer_ = -1;   // timerfd
  Instant timer_deadline_ = no_deadline;  // what it is set to
  bool woken_ = false;                    // arm() has written, and reap() has not read
  Offered<EpollWatches, EpollBackend> watches_;
  std::vector<std::uint32_t> socket_generations_;  // by descriptor
  std::uint32_t generation_ = 0;                   // of the latest registration
  std::atomic<std::uint64_t> wakeups_ = 0;
  bool has_pwait2_ = true;
};

}  // namespace rondo
