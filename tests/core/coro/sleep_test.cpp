// SPDX-License-Identifier: BSL-1.0
#include <rondo/backends/sim.hpp>
#include <rondo/rondo.hpp>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

TEST_CASE("sleeping moves virtual time by exactly the delay") {
  const auto body = []() -> Coro<Duration> {
    const Instant before = this_loop().time();
    co_await sleep(1h);
    co_return this_loop().time() - before;
  };
  CHECK(sim::run(body()) == 1h);
}
