// SPDX-License-Identifier: BSL-1.0
// sim_conformance_test.cpp - the simulated world passes what every backend passes.
#include <rondo/backends/sim.hpp>

#include "needs.hpp"
#include "support.hpp"

namespace {
struct World {
  static constexpr const char* name = "sim";
  static constexpr rondo::Features claims = suite::all_but_descriptors();
  rondo::sim::SimBackend backend;
  void raise(int signal) { backend.raise_signal(signal); }
};
}  // namespace

#define CONFORMANCE(sentence) TEST_CASE("sim: " sentence)
#include "conformance.hpp"
