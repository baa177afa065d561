// SPDX-License-Identifier: BSL-1.0
// host_libev.cpp - libev under test.
#include <list>

#include <rondo/adapters/libev.hpp>

#include "test_host.hpp"

#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wstrict-aliasing"
#define EV_COMPAT3 0
#include <ev.h>

namespace {

class EvLoop final : public TestHost {
 public:
  EvLoop() : loop_(ev_loop_new(EVFLAG_AUTO)) {}
  ~EvLoop() override { EvLoop::destroy(); }

  std::string_view name() const override { return "libev"; }
  rondo::adapters::Hosted<int> start(rondo::Coro<int> main, rondo::adapters::HostedOptions options) override {
    return rondo::adapters::libev::run(std::move(main), loop_, options);
  }
  void run() override { ev_run(loop_, 0); }
  void quit() override { ev_break(loop_, EVBREAK_ONE); }
  void once(std::chrono::milliseconds delay, std::function<void()> function) override {
    Timer& timer = timers_.emplace_back();
    timer.function = std::move(function);
    ev_now_update(loop_);
    ev_timer_init(&timer.watcher, &fire, static_cast<double>(delay.count()) / 1000, 0.);
    timer.watcher.data = &timer;
    ev_timer_start(loop_, &timer.watcher);
  }
  bool nest(std::chrono::milliseconds time) override {
    bool over = false;
    once(time, [&over] { over = true; });
    while (!over) ev_run(loop_, EVRUN_ONCE);
    return true;
  }
  void destroy() override {
    if (!loop_) return;
    for (Timer& timer : timers_) ev_timer_stop(loop_, &timer.watcher);
    ev_loop_destroy(loop_);
    loop_ = nullptr;
  }
  bool tells_of_its_end() const override { return true; }

 private:
  struct Timer {
    ev_timer watcher{};
    std::function<void()> function;
  };
  static void fire(struct ev_loop*, ev_timer* watcher, int) {
    const auto function = std::move(static_cast<Timer*>(watcher->data)->function);
    function();
  }
  struct ev_loop* loop_;
  std::list<Timer> timers_;
};

}  // namespace

std::unique_ptr<TestHost> make_test_host() { return std::make_unique<EvLoop>(); }
