// SPDX-License-Identifier: BSL-1.0
// host_asio.cpp - somebody's io_context under test.
#include <rondo/adapters/asio.hpp>

#include <asio/steady_timer.hpp>

#include "test_host.hpp"

namespace {

class AsioLoop final : public TestHost {
 public:
  std::string_view name() const override { return "Asio"; }
  rondo::adapters::Hosted<int> start(rondo::Coro<int> main, rondo::adapters::HostedOptions options) override {
    return rondo::adapters::asio::run(std::move(main), *context_, options);
  }
  void run() override {
    context_->restart();
    context_->run();
  }
  void quit() override { context_->stop(); }
  void once(std::chrono::milliseconds delay, std::function<void()> function) override {
    auto timer = std::make_shared<asio::steady_timer>(*context_, delay);
    timer->async_wait([timer, function = std::move(function)](std::error_code error) {
      if (!error) function();
    });
  }
  bool nest(std::chrono::milliseconds time) override {
    bool over = false;
    once(time, [&over] { over = true; });
    while (!over) context_->run_one();
    return true;
  }
  void destroy() override { context_.reset(); }
  bool tells_of_its_end() const override { return true; }

 private:
  std::unique_ptr<asio::io_context> context_ = std::make_unique<asio::io_context>(1);
};

}  // namespace

std::unique_ptr<TestHost> make_test_host() { return std::make_unique<AsioLoop>(); }
