// SPDX-License-Identifier: BSL-1.0
// 04_display_date.cpp - the loop's clock: print the time every second for five seconds.
//
// Time is counted from the start of the program, so that each run prints the same.
// Expected output:
//   0 s
//   1 s
//   2 s
//   3 s
//   4 s
#include <chrono>
#include <iostream>

#include "run_example.hpp"

using namespace std::chrono_literals;

rondo::Coro<> display_date() {
  rondo::Loop& loop = rondo::this_loop();
  const rondo::Instant start = loop.time();
  const rondo::Instant end = start + 5s;
  for (;;) {
    std::cout << std::chrono::round<std::chrono::seconds>(loop.time() - start).count() << " s\n" << std::flush;
    if (loop.time() + 1s >= end) break;
    co_await rondo::sleep(1s);
  }
}

int main(int argc, char** argv) { return run_example(argc, argv, display_date()); }
