// SPDX-License-Identifier: BSL-1.0
// 09_executors.cpp - run_in_executor(): blocking work on the default executor, on threads of your own, and on
// processes.
//
// Expected output:
//   Custom thread pool b'some bytes of a file'
//   custom process pool 40425
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include <rondo/executors/process_pool.hpp>
#include <rondo/executors/thread_pool.hpp>

#include "run_example.hpp"

const std::string path = (std::filesystem::temp_directory_path() / "rondo_example_some_file").string();

// Reading a file can block the loop: run it on a thread.
std::string blocking_io() {
  std::string bytes(100, '\0');
  std::ifstream file(path, std::ios::binary);
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
  std::ofstream(path) << "some bytes of a file";

  // 1. The default executor: null.
  co_await rondo::run_in_executor(nullptr, blocking_io);

  // 2. Threads of our own. The destructor of the pool waits for them.
  rondo::ThreadPoolExecutor threads({.threads = 2, .name = "own"});
  const std::string result = co_await rondo::run_in_executor(threads, blocking_io);
  std::cout << "Custom thread pool b'" << result << "'\n";

  // 3. Processes of our own. C++ threads compute side by side, too; but what crashes here, or is killed, is an error of
  // one job. The function is named at compile time, since the other process must find it.
  rondo::ProcessPoolExecutor processes({.max_workers = 2});
  const int sum = co_await rondo::run_in_executor(processes, rondo::function<&cpu_bound>, 10 * 5);
  std::cout << "custom process pool " << sum << '\n';
}

int main(int argc, char** argv) {
  if (const auto code = rondo::process_worker_main(argc, argv)) return *code;  // in a worker
  return run_example(argc, argv, async_main());
}
