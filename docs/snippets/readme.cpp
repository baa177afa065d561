// SPDX-License-Identifier: BSL-1.0
// readme.cpp - the program of README.md.
// [readme]
#include <cstdio>
#include <rondo/backends/sim.hpp>
#include <rondo/rondo.hpp>
using namespace std::chrono_literals;

rondo::Coro<int> brew(const char* what, rondo::Duration time) {
  co_await rondo::sleep(time);
  std::printf("%s is ready\n", what);
  co_return 1;
}

rondo::Coro<> breakfast() {
  auto [tea, eggs] = co_await rondo::gather(brew("tea", 3min), brew("eggs", 5min));
  std::printf("%d things on the table\n", tea + eggs);
}
// [/readme]

#include "snippets.hpp"

namespace {
const AddSnippet shown("readme", [] { rondo::sim::run(breakfast()); });
}
