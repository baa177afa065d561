// SPDX-License-Identifier: BSL-1.0
// debugging.cpp - the code of docs/debugging.md.
#include "snippets.hpp"

#include <csignal>
#include <cstdio>

#include <rondo/backends/sim.hpp>
#include <rondo/rondo.hpp>

using namespace rondo;
using namespace std::chrono_literals;

namespace {

Coro<> asks() {
  // [signal]
  this_loop().add_signal_handler(SIGUSR1, [] { std::fputs(dump_tasks().c_str(), stderr); });
  // [/signal]
  check(this_loop().remove_signal_handler(SIGUSR1));
  co_return;
}
const AddSnippet add_signal("dump_tasks at a signal", [] { sim::run(asks()); });

Coro<> fetch() {
  co_await sleep(1ms);
  throw std::runtime_error("no");
}
Coro<> outer() { co_await fetch(); }

const AddSnippet add_stack("await_stack in main", [] {
  // [stack]
  try {
    run(outer());
  } catch (const std::runtime_error& error) {
    std::printf("%s, from %s\n", error.what(), describe(await_stack()).c_str());
  }
  // [/stack]
  std::size_t places = 0;
  try {
    run(outer());
  } catch (const std::runtime_error&) {
    places = await_stack().size();
  }
  check(places == 2 && await_stack().empty());
});

}  // namespace
