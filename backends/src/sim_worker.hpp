// SPDX-License-Identifier: BSL-1.0
// sim_worker.hpp - a worker of a process pool in a simulated world.
#pragma once

#include <rondo/backends/sim_programs.hpp>

namespace rondo::sim {

/// Calls functions inline, for as long in virtual time as the oracle says ("worker.duration"). With `faults` it also
/// asks "worker.fate": a worker may die before it begins, while it runs or before it answers, and an answer may be
/// lost.
Coro<int> serve_as_worker(Child child, bool faults);

}  // namespace rondo::sim
