// SPDX-License-Identifier: BSL-1.0
// 30_libev.cpp - inside a libev loop.
//
// Expected output:
//   rondo: waits for the host
//   host: its timer calls
//   rondo: the host has called
//   rondo: slept for 10 ms
//   host: rondo gives 42
#include <chrono>
#include <iostream>

#include <ev.h>
#include <rondo/adapters/libev.hpp>
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

void on_timer(struct ev_loop*, ev_timer* timer, int) {
  std::cout << "host: its timer calls\n";
  static_cast<rondo::Event*>(timer->data)->set();  // rondo runs before libev sleeps again
}

int main() {
  rondo::Event called;
  struct ev_loop* const loop = ev_loop_new(EVFLAG_AUTO);
  const auto hosted = rondo::adapters::libev::run(async_main(called), loop);

  ev_timer timer;  // something of the host's own
  ev_timer_init(&timer, &on_timer, 0.02, 0.);
  timer.data = &called;
  ev_timer_start(loop, &timer);

  ev_run(loop, 0);  // until nothing is left, neither of rondo's
  std::cout << "host: rondo gives " << hosted.outcome().value() << "\n";
  ev_loop_destroy(loop);
}
