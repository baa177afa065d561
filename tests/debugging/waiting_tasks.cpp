// SPDX-License-Identifier: BSL-1.0
// waiting_tasks.cpp - what gdb_test.py looks at: tasks that wait in three ways, when the program stops itself.
#include <csignal>

#include <rondo/rondo.hpp>

using namespace rondo;
using namespace std::chrono_literals;

namespace {

Coro<int> leaf() {
  co_await sleep(1h);
  co_return 1;
}
Coro<int> branch() { co_return co_await leaf(); }

Coro<> circle(Future<>* other) { co_await *other; }

Coro<> tree() {
  const auto worker = create_task(branch(), {.name = "worker"});
  const auto watcher = create_task([](Task<int> awaited) -> Coro<int> { co_return co_await awaited; }, worker, {.name = "watcher"});
  Future<> second;
  const auto left = create_task(circle(&second), {.name = "left"});
  Future<> first = left;
  const auto right = create_task(circle(&first), {.name = "right"});
  second = right;
  this_loop().call_later(10ms, [] { std::raise(SIGABRT); });
  co_await watcher;
}

}  // namespace

int main() { run(tree()); }
