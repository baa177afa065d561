// SPDX-License-Identifier: BSL-1.0
// default_backend_sim.cpp - what run() uses in a library built with -Dloop_backend=sim.
#include <rondo/backends/sim.hpp>
#include <rondo/loop_backend.hpp>

namespace rondo {

std::unique_ptr<Backend> make_default_backend() { return std::make_unique<sim::SimBackend>(); }

std::unique_ptr<Backend> loop_backend_is_sim::make_default_backend() { return rondo::make_default_backend(); }

}  // namespace rondo
