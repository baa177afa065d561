// SPDX-License-Identifier: BSL-1.0
// io_uring_conformance_test.cpp - the io_uring backend passes what every backend passes.
#include <rondo/backends/io_uring.hpp>

#include "io_uring_refusal.hpp"
#include "needs.hpp"
#include "support.hpp"

namespace {
struct World {
  static constexpr const char* name = "io_uring";
  static constexpr rondo::Features claims = suite::everything();
  DefaultAction interrupt{SIGINT};
  rondo::UringBackend backend;
  void raise(int signal) { std::raise(signal); }
};
}  // namespace

#define CONFORMANCE(sentence) URING_TEST(sentence)
#include "conformance.hpp"
#include "process_delays.hpp"
#include "process_interrupts.hpp"
#include "process_signals.hpp"
#include "readiness.hpp"
