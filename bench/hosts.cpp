// SPDX-License-Identifier: BSL-1.0
// hosts.cpp - what it costs to live in somebody else's loop: exactness of timers, latency of a wake-up, and idling.
//
//     rondo-bench-hosts [ROUNDS]        all figures are ratios of the same round, medians of all rounds
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include <rondo/adapters/own_loop.hpp>
#include <rondo/backends/epoll.hpp>
#include <rondo/rondo.hpp>

#include "hosts.hpp"

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

rondo::Coro<int> sleeps() {
  for (int i = 0; i < 100; ++i) co_await rondo::sleep(1ms);
  co_return 0;
}

double milliseconds_of(const std::function<void()>& function) {
  const auto began = Clock::now();
  function();
  return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

void exactness(int rounds) {
  std::vector<std::vector<double>> ratios(hosts().size());
  for (int round = 0; round < rounds; ++round) {
    rondo::EpollBackend backend;
    const double own = milliseconds_of([&] { rondo::run(backend, sleeps()); });
    for (std::size_t i = 0; i < hosts().size(); ++i) {
      rondo::EpollBackend hosted;
      ratios[i].push_back(milliseconds_of([&] { hosts()[i].run(sleeps(), hosted); }) / own);
    }
  }
  for (std::size_t i = 0; i < hosts().size(); ++i) {
    std::printf("100 sleeps of 1 ms in %-9s %6.3f x epoll's own run()\n", hosts()[i].name, median(ratios[i]));
  }
}

/// A thread that wakes a loop again and again, and when it did so last.
class Waker {
 public:
  static constexpr int wakes = 2000;
  std::vector<double> latencies;  // nanoseconds

  /// On the loop's thread.
  void woken() {
    latencies.push_back(std::chrono::duration<double, std::nano>(Clock::now() - sent_).count());
    answered_.release();
  }
  template <class Wake>
  void begin(Wake wake) {
    thread_ = std::thread([this, wake] {
      for (int i = 0; i < wakes; ++i) {
        std::this_thread::sleep_for(20us);  // the loop sleeps by then
        sent_ = Clock::now();
        wake();
        answered_.acquire();
      }
    });
  }
  bool over() const { return latencies.size() == wakes; }
  double join() {
    thread_.join();
    return median(latencies);
  }

 private:
  Clock::time_point sent_;
  std::binary_semaphore answered_{0};
  std::thread thread_;
};

rondo::Coro<int> wait_for_wakes(Waker& waker) {
  rondo::Loop& loop = rondo::this_loop();
  const auto source = loop.open_source();
  rondo::Event event;
  waker.begin([&] { loop.call_soon_threadsafe([&] { event.set(); }); });
  while (!waker.over()) {
    co_await event.wait();
    event.clear();
    waker.woken();
  }
  co_return 0;
}

double latency_in(const HostRow& host) {
  rondo::EpollBackend backend;
  Waker waker;
  host.run(wait_for_wakes(waker), backend);
  return waker.join();
}

double bare_latency() {
  const int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  Waker waker;
  waker.begin([&] {
    const std::uint64_t one = 1;
    if (write(descriptor, &one, sizeof one) < 0) std::abort();
  });
  run_bare_source(descriptor, [&] {
    waker.woken();
    return !waker.over();
  });
  close(descriptor);
  return waker.join();
}

void latency(int rounds) {
  std::vector<double> hosted;
  std::vector<double> guest;
  std::vector<double> bare;
  for (int round = 0; round < rounds; ++round) {
    const double limit = bare_latency();
    bare.push_back(limit);
    for (const HostRow& host : hosts()) {
      if (std::string(host.name) == "GLib") hosted.push_back(latency_in(host) / limit);
      if (std::string(host.name) == "guest") guest.push_back(latency_in(host) / limit);
    }
  }
  std::printf("wake from a thread to a task in GLib      %6.2f x a bare GLib source (%.1f us)\n", median(hosted),
              median(bare) / 1000);
  std::printf("wake from a thread to a task as a guest   %6.2f x a bare GLib source\n", median(guest));
}

rondo::Coro<int> sleep_for(std::chrono::seconds time) {
  co_await rondo::sleep(time);
  co_return 0;
}

void idle() {
  rondo::EpollBackend backend;
  const auto hosted = rondo::adapters::own_loop::run(sleep_for(5s), {.backend = &backend});
  const std::clock_t cpu = std::clock();
  while (!hosted.done()) {
    pollfd watched{hosted.descriptor(), POLLIN, 0};
    poll(&watched, 1, hosted.poll_timeout());
    hosted.turn();
  }
  std::printf("5 s idle: %llu turns in all, %.2f ms of CPU\n", static_cast<unsigned long long>(hosted.turns()),
              1000.0 * static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 9;
  exactness(rounds);
  latency(rounds);
  idle();
}
