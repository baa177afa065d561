// SPDX-License-Identifier: BSL-1.0
// epoll_conformance_test.cpp - the epoll backend passes what every backend passes.
#include <rondo/backends/epoll.hpp>

#include "needs.hpp"
#include "support.hpp"

namespace {
struct World {
  static constexpr const char* name = "epoll";
  static constexpr rondo::Features claims = suite::everything();
  DefaultAction interrupt{SIGINT};
  rondo::EpollBackend backend;
  void raise(int signal) { std::raise(signal); }
};
}  // namespace

#define CONFORMANCE(sentence) TEST_CASE("epoll: " sentence)
#include "conformance.hpp"
#include "process_delays.hpp"
#include "process_interrupts.hpp"
#include "process_signals.hpp"
#include "readiness.hpp"
