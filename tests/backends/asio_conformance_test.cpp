// SPDX-License-Identifier: BSL-1.0
// asio_conformance_test.cpp - the asio backend passes what every backend passes.
#include <rondo/backends/asio.hpp>

#include "needs.hpp"
#include "support.hpp"

namespace {
struct World {
  static constexpr const char* name = "asio";
  static constexpr rondo::Features claims = suite::everything();
  DefaultAction interrupt{SIGINT};
  rondo::AsioBackend backend;
  void raise(int signal) { std::raise(signal); }
};
}  // namespace

#define CONFORMANCE(sentence) TEST_CASE("asio: " sentence)
#include "conformance.hpp"
#include "process_delays.hpp"
#include "process_interrupts.hpp"
#include "process_signals.hpp"
#include "readiness.hpp"
