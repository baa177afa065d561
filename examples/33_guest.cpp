// SPDX-License-Identifier: BSL-1.0
// 33_guest.cpp - as the guest of a loop that watches no descriptor, and can only run what threads post to it.
//
// Expected output:
//   rondo: waits for the host
//   host: its timer calls
//   rondo: the host has called
//   rondo: slept for 10 ms
//   host: rondo gives 42
#include <chrono>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <queue>

#include <rondo/adapters/guest.hpp>
#include <rondo/rondo.hpp>
using namespace std::chrono_literals;

rondo::Coro<int> async_main(rondo::Event& called) {
  std::cout << "rondo: waits for the host\n";
  co_await called.wait();
  std::cout << "rondo: the host has called\n";
  co_await rondo::sleep(10ms);
  std::cout << "rondo: slept for 10 ms\n";
  co_return 42;
}

struct Host {  // a queue of functions
  std::mutex mutex;
  std::condition_variable arrived;
  std::queue<std::function<void()>> functions;

  void post(std::function<void()> function) {
    const std::lock_guard lock(mutex);
    functions.push(std::move(function));
    arrived.notify_one();
  }
  bool run_one(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex);
    if (!arrived.wait_for(lock, patience, [this] { return !functions.empty(); })) return false;
    const auto function = std::move(functions.front());
    functions.pop();
    lock.unlock();
    function();
    return true;
  }
};

int main() {
  rondo::Event called;
  Host host;
  const auto to_host = [&host](std::function<void()> function) { host.post(std::move(function)); };
  const auto hosted = rondo::adapters::guest::run(async_main(called), to_host);
  while (host.run_one(20ms)) continue;
  std::cout << "host: its timer calls\n";
  called.set();
  while (!hosted.done()) host.run_one(1s);
  std::cout << "host: rondo gives " << hosted.outcome().value() << "\n";
}
