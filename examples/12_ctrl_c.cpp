// SPDX-License-Identifier: BSL-1.0
// 12_ctrl_c.cpp - the first Ctrl-C cancels the main coroutine, which can clean up; run() then throws KeyboardInterrupt.
//
// The second Ctrl-C would abort the program. So that this one ends by itself, it presses Ctrl-C for you.
// Expected output:
//   working
//   cleaning up
//   interrupted
#include <chrono>
#include <csignal>
#include <iostream>

#include <rondo/rondo.hpp>

using namespace std::chrono_literals;

rondo::Coro<> work() {
  std::cout << "working\n" << std::flush;
  co_await rondo::sleep(1h);
}

rondo::Coro<> async_main() {
  rondo::this_loop().call_later(1s, [] { std::raise(SIGINT); });

  // as_outcome() instead of catch: a catch block cannot await, and cleaning up may have to.
  const auto outcome = co_await rondo::as_outcome(work());
  if (outcome.cancelled()) {
    co_await rondo::sleep(100ms);
    std::cout << "cleaning up\n";
  }
  outcome.raise();  // pass the cancellation on
}

int main() {
  try {
    rondo::run(async_main());
  } catch (const rondo::KeyboardInterrupt&) {
    std::cout << "interrupted\n";
  }
}
