// SPDX-License-Identifier: BSL-1.0
// host_libevent.cpp - somebody's event_base under test.
#include <event2/event.h>

#include <list>

#include <rondo/adapters/libevent.hpp>

#include "test_host.hpp"

namespace {

class EventLoop final : public TestHost {
 public:
  EventLoop() : base_(event_base_new()) {}
  ~EventLoop() override { EventLoop::destroy(); }

  std::string_view name() const override { return "libevent"; }
  rondo::adapters::Hosted<int> start(rondo::Coro<int> main, rondo::adapters::HostedOptions options) override {
    return rondo::adapters::libevent::run(std::move(main), base_, options);
  }
  void run() override { event_base_dispatch(base_); }
  void quit() override { event_base_loopbreak(base_); }
  void once(std::chrono::milliseconds delay, std::function<void()> function) override {
    const timeval time{static_cast<time_t>(delay.count() / 1000),
                       static_cast<suseconds_t>(delay.count() % 1000 * 1000)};
    Timer& timer = timers_.emplace_back();
    timer.function = std::move(function);
    timer.fires.reset(evtimer_new(base_, &fire, &timer));
    event_add(timer.fires.get(), &time);
  }
  void destroy() override {
    timers_.clear();
    if (base_) event_base_free(std::exchange(base_, nullptr));
  }
  bool tells_of_its_end() const override { return false; }

 private:
  struct FreeEvent {
    void operator()(event* e) const { event_free(e); }
  };
  struct Timer {
    std::unique_ptr<event, FreeEvent> fires;
    std::function<void()> function;
  };
  static void fire(evutil_socket_t, short, void* timer) { static_cast<Timer*>(timer)->function(); }

  event_base* base_;
  std::list<Timer> timers_;
};

}  // namespace

std::unique_ptr<TestHost> make_test_host() { return std::make_unique<EventLoop>(); }
