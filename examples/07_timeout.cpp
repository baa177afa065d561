// SPDX-License-Identifier: BSL-1.0
// 07_timeout.cpp - wait_for(): an hour is too long, one second is enough.
//
// Expected output, after one second:
//   timeout!
#include <chrono>
#include <iostream>

#include "run_example.hpp"

using namespace std::chrono_literals;

rondo::Coro<> eternity() {
  co_await rondo::sleep(1h);
  std::cout << "Can you sleep longer than this?\n";
}

rondo::Coro<> async_main() {
  try {
    co_await rondo::wait_for(eternity(), 1s);
  } catch (const rondo::TimeoutError&) {
    std::cout << "timeout!\n";
  }
}

int main(int argc, char** argv) { return run_example(argc, argv, async_main()); }
