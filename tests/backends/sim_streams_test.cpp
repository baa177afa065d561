// SPDX-License-Identifier: BSL-1.0
// sim_streams_test.cpp - how streams end in the simulated world, with each of 200 seeds.
#include <rondo/backends/sim.hpp>

#include "stream_happenings.hpp"

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

TEST_CASE("sim: with each of 200 seeds, whatever two things happen to a stream in whatever state, what should arrive does") {
  Happened happened;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    for (std::size_t number = seed % 40; number < cases; number += 40) {  // each case with five seeds
      const Case each = case_of(number, static_cast<int>(seed / 40 + number % 3));
      CAPTURE(seed, static_cast<int>(each.state), static_cast<int>(each.first), static_cast<int>(each.second), each.turns);
      sim::SimBackend backend({.seed = seed});
      REQUIRE(rondo::run(backend, let_happen(each, &happened, 1min)) == "as it should be");
    }
  }
  CHECK(happened.missing() == "");
}
