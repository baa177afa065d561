// SPDX-License-Identifier: BSL-1.0
// sim_conformance_network_test.cpp - the sockets of the simulated world pass what those of every backend pass.
#include <rondo/backends/sim.hpp>

#include "network.hpp"

namespace {
struct World {
  static constexpr const char* name = "sim";
  rondo::sim::SimBackend backend;

  /// How many handles are open: a new one gets the lowest free number, so a hundred new ones show what lies below.
  std::size_t open() {
    std::vector<rondo::Endpoint> ends(100);
    std::vector<int> handles;
    for (std::uint32_t i = 0; i < ends.size(); ++i) {
      ends[i].local = rondo::Address::loopback(0);
      handles.push_back(run_alone(rondo::OperationKind::open_datagram, -1, &ends[i], i));
    }
    for (const int handle : handles) run_alone(rondo::OperationKind::close, handle, nullptr, 1000);
    return static_cast<std::size_t>(handles.back()) - handles.size();
  }

 private:
  std::int32_t run_alone(rondo::OperationKind kind, int handle, rondo::Endpoint* endpoint, std::uint32_t slot) {
    rondo::Output output;
    output.kind = kind;
    output.handle = handle;
    if (endpoint) output.endpoint = endpoint;
    output.id = {slot, 1};
    backend.submit(std::span(&output, 1));
    for (int i = 0; i < 100; ++i) {
      for (const rondo::Input& input : backend.reap(rondo::Instant::min())) {
        if (input.id == output.id) return input.result;
      }
    }
    return -1;
  }
};
}  // namespace

#define CONFORMANCE(sentence) TEST_CASE("sim: " sentence)
#include "conformance_network.hpp"
