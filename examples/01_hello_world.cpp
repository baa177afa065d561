// SPDX-License-Identifier: BSL-1.0
// 01_hello_world.cpp - a coroutine, a sleep, and run(): the way into every program.
//
// Expected output, with a second between the lines:
//   hello
//   world
#include <chrono>
#include <iostream>

#include "run_example.hpp"

using namespace std::chrono_literals;

rondo::Coro<> async_main() {
  std::cout << "hello\n" << std::flush;
  co_await rondo::sleep(1s);
  std::cout << "world\n";
}

// async_main() makes a coroutine and runs nothing yet. Without the header this line is: rondo::run(async_main());
int main(int argc, char** argv) { return run_example(argc, argv, async_main()); }
