// SPDX-License-Identifier: BSL-1.0
// foreign_memory.hpp - memory for calls that one thread makes and the loop's thread destroys.
#pragma once

#include <cstddef>

namespace rondo {

/// From any thread. Blocks come back to the thread that took them, so a steady stream of calls asks nothing of malloc,
/// whose arenas both threads would have to lock. Up to 240 bytes take 256. Aligned like operator new's; throws
/// std::bad_alloc.
void* allocate_foreign(std::size_t size);
/// From any thread, also after the one that took it has ended.
void free_foreign(void* block) noexcept;

}  // namespace rondo
