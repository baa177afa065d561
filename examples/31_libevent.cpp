// SPDX-License-Identifier: BSL-1.0
// 31_libevent.cpp - inside an event_base that somebody else dispatches.
//
// Expected output:
//   rondo: waits for the host
//   host: its timer calls
//   rondo: the host has called
//   rondo: slept for 10 ms
//   host: rondo gives 42
#include <chrono>
#include <iostream>

#include <event2/event.h>
#include <rondo/adapters/libevent.hpp>
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

void on_timer(evutil_socket_t, short, void* called) {
  std::cout << "host: its timer calls\n";
  static_cast<rondo::Event*>(called)->set();  // rondo runs before the base sleeps again
}

int main() {
  rondo::Event called;
  event_base* const base = event_base_new();
  const auto hosted = rondo::adapters::libevent::run(async_main(called), base);

  const timeval in_20_ms{0, 20'000};  // something of the host's own
  event_base_once(base, -1, EV_TIMEOUT, &on_timer, &called, &in_20_ms);

  event_base_dispatch(base);  // until nothing is left, neither of rondo's
  std::cout << "host: rondo gives " << hosted.outcome().value() << "\n";
  event_base_free(base);
}
