// SPDX-License-Identifier: BSL-1.0
// host_sd_event.cpp - sd-event under test.
#include <ctime>

#include <rondo/adapters/sd_event.hpp>

#include "test_host.hpp"

namespace {

using Function = std::function<void()>;

class SdLoop final : public TestHost {
 public:
  SdLoop() {
    if (sd_event_new(&event_) < 0) std::terminate();
  }
  ~SdLoop() override { SdLoop::destroy(); }

  std::string_view name() const override { return "sd-event"; }
  rondo::adapters::Hosted<int> start(rondo::Coro<int> main, rondo::adapters::HostedOptions options) override {
    return rondo::adapters::sd_event::run(std::move(main), event_, options);
  }
  /// sd_event_exit() would be for good.
  void run() override {
    for (running_ = true; running_;) sd_event_run(event_, UINT64_MAX);
  }
  void quit() override { running_ = false; }
  void once(std::chrono::milliseconds delay, Function function) override {
    std::uint64_t now = 0;
    sd_event_now(event_, CLOCK_MONOTONIC, &now);
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    now = static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(time.tv_nsec) / 1000;
    sd_event_source* source = nullptr;
    auto* const kept = new Function(std::move(function));
    const auto fire = [](sd_event_source*, std::uint64_t, void* data) {
      (*static_cast<Function*>(data))();
      return 0;
    };
    sd_event_add_time(event_, &source, CLOCK_MONOTONIC, now + static_cast<std::uint64_t>(delay.count()) * 1000, 1, fire,
                      kept);
    sd_event_source_set_destroy_callback(source, [](void* data) { delete static_cast<Function*>(data); });
    sd_event_source_set_floating(source, 1);
    sd_event_source_unref(source);
  }
  void destroy() override {
    if (event_) sd_event_unref(std::exchange(event_, nullptr));
  }
  bool tells_of_its_end() const override { return true; }

 private:
  ::sd_event* event_ = nullptr;
  bool running_ = false;
};

}  // namespace

std::unique_ptr<TestHost> make_test_host() { return std::make_unique<SdLoop>(); }
