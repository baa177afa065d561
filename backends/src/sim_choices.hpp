// SPDX-License-Identifier: BSL-1.0
// sim_choices.hpp - the oracle for those who are in the middle of something.
//
// A tape of another run makes the oracle throw. Here that is kept until the world is consistent again, and the answer
// is 0; from then on the oracle answers nothing but 0 by itself.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <utility>

#include <rondo/backends/sim_oracle.hpp>
#include <rondo/time.hpp>

namespace rondo::sim {

class Choices {
 public:
  explicit Choices(Oracle& oracle) : oracle_(oracle) {}

  std::uint32_t choose(std::string_view site, std::uint32_t n) noexcept {
    try {
      return oracle_.choose(site, n);
    } catch (...) {
      if (!failure_) failure_ = std::current_exception();
      return 0;
    }
  }
  /// `all` by default, but at least 1.
  std::size_t some_of(std::string_view site, std::size_t all) noexcept {
    switch (choose(site, static_cast<std::uint32_t>(std::min<std::size_t>(all, 4)))) {
      case 0:
        return all;
      case 1:
        return 1;
      case 2:
        return (all + 1) / 2;
      default:
        return all - 1;
    }
  }
  /// No time at all by default.
  Duration delay(std::string_view site) noexcept {
    constexpr std::array<std::int64_t, 8> delays_ns = {0,         1'000,      50'000,      500'000,
                                                       2'000'000, 10'000'000, 100'000'000, 1'000'000'000};
    return Duration(delays_ns[choose(site, delays_ns.size())]);
  }
  void rethrow() {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  Oracle& oracle_;
  std::exception_ptr failure_;
};

}  // namespace rondo::sim
