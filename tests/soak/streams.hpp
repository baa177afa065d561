// SPDX-License-Identifier: BSL-1.0
// streams.hpp - the two ends of a connection that know what the other one is going to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <rondo/rondo.hpp>

#include "pattern.hpp"

namespace soak {

inline constexpr std::uint32_t to_the_end = UINT32_MAX;

/// What the client tells the server first.
struct Plan {
  std::uint64_t seed = 0;
  std::uint32_t up = 0;                        // bytes from the client
  std::uint32_t down = 0;                      // bytes from the server
  std::uint32_t client_leaves = to_the_end;    // after so many bytes sent, without reading what is left
  std::uint32_t server_leaves = to_the_end;
  bool exact = true;                           // nobody leaves or is cancelled: every byte arrives, and nothing else

  static constexpr std::size_t size = 25;
  static Plan random(Dice& dice);
  std::string text() const;
  static Plan parse(const std::string& text);
};

/// What is counted, to see that a run has done something.
struct Count {
  std::uint64_t connections = 0;
  std::uint64_t exact = 0;
  std::uint64_t bytes = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t datagrams = 0;
  std::uint64_t lookups = 0;
  std::uint64_t lost = 0;       // scenes that ended with an error of the world
  std::uint64_t cancelled = 0;
};

/// The client's end, to its own end. `served`: told that the server has taken the connection, from when on an exact
/// plan must succeed.
rondo::Coro<> run_client(rondo::Connection& connection, Plan plan, Dice dice, Count& count, bool& served);
rondo::Coro<> run_server(rondo::Connection& connection, Dice dice, Count& count);

/// The same bytes without streams: connect, accept, send and recv of sockets.
rondo::Coro<> run_sockets(Dice dice, Count& count);
rondo::Coro<> run_datagrams(Dice dice, Count& count);

/// True if it is what a connection may end with when the peer or a cancellation cuts it short.
bool is_bad_luck(std::exception_ptr error);

}  // namespace soak
