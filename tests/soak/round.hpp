// SPDX-License-Identifier: BSL-1.0
// round.hpp - many scenes at once: servers that close and open again, clients, sockets, datagrams, lookups.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <rondo/rondo.hpp>

#include "streams.hpp"

namespace soak {

/// What a loop has when nothing goes on.
struct Rest {
  std::size_t descriptors = 0;
  std::uint32_t operations = 0;
  std::size_t tasks = 0;
  friend bool operator==(const Rest&, const Rest&) = default;
  std::string text() const;
};
Rest rest();

/// Plays one round, and waits until the loop is at rest again, as `before` says if it says anything. Throws Broken.
rondo::Coro<> play(std::uint64_t seed, std::string folder, std::optional<Rest> before, Count& count);

}  // namespace soak
