// SPDX-License-Identifier: BSL-1.0
// 29_sd_event.cpp - inside systemd's event loop.
//
// Expected output:
//   rondo: waits for the host
//   host: its timer calls
//   rondo: the host has called
//   rondo: slept for 10 ms
//   host: rondo gives 42
#include <chrono>
#include <ctime>
#include <iostream>

#include <rondo/adapters/sd_event.hpp>
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

int on_timer(sd_event_source*, std::uint64_t, void* called) {
  std::cout << "host: its timer calls\n";
  static_cast<rondo::Event*>(called)->set();  // rondo runs before the event loop sleeps again
  return 0;
}

int main() {
  rondo::Event called;
  sd_event* event = nullptr;
  if (sd_event_new(&event) < 0) return 1;
  const auto hosted = rondo::adapters::sd_event::run(async_main(called), event);
  hosted.on_done([event](const rondo::Outcome<int>&) { sd_event_exit(event, 0); });

  constexpr std::uint64_t in_20_ms = 20'000;
  sd_event_add_time_relative(event, nullptr, CLOCK_MONOTONIC, in_20_ms, 1, &on_timer, &called);

  sd_event_loop(event);
  std::cout << "host: rondo gives " << hosted.outcome().value() << "\n";
  sd_event_unref(event);
}
