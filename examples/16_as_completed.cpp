// SPDX-License-Identifier: BSL-1.0
// 16_as_completed.cpp - results as they come, the fastest first; and wait(), which parts done from pending.
//
// Expected output:
//   1. hare
//   2. horse
//   3. tortoise
//   done: 1, pending: 2
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include "run_example.hpp"

using namespace std::chrono_literals;

rondo::Coro<std::string> race(std::string name, rondo::Duration time) {
  co_await rondo::sleep(time);
  co_return name;
}

std::vector<rondo::Coro<std::string>> field() {
  std::vector<rondo::Coro<std::string>> runners;
  runners.push_back(race("tortoise", 3s));
  runners.push_back(race("hare", 1s));
  runners.push_back(race("horse", 2s));
  return runners;
}

rondo::Coro<> async_main() {
  auto finish_line = rondo::as_completed(field());
  int place = 0;
  while (auto next = finish_line.next()) {
    const std::string name = co_await *next;
    std::cout << ++place << ". " << name << '\n' << std::flush;
  }

  std::vector<rondo::Task<std::string>> tasks;
  for (auto& runner : field()) tasks.push_back(rondo::create_task(std::move(runner)));
  const auto [done, pending] = co_await rondo::wait(tasks, {.return_when = rondo::first_completed});
  std::cout << "done: " << done.size() << ", pending: " << pending.size() << '\n';
}

int main(int argc, char** argv) { return run_example(argc, argv, async_main()); }
