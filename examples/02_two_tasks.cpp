// SPDX-License-Identifier: BSL-1.0
// 02_two_tasks.cpp - create_task() schedules a coroutine: two of them sleep at the same time.
//
// Expected output; it takes 2 seconds, not 3:
//   started at 0 s
//   hello
//   world
//   finished at 2 s
#include <chrono>
#include <iostream>
#include <string>

#include "run_example.hpp"

using namespace std::chrono_literals;

rondo::Coro<> say_after(rondo::Duration delay, std::string what) {
  co_await rondo::sleep(delay);
  std::cout << what << '\n';
}

rondo::Coro<> async_main() {
  const rondo::Instant start = rondo::this_loop().time();
  auto seconds = [start] { return std::chrono::round<std::chrono::seconds>(rondo::this_loop().time() - start).count(); };

  auto task1 = rondo::create_task(say_after(1s, "hello"));
  auto task2 = rondo::create_task(say_after(2s, "world"));

  std::cout << "started at " << seconds() << " s\n";
  co_await task1;
  co_await task2;
  std::cout << "finished at " << seconds() << " s\n";
}

int main(int argc, char** argv) { return run_example(argc, argv, async_main()); }
