// SPDX-License-Identifier: BSL-1.0
// time.hpp - durations and instants: whole nanoseconds on a clock that cannot be read.
//
// Time is an input of the core. Clock therefore has no now(): only a backend knows what time it is, and passes
// it to Loop::step. Nothing here is floating point, so no rounding can decide which of two timers is first.
#pragma once

#include <chrono>
#include <cstdint>

namespace rondo {

struct Clock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<Clock, duration>;
  static constexpr bool is_steady = true;
};

using Duration = Clock::duration;
using Instant = Clock::time_point;

/// The deadline of somebody who waits for inputs alone.
inline constexpr Instant never = Instant::max();

/// `start + delay`, held at the ends of the range instead of overflowing.
constexpr Instant after(Instant start, Duration delay) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(start.time_since_epoch().count(), delay.count(), &sum)) {
    return delay.count() > 0 ? Instant::max() : Instant::min();
  }
  return Instant(Duration(sum));
}

}  // namespace rondo
