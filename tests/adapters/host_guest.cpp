// SPDX-License-Identifier: BSL-1.0
// host_guest.cpp - a host that can do no more than run functions that threads post.
#include <condition_variable>
#include <map>
#include <mutex>
#include <vector>

#include <rondo/adapters/guest.hpp>

#include "test_host.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using Function = std::function<void()>;

class PostLoop final : public TestHost {
 public:
  std::string_view name() const override { return "guest"; }
  rondo::adapters::Hosted<int> start(rondo::Coro<int> main, rondo::adapters::HostedOptions options) override {
    const auto to_host = [this](Function function) { post(std::move(function)); };
    return rondo::adapters::guest::run(std::move(main), to_host, options);
  }
  void run() override {
    for (running_ = true; running_;) run_once();
  }
  void quit() override { running_ = false; }
  void once(std::chrono::milliseconds delay, Function function) override {
    timers_.emplace(Clock::now() + delay, std::move(function));
  }
  bool nest(std::chrono::milliseconds time) override {
    bool over = false;
    once(time, [&over] { over = true; });
    while (!over) run_once();
    return true;
  }
  void destroy() override { posted_.clear(); }
  bool tells_of_its_end() const override { return false; }
  bool needs_descriptor() const override { return false; }

 private:
  void post(Function function) {
    {
      const std::lock_guard lock(mutex_);
      posted_.push_back(std::move(function));
    }
    arrived_.notify_one();
  }
  void run_once() {
    std::vector<Function> posted;
    {
      std::unique_lock lock(mutex_);
      const auto some = [this] { return !posted_.empty(); };
      if (timers_.empty()) {
        arrived_.wait(lock, some);
      } else {
        arrived_.wait_until(lock, timers_.begin()->first, some);
      }
      posted.swap(posted_);
    }
    for (const Function& function : posted) function();
    while (!timers_.empty() && timers_.begin()->first <= Clock::now()) {
      const auto timer = timers_.extract(timers_.begin());
      timer.mapped()();
    }
  }
  std::multimap<Clock::time_point, Function> timers_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Function> posted_;
  bool running_ = false;
};

}  // namespace

std::unique_ptr<TestHost> make_test_host() { return std::make_unique<PostLoop>(); }
