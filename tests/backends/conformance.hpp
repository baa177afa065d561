// SPDX-License-Identifier: BSL-1.0
// conformance.hpp - what every backend must pass. A backend's file defines World (a `backend`, its `name`, the features
// that it `claims`, raise(signal)) and CONFORMANCE(sentence), and includes this; with descriptors readiness.hpp, too.
// With sockets another file includes conformance_network.hpp. No test measures real time: where only time can tell, the
// test is in the backend's own file. (Functions for to_thread have names here: GCC warns of lambdas in headers.)
#pragma once

#include "conformance_contract.hpp"
#include "conformance_features.hpp"
#include "conformance_jobs.hpp"
#include "conformance_posts.hpp"
#include "conformance_signals.hpp"

namespace {
namespace conformance {

rondo::Coro<> sleep_and_note(std::string* story, rondo::Duration delay, char name) {
  co_await rondo::sleep(delay);
  *story += name;
}

/// Starts a sleeper for each delay, called a, b, c, ...; gives the order in which they woke.
rondo::Coro<std::string> order_of_sleepers(std::vector<rondo::Duration> delays) {
  std::string story;
  std::vector<rondo::Coro<>> sleepers;
  for (std::size_t i = 0; i < delays.size(); ++i) {
    sleepers.push_back(sleep_and_note(&story, delays[i], static_cast<char>('a' + i)));
  }
  co_await rondo::gather(std::move(sleepers));
  co_return story;
}

rondo::Coro<int> yields(int times) {
  for (int i = 0; i < times; ++i) co_await rondo::sleep(0s);
  co_return times;
}

}  // namespace conformance
}  // namespace

CONFORMANCE("the backend has a name") {
  World world;
  CHECK(world.backend.name() == World::name);
}

CONFORMANCE("sleepers wake in the order of their deadlines, not in the order in which they began") {
  World world;
  CHECK(rondo::run(world.backend, conformance::order_of_sleepers({3ms, 1ms, 4ms, 2ms})) == "bdac");
}

CONFORMANCE("sleepers with one deadline wake in the order in which they began") {
  World world;
  CHECK(rondo::run(world.backend, conformance::order_of_sleepers(std::vector<rondo::Duration>(8, 2ms))) == "abcdefgh");
}

CONFORMANCE("a sleep is never shorter than asked, by the clock of the loop and by that of the backend") {
  World world;
  const auto body = [](rondo::Backend* backend) -> rondo::Coro<bool> {
    bool never_short = true;
    for (const rondo::Duration delay : {rondo::Duration(1ns), rondo::Duration(1us), rondo::Duration(1ms)}) {
      const rondo::Instant due = rondo::after(rondo::this_loop().time(), delay);
      co_await rondo::sleep(delay);
      never_short = never_short && rondo::this_loop().time() >= due && backend->now() >= due;
    }
    co_return never_short;
  };
  CHECK(rondo::run(world.backend, body(&world.backend)));
}

CONFORMANCE("time never goes back") {
  World world;
  const auto body = [](rondo::Backend* backend) -> rondo::Coro<int> {
    int backwards = 0;
    rondo::Instant loop_before = rondo::this_loop().time();
    rondo::Instant before = backend->now();
    for (int i = 0; i < 200; ++i) {
      co_await rondo::sleep(i % 20 == 0 ? 100us : 0us);
      if (rondo::this_loop().time() < loop_before || backend->now() < before) ++backwards;
      loop_before = rondo::this_loop().time();
      before = backend->now();
    }
    co_return backwards;
  };
  rondo::Runner runner(world.backend);
  CHECK(runner.run(body(&world.backend)) == 0);
  CHECK(runner.loop().clamped() == 0);
}

CONFORMANCE("reap gives nothing and waits for its deadline when nothing happens") {
  World world;
  for (const rondo::Duration delay : {10us, 500us, 2000us}) {
    const rondo::Instant deadline = world.backend.now() + delay;
    CHECK(world.backend.reap(deadline).empty());
    CHECK(world.backend.now() >= deadline);
  }
}

CONFORMANCE("reap with a deadline that has passed gives what is there and does not wait") {
  World world;
  CHECK(world.backend.reap(rondo::Instant::min()).empty());
  CHECK(world.backend.reap(world.backend.now()).empty());
}

CONFORMANCE("a deadline ends a sleep that would take an hour") {
  World world;
  const auto body = []() -> rondo::Coro<std::string> {
    const rondo::Instant due = rondo::this_loop().time() + 2ms;
    std::string how = co_await ending(rondo::wait_for(rondo::sleep(1h), 2ms));
    if (rondo::this_loop().time() < due) how += ", too early";
    co_return how;
  };
  CHECK(rondo::run(world.backend, body()) == "TimeoutError");
}

CONFORMANCE("when nothing can happen any more, run throws DeadlockError and names the task that waits") {
  World world;
  const auto body = []() -> rondo::Coro<> {
    const auto waits = [](rondo::Future<> lost) -> rondo::Coro<> { co_await lost; };
    const auto forgotten = rondo::create_task(waits(rondo::this_loop().create_future<>()), {.name = "forgotten"});
    co_await forgotten;
  };
  std::string text;
  try {
    rondo::run(world.backend, body());
  } catch (const rondo::DeadlockError& error) {
    text = error.what();
  }
  CHECK(contains(text, "Task 'forgotten'"));
}

CONFORMANCE("a deadlock leaves the backend fit for another run") {
  World world;
  const auto body = []() -> rondo::Coro<> { co_await rondo::this_loop().create_future<>(); };
  CHECK_THROWS_AS(rondo::run(world.backend, body()), rondo::DeadlockError);
  CHECK(rondo::run(world.backend, conformance::order_of_sleepers({2ms, 1ms})) == "ba");
}

CONFORMANCE("a runner runs one coroutine after the other, and a task sleeps on from one run to the next") {
  World world;
  rondo::Runner runner(world.backend);
  std::string story;
  const auto first = [](std::string* text) -> rondo::Coro<> {
    static_cast<void>(rondo::create_task(conformance::sleep_and_note(text, 2ms, 'b')));
    co_await rondo::sleep(0s);
    *text += 'a';
  };
  runner.run(first(&story));
  CHECK(story == "a");
  runner.run(conformance::sleep_and_note(&story, 4ms, 'c'));
  CHECK(story == "abc");
}

CONFORMANCE("runs follow each other on one backend, each with a loop of its own") {
  World world;
  int sum = 0;
  for (int i = 0; i < 20; ++i) sum += rondo::run(world.backend, conformance::yields(i));
  CHECK(sum == 190);
}

CONFORMANCE("what is left over at the end of run is cancelled and waited for") {
  World world;
  std::string how;
  const auto body = [](std::string* end) -> rondo::Coro<> {
    const auto sleeps = [](std::string* text) -> rondo::Coro<> { *text = co_await ending(rondo::sleep(1h)); };
    static_cast<void>(rondo::create_task(sleeps(end)));
    co_await rondo::sleep(0s);
  };
  rondo::run(world.backend, body(&how));
  CHECK(how == "cancelled");
}
