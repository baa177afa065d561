// SPDX-License-Identifier: BSL-1.0
// process_world.hpp - the World of a backend of a real process, the one that this run of the program is about.
#pragma once

#include <dirent.h>

#include <memory>

#include <rondo/backends/seam.hpp>

#include "catch.hpp"
#include "needs.hpp"
#include "network.hpp"
#include "support.hpp"
#include "test_backend.hpp"

/// One more backend of that kind.
class RealBackend {
 public:
  explicit RealBackend(rondo::Seam* seam = nullptr) : made_(make_test_backend(seam)) {}
  operator rondo::Backend&() const { return *made_; }

 private:
  std::unique_ptr<rondo::Backend> made_;
};

namespace {
struct World {
  static inline const char* const name = test_backend_name();
  static constexpr rondo::Features claims = suite::everything();
  DefaultAction interrupt{SIGINT};
  RealBackend made;
  rondo::Backend& backend = made;

  explicit World(rondo::Seam* seam = nullptr) : made(seam) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  void raise(int signal) { std::raise(signal); }
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

#define RONDO_PROCESS_BODY(sentence, body)                                                          \
  static void body();                                                                               \
  TEST_CASE(sentence) {                                                                             \
    if (test_backend_refusal().empty()) return body();                                              \
    WARN("SKIPPED: " << World::name << ": " sentence << ": " << test_backend_refusal());            \
  }                                                                                                 \
  static void body()
#define RONDO_PROCESS_NAMED(sentence, number) RONDO_PROCESS_BODY(sentence, process_body_##number)
#define RONDO_PROCESS_NUMBERED(sentence, number) RONDO_PROCESS_NAMED(sentence, number)
/// A test of the suite; skipped by name where the kernel refuses the backend.
#define CONFORMANCE(sentence) RONDO_PROCESS_NUMBERED(sentence, __COUNTER__)
