// SPDX-License-Identifier: BSL-1.0
// libevent.hpp - the backend on libevent 2.1, on an event_base of its own or on the caller's.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <rondo/backends/readiness_backend.hpp>

struct event;
struct event_base;

namespace rondo {

struct LibeventOptions {
  ThreadPoolOptions default_executor = {};  // made when the first job needs it
  Seam* seam = nullptr;                     // for tests
};

/// Waits in event_base_loop(). A timerfd keeps the deadlines to the nanosecond: a base's own timers go by the kernel's
/// ticks, unless its maker asked for precise ones. On the caller's event_base the caller's events run as well while
/// this waits; the base must outlive the backend, and nobody else may run it meanwhile. Sockets need a base with
/// edge-triggered events (libevent's epoll or kqueue); on another one they fail with std::errc::not_supported.
class LibeventBackend final : public ReadinessBackend {
 public:
  /// On an event_base of its own, without locks and without precise timers, which would cost each wait a system call.
  /// Throws std::runtime_error when libevent refuses.
  explicit LibeventBackend(LibeventOptions options = {});
  explicit LibeventBackend(event_base& base, LibeventOptions options = {});
  ~LibeventBackend() override;

  std::string_view name() const override { return "libevent"; }
  event_base& base() const { return *base_; }

 private:
  struct FreeBase {
    void operator()(event_base* base) const;
  };
  struct FreeEvent {
    void operator()(event* event) const;
  };
  using EventPtr = std::unique_ptr<event, FreeEvent>;
  /// The operations that wait for one descriptor in one direction, and libevent's event for them.
  struct Watch {
    LibeventBackend* backend;
    EventPtr event;
    std::deque<OperationId> waiting;
    std::pair<std::uint64_t, std::uint64_t> file;  // src/descriptor.hpp
  };
  using Watches = std::map<int, Watch>;

  LibeventBackend(std::unique_ptr<event_base, FreeBase> own, event_base* base, LibeventOptions options);
  void open_descriptors();
  void close_descriptors() noexcept;
  void wait_for_edges(Instant deadline) override;
  void wake() noexcept override;
  void start_readiness(const Output& output) override;
  void cancel_readiness(const Output& output) override;
  int add(event& added);
  void fire(int descriptor, bool to_read, Watch& watch);
  void lose(int descriptor);
  EventPtr make_watch(const Output& output, Watch& watch);
  int watch(int descriptor) override;
  void unwatch(int descriptor) noexcept override;
  bool trusts_short_recv(bool) const override { return false; }  // libevent does not say what has come
  Watches& watches(OperationKind kind) { return kind == OperationKind::readable ? readers_ : writers_; }
  EventPtr make_event(int descriptor, short what, void (*callback)(int, short, void*), void* argument) const;

  std::unique_ptr<event_base, FreeBase> own_base_;
  event_base* base_;
  int wake_ = -1;   // eventfd
  int timer_ = -1;  // timerfd
  Instant armed_ = no_deadline;  // what the timerfd was set to, unless it has fired
  std::vector<EventPtr> sockets_;  // by descriptor
  Watches readers_;
  Watches writers_;
  EventPtr wake_event_;
  EventPtr signal_event_;
  EventPtr timer_event_;
};

}  // namespace rondo
