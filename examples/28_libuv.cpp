// SPDX-License-Identifier: BSL-1.0
// 28_libuv.cpp - inside a libuv loop.
//
// Expected output:
//   rondo: waits for the host
//   host: its timer calls
//   rondo: the host has called
//   rondo: slept for 10 ms
//   host: rondo gives 42
#include <chrono>
#include <iostream>

#include <rondo/adapters/libuv.hpp>
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
  uv_loop_t* const loop = uv_default_loop();
  const auto hosted = rondo::adapters::libuv::run(async_main(called), loop);

  uv_timer_t timer;  // something of the host's own
  uv_timer_init(loop, &timer);
  timer.data = &called;
  const auto call = [](uv_timer_t* self) {
    std::cout << "host: its timer calls\n";
    static_cast<rondo::Event*>(self->data)->set();  // rondo runs before libuv sleeps again
    uv_close(reinterpret_cast<uv_handle_t*>(self), nullptr);
  };
  uv_timer_start(&timer, call, 20, 0);

  uv_run(loop, UV_RUN_DEFAULT);  // until nothing is left, neither of rondo's
  std::cout << "host: rondo gives " << hosted.outcome().value() << "\n";
  return uv_loop_close(loop);
}
