// SPDX-License-Identifier: BSL-1.0
// run_example.hpp - runs the coroutine of an example: on the default backend, or with --sim in a simulated world.
#pragma once

#include <string_view>
#include <utility>

#include <rondo/backends/sim.hpp>
#include <rondo/rondo.hpp>

inline int run_example(int argc, char** argv, rondo::Coro<> main, rondo::sim::SimOptions world = {}) {
  if (argc > 1 && std::string_view(argv[1]) == "--sim") {
    rondo::sim::run(std::move(main), world);
  } else {
    rondo::run(std::move(main));
  }
  return 0;
}
