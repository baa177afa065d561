// SPDX-License-Identifier: BSL-1.0
// spawn_process.hpp - a new process by posix_spawn(3), which costs the same however large this one is.
#pragma once

#include <array>

#include <rondo/backends/seam.hpp>
#include <rondo/net/spawn.hpp>

namespace rondo {

/// The number of the new process, or -errno. Our ends of its pipes go to `ends`: non-blocking, close-on-exec, -1 where
/// there is none. What fails leaves nothing open.
int spawn_process(Seam* seam, const Spawn& spawn, std::array<int, 4>& ends);

}  // namespace rondo
