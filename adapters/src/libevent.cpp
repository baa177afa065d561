// SPDX-License-Identifier: BSL-1.0
// libevent.cpp - libevent 2.1 has no hook before it sleeps, so what becomes due elsewhere begins a timer of no length.
//
// Not event_active(): what an event's callback makes active runs before the base looks at anything else.
#include <rondo/adapters/libevent.hpp>

#include <atomic>
#include <utility>

#include <event2/event.h>

namespace rondo::adapters::libevent {
namespace {

class EventHost final : public Host {
 public:
  EventHost(HostedCore& core, event_base* base) : link_(std::make_unique<Link>()) {
    link_->core = &core;
    link_->readable.reset(event_new(base, core.backend().descriptor(), EV_READ | EV_PERSIST, &on_event, link_.get()));
    link_->due.reset(event_new(base, -1, 0, &on_event, link_.get()));
    if (link_->readable && link_->due && event_add(link_->readable.get(), nullptr) == 0) return;
    throw RuntimeError("libevent: the event_base takes no event for the descriptor");
  }
  void watch(bool on) noexcept override {
    if (!link_) return;
    if (on) {
      event_add(link_->readable.get(), nullptr);
    } else {
      event_del(link_->readable.get());
    }
  }
  void wake() noexcept override {
    constexpr timeval now{0, 0};
    if (link_) event_add(link_->due.get(), &now);
  }
  bool tells_of_its_end() const noexcept override { return false; }
  /// The base may still have the events, and may be gone: they stay as they are.
  void forsake() noexcept override {
    if (!link_) return;
    link_->core = nullptr;
    Link* const kept = link_.release();
    kept->next = forsaken.exchange(kept);
  }

 private:
  struct FreeEvent {
    void operator()(event* e) const { event_free(e); }
  };
  using EventPtr = std::unique_ptr<event, FreeEvent>;
  /// What the events are given. The core is null once the host is forsaken.
  struct Link {
    HostedCore* core = nullptr;
    EventPtr readable;
    EventPtr due;
    Link* next = nullptr;
  };
  static void on_event(evutil_socket_t, short, void* link) {
    if (HostedCore* const core = static_cast<Link*>(link)->core) core->turn();
  }
  static inline std::atomic<Link*> forsaken = nullptr;

  std::unique_ptr<Link> link_;
};

}  // namespace

std::unique_ptr<Host> attach(HostedCore& core, event_base* base) { return std::make_unique<EventHost>(core, base); }

}  // namespace rondo::adapters::libevent
