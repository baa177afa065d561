// SPDX-License-Identifier: BSL-1.0
// worker_frame.hpp - what a process pool and its workers say to each other.
//
//     worker                    pool
//       hello (identity)  ----->
//                         <-----  call (function, arguments)
//       started           ----->
//       result or error   ----->
//                         <-----  bye
//
// A worker says `started` before it calls a function, so that a job which it has not begun can run elsewhere when it
// dies. While it runs one, the pool may lay the next into its AheadSlot. A worker looks there before it gives a result,
// and the frame of the result says that it begins what it has found: one frame for both.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace rondo {

enum class FrameKind : std::uint8_t { hello = 1, call, started, result, error, bye };

/// In front of `size` bytes. Both ends are of one build, so it goes as it lies in memory.
struct FrameHeader {
  static constexpr std::uint32_t right_mark = 0x6f646e72;
  static constexpr std::uint64_t most_bytes = std::uint64_t{1} << 40;

  std::uint32_t mark = right_mark;
  FrameKind kind = FrameKind::hello;
  std::uint8_t unused[3] = {};
  std::uint32_t function = 0;  // call: its number
  std::uint32_t begins_next = 0;  // result, error: 1 if it has taken the call that was ahead
  std::uint64_t job = 0;       // call and its answers
  std::uint64_t size = 0;

  bool makes_sense() const {
    return mark == right_mark && kind >= FrameKind::hello && kind <= FrameKind::bye && size <= most_bytes;
  }
  std::string bytes() const { return {reinterpret_cast<const char*>(this), sizeof *this}; }
  static FrameHeader of(std::string_view bytes) {
    FrameHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    return header;
  }
};

/// The answer to a call: what the function has returned, or thrown.
struct Answer {
  FrameKind kind;
  std::string bytes;
};
Answer answer_call(std::uint32_t function, std::string_view arguments);

/// How a worker is told apart from the program itself: its first argument, and a variable of its environment, which its
/// children inherit.
inline constexpr char worker_argument[] = "--rondo-process-worker";
inline constexpr char worker_variable[] = "RONDO_PROCESS_WORKER";

}  // namespace rondo
