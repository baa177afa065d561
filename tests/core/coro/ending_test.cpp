// SPDX-License-Identifier: BSL-1.0
// ending_test.cpp - the orderly end of a loop by turns, for hosts that must not block.
#include <rondo/coro/ending.hpp>

#include <rondo/backends/sim.hpp>
#include <rondo/rondo.hpp>

#include <memory>
#include <string>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

struct EndingWorld {
  EndingWorld() {
    loop.attach(backend);
    loop.drop_tasks_silently();
  }
  /// Turns of the program itself.
  void run() {
    Driver driver(loop.kernel(), backend);
    while (driver.turn(backend.reap(Instant::min())) == Turn::ready) {
    }
  }
  /// Turns until `there(ending)`; gives how many.
  template <class Ending, class There>
  int turn_until(Ending& ending, There there) {
    int turns = 0;
    for (; !there(); ++turns) ending.turn(backend.reap(ending.deadline()));
    return turns;
  }

  sim::SimBackend backend;
  Loop loop;
};

Coro<> stubborn() {
  for (;;) {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
    }
  }
}

/// Swallows every cancellation and waits for nobody.
Coro<> waits_for_ever(Future<> future) {
  for (;;) static_cast<void>(co_await as_outcome(shield(future)));
}

AsyncGenerator<int> numbers(std::string* story) {
  try {
    for (int i = 0;; ++i) co_yield i;
  } catch (const GeneratorExit&) {
    *story += "closed";
    throw;
  }
}

}  // namespace

TEST_CASE("an ending cancels tasks, closes generators, and empties the loop, turn by turn") {
  EndingWorld world;
  std::string story;
  const auto takes_one = [](AsyncGenerator<int>* from) -> Coro<> {
    static_cast<void>(co_await from->next());
    co_await sleep(1h);
  };
  AsyncGenerator<int> generator = numbers(&story);
  const Task<> task = world.loop.create_task(takes_one(&generator));
  world.run();
  Ending ending(world.loop, world.backend);
  CHECK(ending.deadline() == Instant::min());
  world.turn_until(ending, [&] { return ending.wound_up(); });
  CHECK(task.cancelled());
  CHECK(story == "closed");
  CHECK(world.loop.backend() == &world.backend);
  world.turn_until(ending, [&] { return ending.ended(); });
  CHECK(world.loop.kernel().operations().in_flight() == 0);
  CHECK(world.loop.backend() == nullptr);
}

TEST_CASE("after an ending has wound up the loop may go on as if nothing had been") {
  EndingWorld world;
  {
    Ending ending(world.loop, world.backend);
    world.turn_until(ending, [&] { return ending.wound_up(); });
  }
  bool ran = false;
  static_cast<void>(world.loop.call_soon([&] { ran = true; }));
  world.run();
  CHECK(ran);
}

TEST_CASE("tasks that do not let themselves be cancelled are given up, in any part of the end") {
  EndingWorld world;
  static_cast<void>(world.loop.create_task(stubborn()));
  world.run();
  Ending ending(world.loop, world.backend);
  for (int i = 0; i < 5; ++i) ending.turn(world.backend.reap(Instant::min()));
  CHECK_FALSE(ending.wound_up());
  ending.give_up();
  CHECK(ending.wound_up());
  ending.give_up();  // nothing more happens
  world.turn_until(ending, [&] { return ending.ended(); });
  CHECK(world.loop.kernel().tasks_alive() == 0);
}

TEST_CASE("an end may be given up before its first turn, and be dropped in any state") {
  EndingWorld world;
  static_cast<void>(world.loop.create_task(stubborn()));
  world.run();
  {
    Ending ending(world.loop, world.backend);
    ending.give_up();
    CHECK(ending.state() == machines::ending::State::settling);
  }
  Ending ending(world.loop, world.backend);
  ending.give_up();
  world.turn_until(ending, [&] { return ending.ended(); });
}

TEST_CASE("an ending that has ended may outlive its loop") {
  sim::SimBackend backend;
  auto loop = std::make_unique<Loop>();
  loop->attach(backend);
  Ending ending(*loop, backend);
  while (!ending.ended()) ending.turn(backend.reap(ending.deadline()));
  loop.reset();
}

TEST_CASE("an end that cannot come is a deadlock, whose report names the tasks; what is left is given up") {
  EndingWorld world;
  const Future<> never_set = world.loop.create_future();
  static_cast<void>(world.loop.create_task(waits_for_ever(never_set), {.name = "the last one"}));
  world.run();
  Ending ending(world.loop, world.backend);
  CHECK_THROWS_WITH(world.turn_until(ending, [&] { return ending.wound_up(); }), Catch::Contains("the last one"));
  ending.give_up();
  world.turn_until(ending, [&] { return ending.ended(); });
}

TEST_CASE("a generator that never ends, and a host that gives up while it closes") {
  EndingWorld world;
  const auto endless = [](std::string*) -> AsyncGenerator<int> {
    try {
      for (;;) co_yield 1;
    } catch (const GeneratorExit&) {
    }
    for (;;) co_await sleep(1h);
  };
  std::string story;
  AsyncGenerator<int> generator = endless(&story);
  const auto takes_one = [](AsyncGenerator<int>* from) -> Coro<> { static_cast<void>(co_await from->next()); };
  static_cast<void>(world.loop.create_task(takes_one(&generator)));
  world.run();
  Ending ending(world.loop, world.backend);
  while (ending.state() != machines::ending::State::closing_generators) ending.turn(world.backend.reap(Instant::min()));
  ending.give_up();
  world.turn_until(ending, [&] { return ending.ended(); });
  CHECK(world.loop.kernel().tasks_alive() == 0);
}

TEST_CASE("a stop() in between is an error, and the end may go on or be given up") {
  EndingWorld world;
  const auto stops = [](Loop* loop) -> Coro<> {
    static_cast<void>(co_await as_outcome(sleep(1h)));
    loop->stop();
    co_await sleep(1s);
  };
  static_cast<void>(world.loop.create_task(stops(&world.loop)));
  world.run();
  Ending ending(world.loop, world.backend);
  CHECK_THROWS_WITH(world.turn_until(ending, [&] { return ending.wound_up(); }),
                    "the loop was stopped before its main task was done");
  world.turn_until(ending, [&] { return ending.wound_up(); });
  CHECK(world.loop.kernel().tasks_alive() == 0);
}

TEST_CASE("a host that gives up before the last turn of the end") {
  EndingWorld world;
  Ending ending(world.loop, world.backend);
  while (ending.state() != machines::ending::State::closing_executor) ending.turn(world.backend.reap(Instant::min()), {.entries = 1});
  ending.give_up();
  world.turn_until(ending, [&] { return ending.ended(); });
}
