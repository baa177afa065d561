// SPDX-License-Identifier: BSL-1.0
// process_network_test.cpp - the sockets of the backends of a real process pass what those of every backend pass.
#include "process_world.hpp"

#include "conformance_network.hpp"
#include "process_network.hpp"
#include "process_bytes.hpp"
#include "process_deadlines.hpp"
#include "process_reuse.hpp"
#include "process_paths.hpp"
#include "faults.hpp"
