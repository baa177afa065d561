// SPDX-License-Identifier: BSL-1.0
// the_loop.cpp - the code of docs/the-loop.md and README.md.
#include <poll.h>

#include <array>
#include <span>
#include <string>
#include <vector>

#include <rondo/backends/epoll.hpp>
#include <rondo/backends/sim.hpp>
#include <rondo/coro/ending.hpp>
#include <rondo/driver.hpp>
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
    if (result.unplaced > 0) result.deadline = loop.place(backend.now());  // delays count from their calls
  }
  // [/host]
}

const AddSnippet hosting("host", [] {
  sim::SimBackend backend;
  Loop loop;
  const auto task = loop.create_task(stop_after_an_hour());
  host(loop, backend);
  check(task.done());
  check(loop.time() == Instant(1h));
});

void sleep_until_readable(int descriptor) {
  pollfd one{descriptor, POLLIN, 0};
  static_cast<void>(::poll(&one, 1, -1));
}

void turn_by_turn(Loop& loop, Backend& backend) {
  // [driver]
  Driver driver(loop.kernel(), backend);
  while (driver.turn(backend.reap(Instant::min())) != Turn::done) {
    backend.arm(driver.deadline());              // the descriptor is readable when the next turn is due
    sleep_until_readable(backend.descriptor());  // poll(), or the loop of the host
  }
  Ending ending(loop, backend);
  while (!ending.ended()) ending.turn(backend.reap(ending.deadline()));
  // [/driver]
}

Coro<> stop_after_a_moment() {
  co_await sleep(1ms);
  this_loop().stop();
  co_await sleep(1h);
}

const AddSnippet turning("driver", [] {
  EpollBackend backend;
  Loop loop;
  loop.attach(backend);
  const auto task = loop.create_task(stop_after_a_moment());
  turn_by_turn(loop, backend);
  check(task.cancelled());
  check(loop.state() == machines::loop::State::ending);
});

}  // namespace
