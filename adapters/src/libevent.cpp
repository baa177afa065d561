// SPDX-License-Identifier: BSL-1.0
// libevent.cpp - libevent 2.1 has no hook before it sleeps, so what becomes due elsewhere begins a timer of no length.
//
// Not event_active(): what an event's callback makes active runs before the base looks at anything else.
#include <rondo/adapters/libevent.hpp>

#include <event2/event.h>

namespace rondo::adapters::libevent {
namespace {

class EventHost final : public Host {
 public:
  EventHost(HostedCore& core, event_base* base)
      : link_(new Link{&core}),
        readable_(event_new(base, core.backend().descriptor(), EV_READ | EV_PERSIST, &on_event, link_)),
        due_(event_new(base, -1, 0, &on_event, link_)) {
    if (readable_ && due_ && event_add(readable_, nullptr) == 0) return;
    EventHost::free();
    throw RuntimeError("libevent: the event_base takes no event for the descriptor");
  }
  ~EventHost() override { free(); }
  void watch(bool on) noexcept override {
    if (!readable_) return;
    if (on) {
      event_add(readable_, nullptr);
    } else {
      event_del(readable_);
    }
  }
  void wake() noexcept override {
    constexpr timeval now{0, 0};
    if (due_) event_add(due_, &now);
  }
  bool tells_of_its_end() const noexcept override { return false; }
  /// The base may still have them.
  void forsake() noexcept override {
    if (link_) std::exchange(link_, nullptr)->core = nullptr;
    readable_ = due_ = nullptr;
  }

 private:
  /// What the events are given. The core is null once the host is forsaken.
  struct Link {
    HostedCore* core;
  };
  static void on_event(evutil_socket_t, short, void* link) {
    if (HostedCore* const core = static_cast<Link*>(link)->core) core->turn();
  }
  void free() {
    if (readable_) event_free(readable_);
    if (due_) event_free(due_);
    delete link_;
  }

  Link* link_;
  event* readable_;
  event* due_;
};

}  // namespace

std::unique_ptr<Host> attach(HostedCore& core, event_base* base) { return std::make_unique<EventHost>(core, base); }

}  // namespace rondo::adapters::libevent
