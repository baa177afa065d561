// SPDX-License-Identifier: BSL-1.0
// libevent.hpp - the backend on libevent 2.1, on an event_base of its own or on the caller's.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include <rondo/backends/readiness_backend.hpp>

struct event;
struct event_base;

namespace rondo {

struct LibeventOptions {
  ThreadPoolOptions default_executor = {};  // made when the first job needs it
  Seam* seam = nullptr;                     // for tests
};

/// Waits in event_base_loop(); deadlines are rounded up to microseconds. On the caller's event_base the caller's events
/// run as well while this waits; the base must outlive the backend, and nobody else may run it meanwhile. Sockets need
/// a base with edge-triggered events (libevent's epoll or kqueue); on another one they fail with
/// std::errc::not_supported.
class LibeventBackend final : public ReadinessBackend {
 public:
  /// On an event_base of its own, with precise timers and without locks. Throws std::runtime_error when libevent
  /// refuses.
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
  };
  using Watches = std::map<int, Watch>;

  LibeventBackend(std::unique_ptr<event_base, FreeBase> own, event_base* base, LibeventOptions options);
  void wait_for_edges(Instant deadline) override;
  void wake() noexcept override;
  void start_readiness(const Output& output) override;
  void cancel_readiness(const Output& output) override;
  int add(event& added);
  int watch(int descriptor) override;
  void unwatch(int descriptor) noexcept override;
  Watches& watches(OperationKind kind) { return kind == OperationKind::readable ? readers_ : writers_; }
  EventPtr make_event(int descriptor, short what, void (*callback)(int, short, void*), void* argument) const;

  std::unique_ptr<event_base, FreeBase> own_base_;
  event_base* base_;
  int wake_ = -1;  // eventfd
  std::vector<EventPtr> sockets_;  // by descriptor
  Watches readers_;
  Watches writers_;
  EventPtr wake_event_;
  EventPtr signal_event_;
  EventPtr timer_;
};

}  // namespace rondo
