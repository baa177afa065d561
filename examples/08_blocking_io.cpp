// SPDX-License-Identifier: BSL-1.0
// 08_blocking_io.cpp - to_thread(): a function that blocks, on a thread, beside a sleep of the loop.
//
// Expected output; both take a second, together they take one, too:
//   started main at 0 s
//   start blocking_io at 0 s
//   blocking_io complete at 1 s
//   finished main at 1 s
#include <chrono>
#include <iostream>
#include <thread>

#include "run_example.hpp"

using namespace std::chrono_literals;

// The loop's clock belongs to the loop's thread, so both sides read a wall clock here. A simulated world runs the same
// function inline, and this one takes its real second there.
const auto start = std::chrono::steady_clock::now();
auto seconds() { return std::chrono::round<std::chrono::seconds>(std::chrono::steady_clock::now() - start).count(); }

void blocking_io() {
  std::cout << "start blocking_io at " << seconds() << " s\n" << std::flush;
  std::this_thread::sleep_for(1s);
  std::cout << "blocking_io complete at " << seconds() << " s\n" << std::flush;
}

rondo::Coro<> async_main() {
  std::cout << "started main at " << seconds() << " s\n" << std::flush;
  co_await rondo::gather(rondo::to_thread(blocking_io), rondo::sleep(1s));
  std::cout << "finished main at " << seconds() << " s\n";
}

int main(int argc, char** argv) { return run_example(argc, argv, async_main()); }
