// SPDX-License-Identifier: BSL-1.0
// scenario.hpp - runs one scenario on rondo and gives its trace.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace conformance {

using Json = nlohmann::json;

struct Trace {
  std::vector<std::string> lines;
  std::uint64_t hash = 0;  // of the loop's state, after the last step
};

/// Throws std::invalid_argument for a scenario that is not one.
Trace run_scenario(const Json& scenario);

}  // namespace conformance
