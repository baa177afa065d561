// SPDX-License-Identifier: BSL-1.0
// process_world.hpp - the World of a backend of a real process, for the tests of sockets. A backend's file defines
// BACKEND_NAME, and the types RealBackend and RealOptions, before it includes this.
#pragma once

#include <dirent.h>

#include <memory>

#include <rondo/backends/seam.hpp>

#include "network.hpp"

namespace {
struct World {
  static constexpr const char* name = BACKEND_NAME;
  DefaultAction interrupt{SIGINT};
  RealBackend backend;

  explicit World(rondo::Seam* seam = nullptr) : backend(options(seam)) {}
  static RealOptions options(rondo::Seam* seam) {
    RealOptions made;
    made.seam = seam;
    return made;
  }
  /// The open descriptors of this process.
  static std::size_t open() {
    DIR* const directory = ::opendir("/proc/self/fd");
    std::size_t count = 0;
    while (directory && ::readdir(directory)) ++count;
    if (directory) ::closedir(directory);
    return count;
  }
};
}  // namespace
