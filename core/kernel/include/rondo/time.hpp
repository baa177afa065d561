// SPDX-License-Identifier: BSL-1.0
// time.hpp - durations and instants: whole nanoseconds on a clock that cannot be read.
//
// Time is an input of the core. Clock therefore has no now(): only a backend knows what time it is, and passes
// it to Loop::step. Nothing that is compared is floating point, so no rounding can decide which of two timers is first:
// what a caller gives in floating point is rounded once, here, on its way in.
#pragma once

#include <rondo/kernel/language.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <type_traits>

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
inline constexpr Instant no_deadline = Instant::max();

/// `start + delay`, held at the ends of the range instead of overflowing.
constexpr Instant after(Instant start, Duration delay) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(start.time_since_epoch().count(), delay.count(), &sum)) {
    return delay.count() > 0 ? Instant::max() : Instant::min();
  }
  return Instant(Duration(sum));
}

/// Any duration in whole nanoseconds, rounded up, and held at the ends of the range (292 years) instead of overflowing.
/// Throws std::invalid_argument for one that is not a number.
template <class Rep, class Period>
constexpr Duration saturated(std::chrono::duration<Rep, Period> duration) {
  constexpr std::int64_t per_second = 1'000'000'000;
  constexpr bool beyond = Period::num / Period::den > Duration::max().count() / per_second;  // with a single tick
  using Scale = std::ratio_divide<std::conditional_t<beyond, std::ratio<1>, Period>, std::nano>;
  if constexpr (std::is_floating_point_v<Rep>) {
    constexpr double end = 9223372036854775808.0;  // 2^63
    constexpr double scale = static_cast<double>(Period::num) * static_cast<double>(per_second);
    const double ns = static_cast<double>(duration.count()) * scale / static_cast<double>(Period::den);
    if (ns != ns) throw std::invalid_argument("the duration is not a number");
    if (ns >= end) return Duration::max();
    if (ns <= -end) return Duration::min();
    const auto whole = static_cast<std::int64_t>(ns);
    return Duration(static_cast<double>(whole) < ns ? whole + 1 : whole);
  } else if constexpr (beyond) {
    if (duration.count() == 0) return Duration::zero();
    return duration.count() < 0 ? Duration::min() : Duration::max();
  } else if constexpr (Scale::den == 1) {
    std::int64_t ns = 0;
    if (!__builtin_mul_overflow(duration.count(), Scale::num, &ns)) return Duration(ns);
    return duration.count() < 0 ? Duration::min() : Duration::max();
  } else {
    __extension__ typedef __int128 Wide;
    const Wide scaled = static_cast<Wide>(duration.count()) * Scale::num;
    const Wide whole = scaled / Scale::den + (scaled % Scale::den > 0 ? 1 : 0);
    if (whole > Duration::max().count()) return Duration::max();
    if (whole < Duration::min().count()) return Duration::min();
    return Duration(static_cast<std::int64_t>(whole));
  }
}

/// How long: what functions take that wait. Any std::chrono::duration converts, also floating ones (0.5s); one beyond
/// the range, as seconds::max(), is as good as for ever. A bare number has no unit and does not compile.
class Delay {
 public:
  template <class Rep, class Period>
  constexpr Delay(std::chrono::duration<Rep, Period> duration) : duration_(saturated(duration)) {}
  template <class Number>
    requires std::is_arithmetic_v<Number>
  constexpr Delay(Number) {
    static_assert(!std::is_arithmetic_v<Number>, "a duration needs a unit: write 1s, 500ms or std::chrono::seconds(n)");
  }
  constexpr operator Duration() const { return duration_; }

 private:
  Duration duration_;
};

/// How long at most; std::nullopt: no limit.
class Limit : public std::optional<Duration> {
 public:
  constexpr Limit() = default;
  constexpr Limit(std::nullopt_t) {}
  constexpr Limit(std::optional<Duration> limit) : std::optional<Duration>(limit) {}
  template <class Wanted>
    requires std::is_constructible_v<Delay, Wanted>
  constexpr Limit(Wanted delay) : std::optional<Duration>(Duration(Delay(delay))) {}
};

}  // namespace rondo
