// SPDX-License-Identifier: BSL-1.0
// epoll.hpp - the backend on Linux's epoll.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include <rondo/backend.hpp>
#include <rondo/backends/inbox.hpp>
#include <rondo/backends/jobs.hpp>
#include <rondo/backends/signals.hpp>

struct epoll_event;

namespace rondo {

struct EpollOptions {
  ThreadPoolOptions default_executor = {};  // made when the first job needs it
};

/// Waits in epoll_pwait2 with nanoseconds, so that no wait is rounded to milliseconds; where the kernel lacks it, a
/// timerfd keeps the deadline. One loop at a time; everything but post() belongs to the loop's thread.
class EpollBackend final : public Backend {
 public:
  /// Throws std::system_error when the kernel refuses a descriptor.
  explicit EpollBackend(EpollOptions options = {});
  ~EpollBackend() override;
  EpollBackend(const EpollBackend&) = delete;
  EpollBackend& operator=(const EpollBackend&) = delete;

  std::string_view name() const override { return "epoll"; }
  Instant now() noexcept override;
  std::span<const Input> reap(Instant deadline) override;
  void submit(std::span<const Output> outputs) override;
  void post(CallCore& call) noexcept override;
  void shutdown_default_executor() override;
  void begin_interrupts(CallCore& call) override;
  void end_interrupts() override;
  void prepare(Loop& loop) override;

  /// The one descriptor that becomes readable when there is something to do, for hosts that can watch a descriptor.
  int descriptor() const { return epoll_; }
  /// Makes descriptor() readable at `deadline`, on a post, or now if there is something to do: for hosts that are about to
  /// sleep without reap().
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

  void open_descriptors();
  void close_descriptors() noexcept;
  void put(const Input& input) noexcept;
  void wake() noexcept;
  void set_timer(Instant deadline);
  void start(const Output& output);
  void cancel(const Output& output);
  void start_readiness(const Output& output);
  void cancel_readiness(const Output& output);
  int rearm(int descriptor, Watch& watch);
  void wait(Instant deadline);
  int poll(::epoll_event* events, int capacity, Instant deadline);
  void handle_event(int descriptor, std::uint32_t events);

  int epoll_ = -1;
  int wake_ = -1;    // eventfd, edge-triggered and never read: each write is an edge
  int timer_ = -1;   // timerfd
  std::int64_t start_ns_ = 0;
  std::map<int, Watch> watches_;
  std::vector<Input> ready_;                 // found by submit(), reported by the next reap()
  std::vector<Input> inputs_;
  Inbox inbox_;
  SignalPipe signals_;
  JobDesk jobs_;  // last: what its threads finish goes into the inbox
  std::atomic<std::uint64_t> wakeups_ = 0;
  bool has_pwait2_ = true;
};

}  // namespace rondo
