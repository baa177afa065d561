// SPDX-License-Identifier: BSL-1.0
// libevent.hpp - the backend on libevent 2.1, on an event_base of its own or on the caller's.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include <rondo/backend.hpp>
#include <rondo/backends/inbox.hpp>
#include <rondo/backends/jobs.hpp>
#include <rondo/backends/signals.hpp>

struct event;
struct event_base;

namespace rondo {

struct LibeventOptions {
  ThreadPoolOptions default_executor = {};  // made when the first job needs it
};

/// Waits in event_base_loop(); deadlines are rounded up to microseconds. One loop at a time; everything but post()
/// belongs to the loop's thread. On the caller's event_base the caller's events run as well while this waits; the base
/// must outlive the backend, and nobody else may run it meanwhile.
class LibeventBackend final : public Backend {
 public:
  /// On an event_base of its own, with precise timers and without locks. Throws std::runtime_error when libevent refuses.
  explicit LibeventBackend(LibeventOptions options = {});
  explicit LibeventBackend(event_base& base, LibeventOptions options = {});
  ~LibeventBackend() override;
  LibeventBackend(const LibeventBackend&) = delete;
  LibeventBackend& operator=(const LibeventBackend&) = delete;

  std::string_view name() const override { return "libevent"; }
  Instant now() noexcept override;
  std::span<const Input> reap(Instant deadline) override;
  void submit(std::span<const Output> outputs) override;
  void post(CallCore& call) noexcept override;
  void shutdown_default_executor() override;
  void begin_interrupts(CallCore& call) override;
  void end_interrupts() override;
  void prepare(Loop& loop) override;

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
  void put(const Input& input) noexcept;
  void wake() noexcept;
  void start(const Output& output);
  void cancel(const Output& output);
  void start_readiness(const Output& output);
  void cancel_readiness(const Output& output);
  Watches& watches(OperationKind kind) { return kind == OperationKind::readable ? readers_ : writers_; }
  EventPtr make_event(int descriptor, short what, void (*callback)(int, short, void*), void* argument) const;

  std::unique_ptr<event_base, FreeBase> own_base_;
  event_base* base_;
  std::int64_t start_ns_;
  int wake_ = -1;  // eventfd
  std::vector<Input> ready_;  // found by submit(), reported by the next reap()
  std::vector<Input> inputs_;
  Watches readers_;
  Watches writers_;
  SignalPipe signals_;
  EventPtr wake_event_;
  EventPtr signal_event_;
  EventPtr timer_;
  Inbox inbox_;
  JobDesk jobs_;  // last: what its threads finish goes into the inbox
};

}  // namespace rondo
