// SPDX-License-Identifier: BSL-1.0
// count.cpp - rondo-count [ROW TIMES]: runs TIMES times the few operations of one row, for a program that counts
// instructions. Without arguments: the rows, each behind its few.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "own_rows.hpp"

using namespace bench;

namespace {

void list_rows() {
  for (const OwnRow& row : own_rows()) {
    if (row.few == 0) continue;
    std::printf("%lld %.*s\n", static_cast<long long>(row.few), static_cast<int>(row.name.size()), row.name.data());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 1) {
    list_rows();
    return 0;
  }
  const OwnRow* row = find_own_row(argv[1]);
  const std::int64_t times = argc == 3 ? std::atoll(argv[2]) : 0;
  if (!row || row->few == 0 || times < 1) {
    std::fputs("usage: rondo-count [ROW TIMES]; without arguments it prints the rows\n", stderr);
    return 2;
  }
  row->run(row->few * times);
}
