// SPDX-License-Identifier: BSL-1.0
// own_rows.hpp - rondo_rows by name and number of operations, for the table of times and for the one of instructions.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace bench {

struct OwnRow {
  std::string_view name;
  /// Enough to warm up the pools, and a multiple of what the row does at a time; multiples of it may be run. 0: too
  /// much to be counted.
  std::int64_t few;
  double (*run)(std::int64_t operations);
};

std::span<const OwnRow> own_rows();
/// nullptr, if there is none.
const OwnRow* find_own_row(std::string_view name);

}  // namespace bench
