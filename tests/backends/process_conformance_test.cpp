// SPDX-License-Identifier: BSL-1.0
// process_conformance_test.cpp - the backends of a real process pass what every backend passes. Compiled once, run for
// each.
#include "process_world.hpp"

#include "conformance.hpp"
#include "process_delays.hpp"
#include "process_interrupts.hpp"
#include "process_signals.hpp"
#include "readiness.hpp"
