// SPDX-License-Identifier: BSL-1.0
// measure.cpp - rounds and medians.
#include "measure.hpp"

#include <time.h>

#include <algorithm>
#include <cstdio>

namespace bench {
namespace {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

bool wanted(const Row& row, const std::vector<std::string>& filters) {
  if (filters.empty()) return true;
  return std::any_of(filters.begin(), filters.end(),
                     [&](const std::string& text) { return row.name.find(text) != std::string::npos; });
}

}  // namespace

std::int64_t cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

int run_rows(const std::vector<Row>& rows, int rounds, const std::vector<std::string>& filters) {
  struct Figures {
    std::vector<double> base, program, ratio;
  };
  std::vector<Figures> figures(rows.size());
  for (int round = -1; round < rounds; ++round) {  // the first round warms up
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!wanted(rows[i], filters)) continue;
      const double base = rows[i].base();
      const double program = rows[i].program();
      if (round < 0) continue;
      figures[i].base.push_back(base);
      figures[i].program.push_back(program);
      figures[i].ratio.push_back(program / base);
    }
  }
  int missed = 0;
  std::printf("%-34s %-22s %9s   %-18s %9s  %7s  %s\n", "row", "compared with", "ns", "", "ns", "ratio", "goal");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (figures[i].ratio.empty()) continue;
    const double ratio = median(figures[i].ratio);
    const bool met = rows[i].goal == 0 || ratio <= rows[i].goal;
    missed += met ? 0 : 1;
    char goal[32] = "";
    if (rows[i].goal > 0) std::snprintf(goal, sizeof goal, "<= %.2f %s", rows[i].goal, met ? "met" : "MISSED");
    std::printf("%-34s %-22s %9.2f   %-18s %9.2f  %7.3f  %s\n", rows[i].name.c_str(), rows[i].base_name.c_str(),
                median(figures[i].base), rows[i].program_name.c_str(), median(figures[i].program), ratio, goal);
  }
  return missed;
}

}  // namespace bench
