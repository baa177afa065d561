// SPDX-License-Identifier: BSL-1.0
// 06_shield.cpp - shield(): the awaiter can be cancelled, what it awaits goes on.
//
// Expected output:
//   awaiter: cancelled
//   something: done
//   stubborn: no result
//   something: done
#include <chrono>
#include <iostream>
#include <optional>

#include "run_example.hpp"

using namespace std::chrono_literals;

rondo::Coro<int> something() {
  co_await rondo::sleep(2s);
  std::cout << "something: done\n";
  co_return 42;
}

// The CancelledError passes through here, and ends this task. something() does not notice.
rondo::Coro<int> awaiter() {
  int res = co_await rondo::shield(something());
  co_return res;
}

// Ignores the cancellation altogether. Not recommended: whoever cancelled this task wanted it to end.
rondo::Coro<> stubborn() {
  std::optional<int> res;
  try {
    res = co_await rondo::shield(something());
  } catch (const rondo::CancelledError&) {
    res = std::nullopt;
  }
  std::cout << "stubborn: " << (res ? "a result" : "no result") << '\n';
}

rondo::Coro<> async_main() {
  auto first = rondo::create_task(awaiter());
  co_await rondo::sleep(1s);
  first.cancel();
  const auto outcome = co_await rondo::as_outcome(first);
  std::cout << "awaiter: " << (outcome.cancelled() ? "cancelled" : "not cancelled") << '\n';
  co_await rondo::sleep(2s);  // run() cancels what is left when this returns: give something() its time

  auto second = rondo::create_task(stubborn());
  co_await rondo::sleep(1s);
  second.cancel();
  co_await second;  // throws nothing: the task swallowed the cancellation
  co_await rondo::sleep(2s);
}

int main(int argc, char** argv) { return run_example(argc, argv, async_main()); }
