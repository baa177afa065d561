// SPDX-License-Identifier: BSL-1.0
// 03_not_awaited.cpp - calling a coroutine function makes a coroutine and runs nothing. Awaiting it does.
//
// Expected output:
//   42
#include <iostream>

#include "run_example.hpp"

rondo::Coro<int> nested() { co_return 42; }

rondo::Coro<> async_main() {
  // Python warns about this when the program runs. Here the compiler does, for a line that says only "nested();":
  //   warning: ignoring returned value of type 'rondo::Coro<int>', declared with attribute 'nodiscard':
  //   'a coroutine does nothing until it is awaited or made a task'
  // The cast says that we mean it. The coroutine is destroyed; it never ran.
  static_cast<void>(nested());

  std::cout << co_await nested() << '\n';
}

int main(int argc, char** argv) { return run_example(argc, argv, async_main()); }
