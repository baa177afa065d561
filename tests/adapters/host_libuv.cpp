// SPDX-License-Identifier: BSL-1.0
// host_libuv.cpp - libuv under test.
#include <rondo/adapters/libuv.hpp>

#include "test_host.hpp"

namespace {

using Function = std::function<void()>;

class UvLoop final : public TestHost {
 public:
  UvLoop() : loop_(std::make_unique<uv_loop_t>()) { uv_loop_init(loop_.get()); }
  ~UvLoop() override { UvLoop::destroy(); }

  std::string_view name() const override { return "libuv"; }
  rondo::adapters::Hosted<int> start(rondo::Coro<int> main, rondo::adapters::HostedOptions options) override {
    return rondo::adapters::libuv::run(std::move(main), loop_.get(), options);
  }
  void run() override { uv_run(loop_.get(), UV_RUN_DEFAULT); }
  void quit() override { uv_stop(loop_.get()); }
  void once(std::chrono::milliseconds delay, Function function) override {
    auto* const timer = new uv_timer_t;
    uv_timer_init(loop_.get(), timer);
    timer->data = new Function(std::move(function));
    uv_timer_start(timer, &fire, static_cast<std::uint64_t>(delay.count()), 0);
  }
  bool nest(std::chrono::milliseconds time) override {
    bool over = false;
    once(time, [&over] { over = true; });
    while (!over) uv_run(loop_.get(), UV_RUN_ONCE);
    return true;
  }
  void destroy() override {
    if (!loop_) return;
    const auto close_timer = [](uv_handle_t* handle, void*) {
      if (handle->type == UV_TIMER && !uv_is_closing(handle)) uv_close(handle, &closed);
    };
    uv_walk(loop_.get(), close_timer, nullptr);
    uv_run(loop_.get(), UV_RUN_DEFAULT);
    if (uv_loop_close(loop_.get()) != 0) std::terminate();  // somebody has left a handle
    loop_.reset();
  }
  bool tells_of_its_end() const override { return false; }

 private:
  static void fire(uv_timer_t* timer) {
    (*static_cast<Function*>(timer->data))();
    uv_close(reinterpret_cast<uv_handle_t*>(timer), &closed);
  }
  static void closed(uv_handle_t* handle) {
    delete static_cast<Function*>(handle->data);
    delete reinterpret_cast<uv_timer_t*>(handle);
  }
  std::unique_ptr<uv_loop_t> loop_;
};

}  // namespace

std::unique_ptr<TestHost> make_test_host() { return std::make_unique<UvLoop>(); }
