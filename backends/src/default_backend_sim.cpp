// SPDX-License-Identifier: BSL-1.0
// default_backend_sim.cpp - what run() uses in a program that was compiled for -Dloop_backend=sim.
#include <rondo/backends/sim.hpp>

namespace rondo::loop_backend_is_sim {

std::unique_ptr<Backend> make_default_backend();
std::unique_ptr<Backend> make_default_backend() { return std::make_unique<sim::SimBackend>(); }

}  // namespace rondo::loop_backend_is_sim
