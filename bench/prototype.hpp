// SPDX-License-Identifier: BSL-1.0
// prototype.hpp - a loop with the hops of rondo's and next to nothing else: a FIFO ready queue, joins through it, the
// task that runs, a flag for a cancellation, a slot for an error. What asyncio's semantics must cost at least.
//
// It has no list of tasks, context, names, places, routing of cancellations, reports, checks of misuse, counters or
// hash.
#pragma once

#include <string_view>

#include "own_rows.hpp"

namespace bench {

/// The row of the same name in own_rows, on the prototype; nullptr if it has none.
const OwnRow* find_prototype_row(std::string_view name);

}  // namespace bench
