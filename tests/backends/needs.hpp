// SPDX-License-Identifier: BSL-1.0
// needs.hpp - what a body of the suite needs, and what a backend claims to have.
//
// A body that needs what the features() of its backend deny is not run, and says so by name. Lest a claim that got lost
// takes its tests along, the file of each backend writes down what the backend has (World::claims), and
// conformance_features.hpp compares.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include <rondo/backend.hpp>

#include "catch.hpp"

/// Below `World world;`. `feature` is a member of rondo::Features.
#define NEEDS(feature)                                                                                  \
  if (!world.backend.features().feature) {                                                              \
    WARN("SKIPPED: " << Catch::getResultCapture().getCurrentTestName() << ": needs " #feature ", which " \
                     << world.backend.name() << " has not");                                            \
    return;                                                                                             \
  }                                                                                                     \
  static_assert(true, "wants a semicolon")

namespace suite {

/// No program can handle SIGKILL (9) and SIGSTOP (19), nor the C library's own two (32, 33).
constexpr std::uint64_t signals_of_a_process() {
  std::uint64_t mask = ~std::uint64_t{1};
  for (const int never : {9, 19, 32, 33}) mask &= ~(std::uint64_t{1} << never);
  return mask;
}
constexpr rondo::Features all_but_descriptors() {
  rondo::Features features;
  features.sockets = features.datagrams = features.unix_sockets = features.jobs = features.names = true;
  features.signal_mask = signals_of_a_process();
  features.processes = true;
  return features;
}
constexpr rondo::Features everything() {
  rondo::Features features = all_but_descriptors();
  features.descriptors = features.adopts = true;
  return features;
}

/// The parts of the suite in this program: (backend, part). Filled before main(), so that no filter or order of tests
/// changes it.
inline std::set<std::pair<std::string, std::string>>& parts() {
  static std::set<std::pair<std::string, std::string>> all_parts;
  return all_parts;
}
inline bool has_part(const std::string& backend, const std::string& part) { return parts().count({backend, part}) > 0; }

}  // namespace suite

/// Says that this file runs a part of the suite.
#define SUITE_PART(part) \
  [[maybe_unused]] static const bool part##_runs = suite::parts().emplace(World::name, #part).second
