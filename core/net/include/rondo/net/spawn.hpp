// SPDX-License-Identifier: BSL-1.0
// net/spawn.hpp - what the operation is lent that starts a child process.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rondo {

/// Where one of the three standard streams of a child goes to, or comes from.
struct Stdio {
  enum class Way : std::uint8_t { inherit, pipe, devnull, merge, descriptor };
  Way way = Way::inherit;
  int number = -1;  // of a descriptor

  static const Stdio inherit;  // this process's own
  static const Stdio pipe;     // a pipe to this process
  static const Stdio devnull;  // /dev/null
  static const Stdio merge;    // of std_err alone: where std_out goes (asyncio's STDOUT)
  /// A descriptor of this process, which stays the caller's.
  static constexpr Stdio descriptor(int number) { return {Way::descriptor, number}; }
};
inline constexpr Stdio Stdio::inherit{Way::inherit};
inline constexpr Stdio Stdio::pipe{Way::pipe};
inline constexpr Stdio Stdio::devnull{Way::devnull};
inline constexpr Stdio Stdio::merge{Way::merge};

/// SIGKILL, which no program can refuse.
inline constexpr int kill_signal = 9;

/// For spawn. Our ends are filled in when the operation succeeds: -1 where there is no pipe.
struct Spawn {
  std::string program;                 // looked for in PATH, unless there is a slash in it
  std::vector<std::string> arguments;  // all that the child finds in argv
  std::optional<std::vector<std::string>> environment;  // "NAME=value" each; none: that of this process
  std::string directory;               // where the child begins; empty: where this process is
  std::array<Stdio, 3> stdio;
  std::vector<int> pass;               // descriptors that the child has, too; all others from 3 on are closed
  bool channel = false;                // descriptor 3 of the child is one end of a socket pair
  bool new_session = false;
  std::optional<std::int32_t> process_group;  // 0: one of its own

  static constexpr std::size_t channel_end = 3;
  std::array<std::int32_t, 4> ends = {-1, -1, -1, -1};  // of the three pipes and the channel
};

}  // namespace rondo
