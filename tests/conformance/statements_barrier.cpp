// SPDX-License-Identifier: BSL-1.0
// statements_barrier.cpp - barriers.
#include "statement.hpp"

namespace conformance {
namespace {

using namespace rondo;

void do_barrier(Interpreter& it, const Json& s) {
  it.bind_primitive<Barrier>(it.name_of(s[1]), s[2].get<std::size_t>());
}

Barrier& barrier_of(Interpreter& it, const Json& s) { return std::get<Barrier>(it.primitive(s[1])); }

Coro<void> do_barrier_wait(Interpreter& it, const Json& s) {
  const std::size_t index = co_await barrier_of(it, s).wait();
  it.emit("barrier " + it.name_of(s[1]) + " " + std::to_string(index));
}

Coro<void> do_barrier_reset(Interpreter& it, const Json& s) { co_await barrier_of(it, s).reset(); }

Coro<void> do_barrier_abort(Interpreter& it, const Json& s) { co_await barrier_of(it, s).abort(); }

}  // namespace

Statements barrier_statements() {
  return {
      {"barrier", do_barrier},
      {"barrier_wait", do_barrier_wait, 1},
      {"barrier_reset", do_barrier_reset, 1},
      {"barrier_abort", do_barrier_abort, 1},
  };
}

}  // namespace conformance
