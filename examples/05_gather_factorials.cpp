// SPDX-License-Identifier: BSL-1.0
// 05_gather_factorials.cpp - gather() runs coroutines side by side and collects their results. One of these fails.
//
// Expected output:
//   Task A: Compute factorial(2), currently i=2...
//   Task B: Compute factorial(3), currently i=2...
//   Task C: Compute factorial(4), currently i=2...
//   Task A: factorial(2) = 2
//   Task B: Compute factorial(3), currently i=3...
//   Task C: Compute factorial(4), currently i=3...
//   Task B: factorial(3) = 6
//   Task C: Compute factorial(4), currently i=4...
//   Task C: factorial(4) = 24
//   [2, invalid_argument("'rashid' is not a number"), 6, 24]
//   Task D: Compute factorial(2), currently i=2...
//   gather failed: 'rashid' is not a number
//   Task D: factorial(2) = 2
#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>

#include "run_example.hpp"

using namespace std::chrono_literals;

rondo::Coro<int> factorial(std::string name, std::string text) {
  if (text.find_first_not_of("0123456789") != text.npos) throw std::invalid_argument("'" + text + "' is not a number");
  const int number = std::stoi(text);
  int f = 1;
  for (int i = 2; i <= number; ++i) {
    std::cout << "Task " << name << ": Compute factorial(" << number << "), currently i=" << i << "...\n" << std::flush;
    co_await rondo::sleep(1s);
    f *= i;
  }
  std::cout << "Task " << name << ": factorial(" << number << ") = " << f << '\n';
  co_return f;
}

std::string show(const rondo::Outcome<int>& outcome) {
  return outcome ? std::to_string(outcome.value()) : "invalid_argument(\"" + rondo::describe(outcome.error()) + "\")";
}

rondo::Coro<> async_main() {
  // Each result is an Outcome: a value, an error, or a cancellation.
  auto [a, e, b, c] = co_await rondo::gather(rondo::return_exceptions, factorial("A", "2"), factorial("E", "rashid"),
                                             factorial("B", "3"), factorial("C", "4"));
  std::cout << '[' << show(a) << ", " << show(e) << ", " << show(b) << ", " << show(c) << "]\n";

  // The default: the first error is thrown here, at once. D is not cancelled, and goes on.
  auto d = rondo::create_task(factorial("D", "2"));
  try {
    co_await rondo::gather(d, factorial("E", "rashid"));
  } catch (const std::invalid_argument& error) {
    std::cout << "gather failed: " << error.what() << '\n';
  }
  co_await d;
}
int main(int argc, char** argv) { return run_example(argc, argv, async_main()); }
