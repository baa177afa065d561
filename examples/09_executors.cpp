// SPDX-License-Identifier: BSL-1.0
// 09_executors.cpp - run_in_executor(): blocking work on the default executor, and on a pool of your own.
//
// Expected output:
//   default executor: 100 bytes
//   own thread pool: 100 bytes
//   sum of squares: 40425
#include <fstream>
#include <iostream>
#include <string>

#include <rondo/executors/thread_pool.hpp>

#include "run_example.hpp"

// Reading a file can block the loop: run it on a thread.
std::string blocking_io() {
  std::string bytes(100, '\0');
  std::ifstream file("/dev/urandom", std::ios::binary);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

// Work that keeps a processor busy blocks the loop as well.
int cpu_bound(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) sum += i * i;
  return sum;
}

rondo::Coro<> async_main() {
  // 1. The default executor: null.
  const std::string first = co_await rondo::run_in_executor(nullptr, blocking_io);
  std::cout << "default executor: " << first.size() << " bytes\n";

  // 2. A pool of our own. Its destructor waits for its threads.
  rondo::ThreadPoolExecutor pool({.threads = 2, .name = "own"});
  const std::string second = co_await rondo::run_in_executor(pool, blocking_io);
  std::cout << "own thread pool: " << second.size() << " bytes\n";

  // 3. Arguments are copied along. C++ threads compute side by side, so this needs no second process.
  const auto sum = co_await rondo::run_in_executor(pool, cpu_bound, 10 * 5);
  std::cout << "sum of squares: " << sum << '\n';
}

int main(int argc, char** argv) { return run_example(argc, argv, async_main()); }
