// SPDX-License-Identifier: BSL-1.0
// libevent_conformance_test.cpp - the libevent backend passes what every backend passes.
#include <rondo/backends/libevent.hpp>

#include "needs.hpp"
#include "support.hpp"

namespace {
struct World {
  static constexpr const char* name = "libevent";
  static constexpr rondo::Features claims = suite::everything();
  DefaultAction interrupt{SIGINT};
  rondo::LibeventBackend backend;
  void raise(int signal) { std::raise(signal); }
};
}  // namespace

#define CONFORMANCE(sentence) TEST_CASE("libevent: " sentence)
#include "conformance.hpp"
#include "process_delays.hpp"
#include "process_interrupts.hpp"
#include "process_signals.hpp"
#include "readiness.hpp"
