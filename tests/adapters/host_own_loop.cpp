// SPDX-License-Identifier: BSL-1.0
// host_own_loop.cpp - a poll loop of one's own under test.
#include <poll.h>

#include <map>
#include <optional>

#include <rondo/adapters/own_loop.hpp>

#include "test_host.hpp"

namespace {

using Clock = std::chrono::steady_clock;

class PollLoop final : public TestHost {
 public:
  std::string_view name() const override { return "own loop"; }
  rondo::adapters::Hosted<int> start(rondo::Coro<int> main, rondo::adapters::HostedOptions options) override {
    hosted_.emplace(rondo::adapters::own_loop::run(std::move(main), options));
    return *hosted_;
  }
  void run() override {
    for (running_ = true; running_;) run_once();
  }
  void quit() override { running_ = false; }
  void once(std::chrono::milliseconds delay, std::function<void()> function) override {
    timers_.emplace(Clock::now() + delay, std::move(function));
  }
  bool nest(std::chrono::milliseconds time) override {
    bool over = false;
    once(time, [&over] { over = true; });
    while (!over) run_once();
    return true;
  }
  void destroy() override { hosted_.reset(); }
  bool may_change_threads() const override { return false; }
  bool tells_of_its_end() const override { return false; }
  bool keeps_handle() const override { return true; }

 private:
  void run_once() {
    pollfd watched{hosted_ ? hosted_->descriptor() : -1, POLLIN, 0};
    const int due = hosted_ && !hosted_->done() ? hosted_->poll_timeout() : -1;
    poll(&watched, 1, due == 0 ? 0 : timeout());
    if (hosted_ && (due == 0 || watched.revents != 0)) hosted_->turn();
    while (!timers_.empty() && timers_.begin()->first <= Clock::now()) {
      const auto timer = timers_.extract(timers_.begin());
      timer.mapped()();
    }
  }
  int timeout() const {
    if (timers_.empty()) return -1;
    const auto left = timers_.begin()->first - Clock::now();
    return std::max(0, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count()));
  }
  std::optional<rondo::adapters::own_loop::OwnLoop<int>> hosted_;
  std::multimap<Clock::time_point, std::function<void()>> timers_;
  bool running_ = false;
};

}  // namespace

std::unique_ptr<TestHost> make_test_host() { return std::make_unique<PollLoop>(); }
