// SPDX-License-Identifier: BSL-1.0
// 14_async_generator.cpp - a coroutine that gives many values, may await between them, and cleans up when it is closed.
//
// Expected output:
//   3
//   2
//   1
//   tick 1
//   tick 2
//   the clock is stopped
#include <chrono>
#include <iostream>

#include "run_example.hpp"

using namespace std::chrono_literals;

rondo::AsyncGenerator<int> countdown(int from) {
  for (int i = from; i > 0; --i) {
    co_yield i;
    co_await rondo::sleep(100ms);
  }
}

rondo::AsyncGenerator<int> ticks() {
  bool closed = false;
  for (int i = 1; !closed; ++i) {
    co_await rondo::sleep(100ms);
    try {
      co_yield i;
    } catch (const rondo::GeneratorExit&) {
      closed = true;  // a catch block cannot await: leave it first
    }
  }
  co_await rondo::sleep(100ms);
  std::cout << "the clock is stopped\n";
}

rondo::Coro<> async_main() {
  auto numbers = countdown(3);
  while (auto number = co_await numbers.next()) std::cout << *number << '\n';

  auto clock = ticks();
  while (auto tick = co_await clock.next()) {
    std::cout << "tick " << *tick << '\n';
    if (*tick == 2) break;
  }
  co_await clock.aclose();  // runs the clean-up, here and now
}

int main(int argc, char** argv) { return run_example(argc, argv, async_main()); }
