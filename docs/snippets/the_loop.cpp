// SPDX-License-Identifier: BSL-1.0
// the_loop.cpp - the code of docs/the-loop.md and README.md.
#include <array>
#include <span>
#include <string>
#include <vector>

#include <rondo/backends/sim.hpp>
#include <rondo/rondo.hpp>

#include "snippets.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

Coro<> stop_after_an_hour() {
  co_await sleep(1h);
  this_loop().stop();
}

void host(Loop& loop, Backend& backend) {
  std::array<Output, 64> out;
  StepResult result;
  result.deadline = backend.now();
  // [host]
  for (;;) {
    const std::span<const Input> in = backend.reap(result.deadline);  // blocks at most until the deadline
    result = loop.step(backend.now(), in, out);                       // pure
    backend.submit(std::span<const Output>(out).first(result.produced));
    if (result.done) break;
  }
  // [/host]
}

const AddSnippet hosting("host", [] {
  sim::Backend backend;
  Loop loop;
  const auto task = loop.create_task(stop_after_an_hour());
  host(loop, backend);
  check(task.done());
  check(loop.time() == Instant(1h));
});

}  // namespace
