// SPDX-License-Identifier: BSL-1.0
// loop_thread.hpp - a loop on a thread of its own, for tests of what crosses between threads.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include <rondo/backends/epoll.hpp>
#include <rondo/rondo.hpp>
#include <rondo/threads.hpp>

/// Runs until it goes.
class LoopThread {
 public:
  explicit LoopThread(bool debug = false) {
    thread_ = std::thread([this, debug] {
      rondo::EpollBackend backend;
      rondo::Runner runner(backend, {.debug = debug});
      runner.run([](LoopThread* self) -> rondo::Coro<> {
        rondo::Event end;
        self->end_ = &end;
        self->loop_ = &rondo::this_loop();
        rondo::this_loop().set_exception_handler(
            [self](const rondo::ErrorContext& context) { self->report_ = context.message; });
        const rondo::OutsideSource source = rondo::this_loop().open_source();
        self->ready_ = true;
        co_await end.wait();
      }(this));
    });
    while (!ready_) std::this_thread::yield();
  }
  ~LoopThread() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    loop_->call_soon_threadsafe([this] { end_->set(); });
    thread_.join();
  }
  rondo::Loop& loop() { return *loop_; }
  /// The last report, once the loop has come by.
  std::string report() {
    rondo::run_coroutine_threadsafe(*loop_, [] { return rondo::sleep(std::chrono::milliseconds(1)); }).wait();
    return report_;
  }

 private:
  std::thread thread_;
  rondo::Event* end_ = nullptr;
  rondo::Loop* loop_ = nullptr;
  std::string report_;
  std::atomic<bool> ready_ = false;
};
