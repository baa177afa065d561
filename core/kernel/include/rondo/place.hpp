// SPDX-License-Identifier: BSL-1.0
// place.hpp - a file and a line: where a task was made, where a coroutine waits.
//
// Default arguments call Place::here(), so that the place is the caller's. (std::source_location is missing from
// clang 14 with libstdc++; the builtins below work on every compiler we support.)
#pragma once

#include <cstdint>

namespace rondo {

struct Place {
  const char* file = "";
  std::uint32_t line = 0;

  static constexpr Place here(const char* file = __builtin_FILE(),
                              std::uint32_t line = static_cast<std::uint32_t>(__builtin_LINE())) {
    return {file, line};
  }
};

}  // namespace rondo
