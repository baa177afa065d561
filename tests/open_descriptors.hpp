// SPDX-License-Identifier: BSL-1.0
// open_descriptors.hpp - how many descriptors this process has, among them the one that counts.
#pragma once

#include <cstddef>
#include <filesystem>
#include <iterator>

inline std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}
