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
    std::vector<double> base, prototype, program, ratio, to_prototype;
  };
  std::vector<Figures> figures(rows.size());
  for (int round = -1; round < rounds; ++round) {  // the first round warms up
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!wanted(rows[i], filters)) continue;
      const double base = rows[i].base();
      const double prototype = rows[i].prototype ? rows[i].prototype() : 0;
      const double program = rows[i].program();
      if (round < 0) continue;
      figures[i].base.push_back(base);
      figures[i].program.push_back(program);
      figures[i].ratio.push_back(program / base);
      if (!rows[i].prototype) continue;
      figures[i].prototype.push_back(prototype);
      figures[i].to_prototype.push_back(program / prototype);
    }
  }
  int missed = 0;
  std::printf("%-35s %-21s %8s  %9s  %-17s %8s %7s %7s  %s\n", "row", "compared with", "ns", "prototype", "", "ns", "ratio",
              "x proto", "goal");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (figures[i].ratio.empty()) continue;
    const bool has_prototype = !figures[i].prototype.empty();
    const double ratio = median(has_prototype ? figures[i].to_prototype : figures[i].ratio);
    const bool met = rows[i].goal == 0 || ratio <= rows[i].goal;
    missed += met ? 0 : 1;
    char goal[32] = "";
    if (rows[i].goal > 0) std::snprintf(goal, sizeof goal, "<= %.2f %s", rows[i].goal, met ? "met" : "MISSED");
    char prototype[16] = "";
    char to_prototype[16] = "";
    if (has_prototype) {
      std::snprintf(prototype, sizeof prototype, "%.2f", median(figures[i].prototype));
      std::snprintf(to_prototype, sizeof to_prototype, "%.2f", ratio);
    }
    std::printf("%-35s %-21s %8.2f  %9s  %-17s %8.2f %7.2f %7s  %s\n", rows[i].name.c_str(), rows[i].base_name.c_str(),
                median(figures[i].base), prototype, rows[i].program_name.c_str(), median(figures[i].program),
                median(figures[i].ratio), to_prototype, goal);
  }
  return missed;
}

}  // namespace bench
