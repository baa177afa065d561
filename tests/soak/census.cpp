// SPDX-License-Identifier: BSL-1.0
// census.cpp - see census.hpp.
#include "census.hpp"

#include <malloc.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace soak {

std::size_t descriptors() {
  const auto count = std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  return static_cast<std::size_t>(count) - 1;  // less the one that this needs itself
}

std::size_t resident() {
  malloc_trim(0);
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0;
  std::size_t pages = 0;
  file >> all >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::size_t allocated() { return mallinfo2().uordblks; }

}  // namespace soak
