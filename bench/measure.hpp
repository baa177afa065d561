// SPDX-License-Identifier: BSL-1.0
// measure.hpp - rows of a benchmark: programs that do the same, measured in turn, compared by their medians.
//
// Machines are noisy, so no figure stands alone: in each round every program of a row runs once, ratios are taken
// inside a round, and medians over the rounds are printed. Times are CPU times of the process.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bench {

/// Nanoseconds of CPU time for each operation.
using Program = std::function<double()>;

struct Row {
  std::string name;
  std::string base_name;  // what the ratio is to
  Program base;
  std::string program_name;
  Program program;
  double goal = 0;        // the ratio should not be above; 0: no goal. To the prototype, if there is one
  Program prototype{};    // see prototype.hpp
};

/// The process's CPU time so far.
std::int64_t cpu_ns();

/// Times `work`, which does `operations` of something.
template <class F>
double per_operation(std::int64_t operations, F&& work) {
  const std::int64_t start = cpu_ns();
  work();
  return static_cast<double>(cpu_ns() - start) / static_cast<double>(operations);
}

/// Keeps the compiler from dropping a value.
template <class T>
inline void keep(T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

/// Runs the rows whose name contains one of `filters` (all, if there are none) and prints a table. Returns how many
/// missed their goal.
int run_rows(const std::vector<Row>& rows, int rounds, const std::vector<std::string>& filters);

}  // namespace bench
