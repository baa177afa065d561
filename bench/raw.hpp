// SPDX-License-Identifier: BSL-1.0
// raw.hpp - the limits: the same work with bare coroutines and nothing else. What rondo's rows are compared with.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>

namespace bench {

/// n coroutines that take turns through a ring of handles, the cheapest ready queue there is. ns per resumption.
double raw_ring(std::size_t n, std::int64_t resumptions);

/// The same through the links of rondo's own lists, which any task can leave: what that costs.
double raw_links(std::size_t n, std::int64_t resumptions);

/// A parent that awaits a child whose frame comes from a free list, again and again. ns per await.
double raw_child(std::int64_t awaits);

/// The same, `depth` children deep. ns per level.
double raw_child_deep(int depth, std::int64_t awaits);

}  // namespace bench
