// SPDX-License-Identifier: BSL-1.0
// hello.cpp - tasks, a sleep and a gather: the small program whose size scripts/hello_size watches.
#include <rondo/rondo.hpp>

#include <cstdio>

using namespace std::chrono_literals;

namespace {

rondo::Coro<int> child(int number) {
  co_await rondo::sleep(1ms);
  co_return number;
}

rondo::Coro<> greet() {
  const auto task = rondo::create_task(child(1));
  const auto [a, b] = co_await rondo::gather(child(2), task);
  std::printf("hello %d\n", a + b);
}

}  // namespace

int main() { rondo::run(greet()); }
