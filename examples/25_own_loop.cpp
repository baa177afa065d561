// SPDX-License-Identifier: BSL-1.0
// 25_own_loop.cpp - inside a poll loop of one's own: the smallest host there is. It watches one descriptor more.
//
// Expected output:
//   rondo: waits for the host
//   host: its timer calls
//   rondo: the host has called
//   rondo: slept for 10 ms
//   host: rondo gives 42
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <iostream>

#include <rondo/adapters/own_loop.hpp>
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

int main() {
  rondo::Event called;
  const auto hosted = rondo::adapters::own_loop::run(async_main(called));

  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);  // something of the host's own
  const itimerspec in_20_ms{{0, 0}, {0, 20'000'000}};
  timerfd_settime(timer, 0, &in_20_ms, nullptr);

  while (!hosted.done()) {
    std::array<pollfd, 2> watched{{{timer, POLLIN, 0}, {hosted.descriptor(), POLLIN, 0}}};
    poll(watched.data(), watched.size(), hosted.poll_timeout());
    if (watched[0].revents != 0) {
      std::uint64_t times = 0;
      if (read(timer, &times, sizeof times) < 0) return 1;
      std::cout << "host: its timer calls\n";
      called.set();  // rondo runs before poll() sleeps again
    }
    hosted.turn();
  }
  std::cout << "host: rondo gives " << hosted.outcome().value() << "\n";
  close(timer);
}
