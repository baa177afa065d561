// SPDX-License-Identifier: BSL-1.0
// sim_limits_test.cpp - simulated programs that do not end are ended, with a report of what they were doing.
#include <rondo/backends/sim.hpp>

#include "catch.hpp"
#include "support.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

Coro<> spins() {
  for (;;) co_await sleep(0s);
}
Coro<> beats(Duration pause) {
  for (;;) co_await sleep(pause);
}
/// Goes on whatever it is told.
Coro<> stubborn() {
  for (;;) static_cast<void>(co_await as_outcome(sleep(1s)));
}
Coro<> with_background(Coro<> background) {
  static_cast<void>(create_task(std::move(background), {.name = "background"}));
  co_await this_loop().create_future<>();
}

}  // namespace

TEST_CASE("tasks that yield to each other for ever end with a report that names them") {
  const auto both = []() -> Coro<> { co_await gather(spins(), spins()); };
  CHECK_THROWS_WITH(sim::run(both(), {.max_steps = 1000}),
                    Contains("the simulated program does not end: 1000 steps have not ended it (SimOptions::max_steps)") &&
                        Contains("Task-1"));
}

TEST_CASE("the limits have defaults that a spinning task meets") {
  CHECK_THROWS_AS(sim::run(spins(), {.max_steps = 100'000}), sim::LimitExceeded);
  CHECK(sim::SimOptions().max_steps == 1'000'000);
  CHECK(Duration(sim::SimOptions().max_time) == std::chrono::hours(24 * 365 * 100));
}

TEST_CASE("a heartbeat that nobody stops ends by virtual time or by steps, whichever comes first") {
  CHECK_THROWS_WITH(sim::run(with_background(beats(1h)), {.max_time = std::chrono::hours(48)}),
                    Contains("seconds of virtual time have not ended it (SimOptions::max_time)") &&
                        Contains("Task 'background'"));
  CHECK_THROWS_WITH(sim::run(with_background(beats(1ms)), {.max_steps = 5000}), Contains("SimOptions::max_steps"));
}

TEST_CASE("a task that does not let itself be cancelled does not keep the world from ending") {
  CHECK_THROWS_AS(sim::run(with_background(stubborn()), {.max_steps = 1000}), sim::LimitExceeded);
}

TEST_CASE("a long program within its limits is not disturbed") {
  const auto body = []() -> Coro<int> {
    for (int i = 0; i < 2000; ++i) co_await sleep(24h);
    co_return 7;
  };
  CHECK(sim::run(body(), {.max_steps = 10'000}) == 7);
}

TEST_CASE("a runner on a simulated world counts the steps of all its runs, and may go on after a report") {
  sim::SimBackend backend({.max_steps = 1000});
  Runner runner(backend);
  const auto some = []() -> Coro<> {
    for (int i = 0; i < 10'000; ++i) co_await sleep(1ms);
  };
  CHECK_THROWS_AS(runner.run(some()), sim::LimitExceeded);
  const auto few = []() -> Coro<int> {
    co_await sleep(1s);
    co_return 1;
  };
  CHECK(runner.run(few()) == 1);
}

TEST_CASE("no steps means no limit") {
  const auto body = []() -> Coro<> {
    for (int i = 0; i < 100'000; ++i) co_await sleep(1ms);
  };
  sim::run(body(), {.max_steps = 0});
  CHECK_THROWS_AS(sim::run(with_background(beats(1h)), {.max_steps = 0, .max_time = std::chrono::hours(48)}),
                  sim::LimitExceeded);
}

TEST_CASE("a simulated world outlives the loops that ran in it") {
  sim::SimBackend backend({.max_steps = 1000});
  const auto some = []() -> Coro<> { co_await sleep(1s); };
  for (int i = 0; i < 3; ++i) {
    run(backend, some());
    CHECK(backend.reap(Instant::min()).empty());
  }
  CHECK_THROWS_AS(run(backend, spins()), sim::LimitExceeded);
  CHECK(backend.reap(Instant::min()).empty());
}
