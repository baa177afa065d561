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
      : core_(&core),
        readable_(event_new(base, core.backend().descriptor(), EV_READ | EV_PERSIST, &on_event, this)),
        due_(event_new(base, -1, 0, &on_event, this)) {
    if (readable_ && due_ && event_add(readable_, nullptr) == 0) return;
    free_events();
    throw RuntimeError("libevent: the event_base takes no event for the descriptor");
  }
  ~EventHost() override { free_events(); }
  std::string_view name() const noexcept override { return "libevent"; }
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
  /// They are of the base, which may be freed: they are left to it.
  void forsake() noexcept override { readable_ = due_ = nullptr; }

 private:
  static void on_event(evutil_socket_t, short, void* self) { static_cast<EventHost*>(self)->core_->turn(); }
  void free_events() {
    if (readable_) event_free(readable_);
    if (due_) event_free(due_);
  }

  HostedCore* core_;
  event* readable_;
  event* due_;
};

}  // namespace

std::unique_ptr<Host> attach(HostedCore& core, event_base* base) { return std::make_unique<EventHost>(core, base); }

}  // namespace rondo::adapters::libevent
