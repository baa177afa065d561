// SPDX-License-Identifier: BSL-1.0
// sim_streams_test.cpp - how streams end in the simulated world, with each of 200 seeds.
#include <rondo/backends/sim.hpp>

#include "stream_table.hpp"

using namespace network;

TEST_CASE("sim: with each of 200 seeds a stream takes every arrow of its machine") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    for (const auto& arrow : machines::writing::diagram.arrows()) {
      CAPTURE(seed, static_cast<int>(arrow.from), static_cast<int>(arrow.on));
      sim::SimBackend backend({.seed = seed});
      REQUIRE(rondo::run(backend, take_arrow(arrow.from, arrow.on, arrow.to, 1min)) == "taken");
    }
  }
}

TEST_CASE("sim: with each of 200 seeds, whatever two things happen to a stream, what should arrive does") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::uint64_t number = 0;
    for (const Happening first : happenings) {
      for (const Happening second : happenings) {
        if (++number % 4 != seed % 4) continue;  // a quarter of the pairs
        CAPTURE(seed, static_cast<int>(first), static_cast<int>(second));
        sim::SimBackend backend({.seed = seed});
        REQUIRE(rondo::run(backend, watched(let_happen(first, second, static_cast<int>(seed % 8)))) == "as it should be");
      }
    }
  }
}
