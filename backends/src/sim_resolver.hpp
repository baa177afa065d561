// SPDX-License-Identifier: BSL-1.0
// sim_resolver.hpp - lookups of a simulated network.
#pragma once

#include <vector>

#include <rondo/backends/sim_network.hpp>

#include "sim_world.hpp"

namespace rondo::sim {

/// `names` must live as long as the lookup.
void start_lookup(World& world, const std::vector<Name>& names, const Output& output);

}  // namespace rondo::sim
