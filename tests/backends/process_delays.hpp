// SPDX-License-Identifier: BSL-1.0
// process_delays.hpp - delays on a real clock, behind steps that work for long. Used as conformance.hpp is.
#pragma once

#include <rondo/rondo.hpp>

#include "catch.hpp"
#include "support.hpp"

namespace {
namespace delays {

using namespace rondo;
using namespace std::chrono_literals;

/// Works for so long, and awaits nothing.
void work(Backend& backend, Duration time) {
  const Instant until = after(backend.now(), time);
  while (backend.now() < until) {
  }
}

Coro<std::string> answer_within(Backend* backend, Duration limit) {
  co_await sleep(1ms);
  work(*backend, 200ms);
  co_return co_await ending(wait_for(sleep(20ms), limit));
}
Coro<Duration> sleep_behind_work(Backend* backend, Duration delay) {
  co_await sleep(1ms);
  work(*backend, 50ms);
  const Instant before = backend->now();
  co_await sleep(delay);
  co_return backend->now() - before;
}

}  // namespace delays
}  // namespace

CONFORMANCE("a deadline counts from its call: what its step has worked before does not use it up") {
  World world;
  CHECK(rondo::run(world.backend, delays::answer_within(&world.backend, 150ms)) == "void");
  CHECK(rondo::run(world.backend, delays::answer_within(&world.backend, 10ms)) == "TimeoutError");
}

CONFORMANCE("a sleep behind long work takes all of its time") {
  World world;
  CHECK(rondo::run(world.backend, delays::sleep_behind_work(&world.backend, 30ms)) >= 30ms);
}

CONFORMANCE("a delay that is asked for before the first step counts from the call, too") {
  World world;
  rondo::Runner runner(world.backend);
  rondo::Loop& loop = runner.loop();
  delays::work(world.backend, 30ms);
  const rondo::Instant asked = world.backend.now();
  rondo::Instant called{};
  loop.call_later(20ms, [&] { called = world.backend.now(); });
  runner.run(delays::sleep_behind_work(&world.backend, 1ms));
  const auto rest = []() -> rondo::Coro<> { co_await rondo::sleep(30ms); };
  runner.run(rest());
  CHECK(called >= asked + 20ms);
}

CONFORMANCE("a sleep that is as good as for ever ends when it is cancelled, and keeps nothing else from running") {
  World world;
  const auto body = []() -> rondo::Coro<std::string> {
    const auto for_ever = []() -> rondo::Coro<> { co_await rondo::sleep(std::chrono::seconds::max()); };
    const auto sleeper = rondo::create_task(for_ever());
    co_await rondo::sleep(2ms);
    const std::string before = sleeper.done() ? "done" : "sleeping";
    sleeper.cancel();
    co_return before + " " + co_await ending(sleeper);
  };
  CHECK(rondo::run(world.backend, body()) == "sleeping cancelled");
}
