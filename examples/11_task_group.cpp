// SPDX-License-Identifier: BSL-1.0
// 11_task_group.cpp - task_group(): tasks that live no longer than a block, and fail together.
//
// Expected output:
//   boiled the water in 1 s
//   ground the beans in 2 s
//   coffee, ready after 2 s
//   the toast was cancelled
//   one went wrong: the milk is sour
#include <algorithm>
#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>

#include "run_example.hpp"

using namespace std::chrono_literals;

rondo::Coro<int> make(std::string what, int seconds) {
  co_await rondo::sleep(std::chrono::seconds(seconds));
  std::cout << what << " in " << seconds << " s\n" << std::flush;
  co_return seconds;
}

rondo::Coro<> toast() {
  const auto outcome = co_await rondo::as_outcome(rondo::sleep(1h));
  if (outcome.cancelled()) std::cout << "the toast was cancelled\n";
  outcome.raise();  // a cancellation is passed on
}

rondo::Coro<> milk() {
  co_await rondo::sleep(1s);
  throw std::runtime_error("the milk is sour");
}

// The body of a block is a callable. What it needs comes as arguments; a lambda coroutine should capture nothing.
rondo::Coro<int> coffee(rondo::TaskGroup& group) {
  auto water = group.create_task(make("boiled the water", 1));
  auto beans = group.create_task(make("ground the beans", 2));
  const int first = co_await water;
  co_return std::max(first, co_await beans);
}

rondo::Coro<> breakfast(rondo::TaskGroup& group) {
  static_cast<void>(group.create_task(toast()));
  static_cast<void>(group.create_task(milk()));
  co_return;  // the group waits for its children
}

rondo::Coro<> async_main() {
  const int seconds = co_await rondo::task_group(coffee);
  std::cout << "coffee, ready after " << seconds << " s\n" << std::flush;
  try {
    co_await rondo::task_group(breakfast);  // the milk fails, so the toast is cancelled
  } catch (const rondo::ExceptionGroup& group) {
    for (const auto& error : group.exceptions()) std::cout << "one went wrong: " << rondo::describe(error) << '\n';
  }
}

int main(int argc, char** argv) { return run_example(argc, argv, async_main()); }
