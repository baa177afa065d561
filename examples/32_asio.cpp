// SPDX-License-Identifier: BSL-1.0
// 32_asio.cpp - inside an io_context that somebody else runs.
//
// Expected output:
//   rondo: waits for the host
//   host: its timer calls
//   rondo: the host has called
//   rondo: slept for 10 ms
//   host: rondo gives 42
#include <chrono>
#include <iostream>

#include <rondo/adapters/asio.hpp>
#include <rondo/rondo.hpp>

#include <asio/steady_timer.hpp>

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
  asio::io_context context;
  const auto hosted = rondo::adapters::asio::run(async_main(called), context);

  asio::steady_timer timer(context, 20ms);  // something of the host's own
  timer.async_wait([&called](std::error_code) {
    std::cout << "host: its timer calls\n";
    called.set();  // rondo runs before the context sleeps again
  });

  context.run();  // until nothing is left, neither of rondo's
  std::cout << "host: rondo gives " << hosted.outcome().value() << "\n";
}
