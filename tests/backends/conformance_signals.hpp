// SPDX-License-Identifier: BSL-1.0
// conformance_signals.hpp - what every backend must pass: signal handlers, and Ctrl-C.
// The signals are SIGURG and SIGWINCH, which do nothing by default: a handler that is missing kills no test.
#pragma once

#include <csignal>
#include <string>

#include <rondo/rondo.hpp>

#include "catch.hpp"
#include "support.hpp"

using namespace std::chrono_literals;

namespace {
namespace conformance {

/// Sets a handler that counts SIGURG, raises it twice, and waits for both.
rondo::Coro<int> hear_twice(World* world) {
  int heard = 0;
  int* const count = &heard;
  const auto both = rondo::this_loop().create_future<>();
  rondo::this_loop().add_signal_handler(SIGURG, [count, both] {
    if (++*count == 2) both.set_result();
  });
  co_await rondo::sleep(1ms);
  world->raise(SIGURG);
  co_await rondo::sleep(1ms);
  world->raise(SIGURG);
  co_await rondo::wait_for(both, 5s);
  rondo::this_loop().remove_signal_handler(SIGURG);
  co_return heard;
}

void pause() { std::this_thread::sleep_for(3ms); }

/// Is interrupted while it sleeps; ends with "swallowed" if it is told to.
rondo::Coro<std::string> interrupted(World* world, bool swallows) {
  rondo::this_loop().call_soon([world] { world->raise(SIGINT); });
  const auto outcome = co_await rondo::as_outcome(rondo::sleep(5s));
  if (!swallows) outcome.raise();
  co_return outcome.cancelled() ? "swallowed" : "not interrupted";
}

}  // namespace conformance
}  // namespace

CONFORMANCE("a signal handler runs as a callback of the loop, once for each arrival") {
  World world;
  CHECK(rondo::run(world.backend, conformance::hear_twice(&world)) == 2);
}

CONFORMANCE("handlers of two signals hear each its own") {
  World world;
  const auto body = [](World* where) -> rondo::Coro<std::string> {
    std::string story;
    std::string* const text = &story;
    rondo::this_loop().add_signal_handler(SIGURG, [text] { *text += 'u'; });
    rondo::this_loop().add_signal_handler(SIGWINCH, [text] { *text += 'w'; });
    co_await rondo::sleep(1ms);
    for (const int signal : {SIGWINCH, SIGURG, SIGWINCH}) {
      where->raise(signal);
      co_await rondo::sleep(1ms);
    }
    rondo::this_loop().remove_signal_handler(SIGURG);
    rondo::this_loop().remove_signal_handler(SIGWINCH);
    co_return story;
  };
  CHECK(rondo::run(world.backend, body(&world)) == "wuw");
}

CONFORMANCE("a handler that was removed hears no more, and one that replaces another hears in its place") {
  World world;
  const auto body = [](World* where) -> rondo::Coro<std::string> {
    std::string story;
    std::string* const text = &story;
    rondo::this_loop().add_signal_handler(SIGURG, [text] { *text += 'a'; });
    co_await rondo::sleep(1ms);
    rondo::this_loop().add_signal_handler(SIGURG, [text] { *text += 'b'; });
    co_await rondo::sleep(1ms);
    where->raise(SIGURG);
    co_await rondo::sleep(1ms);
    rondo::this_loop().remove_signal_handler(SIGURG);
    co_await rondo::sleep(1ms);
    where->raise(SIGURG);
    co_await rondo::sleep(1ms);
    co_return story;
  };
  CHECK(rondo::run(world.backend, body(&world)) == "b");
}

CONFORMANCE("signal handlers end with their loop, and the next loop hears the signal with its own") {
  World world;
  int heard = 0;
  const auto forgets = [](int* count) -> rondo::Coro<> {
    rondo::this_loop().add_signal_handler(SIGURG, [count] { ++*count; });
    co_await rondo::sleep(1ms);
  };
  rondo::run(world.backend, forgets(&heard));
  world.raise(SIGURG);
  CHECK(rondo::run(world.backend, conformance::hear_twice(&world)) == 2);
  CHECK(heard == 0);
}

CONFORMANCE("a signal for a loop that has ended does not touch the next loop's operations") {
  World world;
  const auto forgets = []() -> rondo::Coro<> {
    rondo::this_loop().add_signal_handler(SIGURG, [] {});
    co_await rondo::sleep(1ms);
  };
  rondo::run(world.backend, forgets());
  int heard = 0;
  const auto listens = [](World* where, int* count) -> rondo::Coro<> {
    rondo::this_loop().add_signal_handler(SIGWINCH, [count] { ++*count; });  // its operation has the old one's name
    co_await rondo::sleep(1ms);
    where->raise(SIGURG);
    co_await rondo::sleep(1ms);
    rondo::this_loop().remove_signal_handler(SIGWINCH);
    co_await rondo::sleep(1ms);
  };
  rondo::run(world.backend, listens(&world, &heard));
  CHECK(heard == 0);
}

CONFORMANCE("Ctrl-C cancels the main task, and run throws KeyboardInterrupt when that ended it") {
  World world;
  CHECK_THROWS_AS(rondo::run(world.backend, conformance::interrupted(&world, false)), rondo::KeyboardInterrupt);
}

CONFORMANCE("a main task that swallows the cancellation of Ctrl-C gives its value") {
  World world;
  CHECK(rondo::run(world.backend, conformance::interrupted(&world, true)) == "swallowed");
}

CONFORMANCE("each run of a runner has its own first Ctrl-C") {
  World world;
  rondo::Runner runner(world.backend);
  CHECK_THROWS_AS(runner.run(conformance::interrupted(&world, false)), rondo::KeyboardInterrupt);
  CHECK(runner.run(conformance::interrupted(&world, true)) == "swallowed");
  CHECK_THROWS_AS(runner.run(conformance::interrupted(&world, false)), rondo::KeyboardInterrupt);
}

CONFORMANCE("Ctrl-C interrupts the main task even while its job runs") {
  World world;
  const auto body = [](World* where) -> rondo::Coro<> {
    rondo::this_loop().call_soon([where] { where->raise(SIGINT); });
    co_await rondo::to_thread(conformance::pause);
    co_await rondo::sleep(5s);
  };
  CHECK_THROWS_AS(rondo::run(world.backend, body(&world)), rondo::KeyboardInterrupt);
}

CONFORMANCE("a handler of one's own for SIGINT takes Ctrl-C from the runner") {
  World world;
  const auto body = [](World* where) -> rondo::Coro<int> {
    int heard = 0;
    int* const count = &heard;
    rondo::this_loop().add_signal_handler(SIGINT, [count] { ++*count; });
    co_await rondo::sleep(1ms);
    where->raise(SIGINT);
    co_await rondo::sleep(1ms);
    rondo::this_loop().remove_signal_handler(SIGINT);
    co_await rondo::sleep(1ms);
    co_return heard;
  };
  CHECK(rondo::run(world.backend, body(&world)) == 1);
}

CONFORMANCE("main's own cancellation is CancelledError, not KeyboardInterrupt") {
  World world;
  const auto body = []() -> rondo::Coro<> {
    rondo::current_task().cancel();
    co_await rondo::sleep(1s);
  };
  CHECK_THROWS_AS(rondo::run(world.backend, body()), rondo::CancelledError);
}
