// SPDX-License-Identifier: BSL-1.0
// io_uring_refusal.hpp - whether this machine lets the tests use io_uring; where it does not, each test says so by
// name.
#pragma once

#include <string>
#include <system_error>

#include <rondo/backends/io_uring.hpp>

#include "catch.hpp"

/// Why the kernel refuses the ring; empty if it does not.
inline const std::string& io_uring_refusal() {
  static const std::string text = [] {
    try {
      rondo::UringBackend backend;
      return std::string();
    } catch (const std::system_error& error) {
      return std::string(error.what());
    }
  }();
  return text;
}

#define RONDO_URING_BODY(sentence, body)                                      \
  static void body();                                                         \
  TEST_CASE("io_uring: " sentence) {                                          \
    if (io_uring_refusal().empty()) return body();                            \
    WARN("SKIPPED: io_uring: " sentence << ": " << io_uring_refusal());       \
  }                                                                           \
  static void body()
#define RONDO_URING_NAMED(sentence, number) RONDO_URING_BODY(sentence, io_uring_body_##number)
#define RONDO_URING_NUMBERED(sentence, number) RONDO_URING_NAMED(sentence, number)
/// A test that needs the ring.
#define URING_TEST(sentence) RONDO_URING_NUMBERED(sentence, __COUNTER__)
