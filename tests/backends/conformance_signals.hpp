// SPDX-License-Identifier: BSL-1.0
// conformance_signals.hpp - what every backend must pass: signal handlers, and Ctrl-C.
// The signals are SIGURG and SIGWINCH, which do nothing by default: a handler that is missing kills no test.
#pragma once

#include <cerrno>
#include <climits>
#include <csignal>
#include <stdexcept>
#include <string>

#include <rondo/rondo.hpp>

#include "catch.hpp"
#include "desk.hpp"
#include "needs.hpp"
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

/// What add_signal_handler() throws, in words.
std::string refusal_of_signal(rondo::Loop& loop, int signal) {
  try {
    loop.add_signal_handler(signal, [] {});
  } catch (const std::invalid_argument& error) {
    return std::string("invalid_argument: ") + error.what();
  } catch (const rondo::RuntimeError& error) {
    return std::string("RuntimeError: ") + error.what();
  }
  return "none";
}

/// Two operations hear something, and end in this order.
template <class Happen>
void hear_in_two(rondo::Backend& backend, const rondo::Output& output, bool first_ends_first, Happen happen) {
  using Results = std::vector<std::int32_t>;
  by_hand::Desk desk(backend);
  const rondo::OperationId first = desk.start(output);
  const rondo::OperationId second = desk.start(output);
  desk.take(1ms);
  happen();
  CHECK(desk.wait(first) == 0);
  CHECK(desk.wait(second) == 0);
  desk.cancel(first_ends_first ? first : second);
  desk.cancel(first_ends_first ? second : first);
  for (int i = 0; i < 3; ++i) desk.take(1ms);
  CHECK(desk.results(first) == Results{0, -ECANCELED});
  CHECK(desk.results(second) == Results{0, -ECANCELED});
}

}  // namespace conformance
}  // namespace

CONFORMANCE("a number that is no signal's is refused at the call, and has no handler to remove") {
  World world;
  rondo::Runner runner(world.backend);
  for (const int number : {0, -1, 65, 66, INT_MIN, INT_MAX}) {
    const std::string name = std::to_string(number);
    CHECK(conformance::refusal_of_signal(runner.loop(), number) ==
          "invalid_argument: add_signal_handler: " + name + " is not the number of a signal; they are 1 to 64");
    CHECK_FALSE(runner.loop().remove_signal_handler(number));
  }
  CHECK(runner.loop().take_reports().empty());
}

CONFORMANCE("a signal that the features deny is refused at the call, by number and with those that can be handled") {
  World world;
  rondo::Runner runner(world.backend);
  const rondo::Features features = world.backend.features();
  for (int signal = 1; signal <= 64; ++signal) {
    INFO(signal);
    const std::string how = conformance::refusal_of_signal(runner.loop(), signal);
    CHECK(runner.loop().remove_signal_handler(signal) == features.hears(signal));
    if (features.hears(signal)) {
      CHECK(how == "none");
      continue;
    }
    CHECK(contains(how, "RuntimeError: add_signal_handler: signal " + std::to_string(signal) + " cannot be handled"));
    CHECK(contains(how, features.signal_mask == 0 ? ": none" : ": 1-8, 10-18, 20-31, 34-63"));
  }
  for (const int never : {SIGKILL, SIGSTOP, 32, 33}) CHECK_FALSE(features.hears(never));
}

CONFORMANCE("a signal that is refused leaves the other handlers of its loop as they were") {
  World world;
  NEEDS(signal_mask);
  const auto body = [](World* where) -> rondo::Coro<int> {
    for (const int bad : {0, 66, SIGKILL}) CHECK(conformance::refusal_of_signal(rondo::this_loop(), bad) != "none");
    co_return co_await conformance::hear_twice(where);
  };
  CHECK(rondo::run(world.backend, body(&world)) == 2);
}

CONFORMANCE("an operation of a signal that nobody can handle ends once, with EINVAL, and a cancel changes nothing") {
  World world;
  NEEDS(signal_mask);
  by_hand::Desk desk(world.backend);
  for (const int bad : {0, -1, SIGKILL, SIGSTOP, 32, 33, 64, 66, INT_MAX}) {
    const rondo::OperationId id = desk.start(by_hand::Desk::of(rondo::OperationKind::signal, bad));
    CHECK(desk.wait(id) == -EINVAL);
    desk.cancel(id);
  }
  desk.check_single();
}

CONFORMANCE("two operations of one signal hear each arrival, and each has its own end, in whatever order they go") {
  World world;
  NEEDS(signal_mask);
  const auto output = by_hand::Desk::of(rondo::OperationKind::signal, SIGURG);
  for (const bool first_ends_first : {true, false}) {
    conformance::hear_in_two(world.backend, output, first_ends_first, [&] { world.raise(SIGURG); });
  }
}

CONFORMANCE("two watches for Ctrl-C on one backend hear it, and each has its own end, in whatever order they go") {
  World world;
  NEEDS(signal_mask);
  const auto output = by_hand::Desk::of(rondo::OperationKind::interrupt);
  for (const bool first_ends_first : {true, false}) {
    conformance::hear_in_two(world.backend, output, first_ends_first, [&] { world.raise(SIGINT); });
  }
}

CONFORMANCE("an arrival before an operation of the same signal begins is not for it") {
  World world;
  NEEDS(signal_mask);
  by_hand::Desk desk(world.backend);
  const auto output = by_hand::Desk::of(rondo::OperationKind::signal, SIGURG);
  const rondo::OperationId early = desk.start(output);
  desk.take(1ms);
  world.raise(SIGURG);
  const rondo::OperationId late = desk.start(output);
  CHECK(desk.wait(early) == 0);
  desk.take(1ms);
  CHECK(desk.results(late).empty());
  for (const rondo::OperationId id : {early, late}) desk.cancel(id);
  CHECK(desk.wait(late) == -ECANCELED);
}

CONFORMANCE("a signal handler runs as a callback of the loop, once for each arrival") {
  World world;
  NEEDS(signal_mask);
  CHECK(rondo::run(world.backend, conformance::hear_twice(&world)) == 2);
}

CONFORMANCE("handlers of two signals hear each its own") {
  World world;
  NEEDS(signal_mask);
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
  NEEDS(signal_mask);
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
  NEEDS(signal_mask);
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
  NEEDS(signal_mask);
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
  NEEDS(signal_mask);
  CHECK_THROWS_AS(rondo::run(world.backend, conformance::interrupted(&world, false)), rondo::KeyboardInterrupt);
}

CONFORMANCE("a main task that swallows the cancellation of Ctrl-C gives its value") {
  World world;
  NEEDS(signal_mask);
  CHECK(rondo::run(world.backend, conformance::interrupted(&world, true)) == "swallowed");
}

CONFORMANCE("each run of a runner has its own first Ctrl-C") {
  World world;
  NEEDS(signal_mask);
  rondo::Runner runner(world.backend);
  CHECK_THROWS_AS(runner.run(conformance::interrupted(&world, false)), rondo::KeyboardInterrupt);
  CHECK(runner.run(conformance::interrupted(&world, true)) == "swallowed");
  CHECK_THROWS_AS(runner.run(conformance::interrupted(&world, false)), rondo::KeyboardInterrupt);
}

CONFORMANCE("Ctrl-C interrupts the main task even while its job runs") {
  World world;
  NEEDS(signal_mask);
  NEEDS(jobs);
  const auto body = [](World* where) -> rondo::Coro<> {
    rondo::this_loop().call_soon([where] { where->raise(SIGINT); });
    co_await rondo::to_thread(conformance::pause);
    co_await rondo::sleep(5s);
  };
  CHECK_THROWS_AS(rondo::run(world.backend, body(&world)), rondo::KeyboardInterrupt);
}

CONFORMANCE("a handler of one's own for SIGINT takes Ctrl-C from the runner") {
  World world;
  NEEDS(signal_mask);
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

CONFORMANCE("a signal handler that removes itself with more signals on their way is not called again") {
  World world;
  NEEDS(signal_mask);
  const auto body = [](World* where) -> rondo::Coro<std::string> {
    std::string story;
    const auto alive = std::make_shared<std::string>("alive ");
    rondo::Loop& loop = rondo::this_loop();
    loop.add_signal_handler(SIGURG, [alive, &story, &loop] {
      const auto keep_text = &story;
      loop.remove_signal_handler(SIGURG);
      *keep_text += *alive;
    });
    loop.add_signal_handler(SIGWINCH, [alive, &story, &loop] {
      loop.add_signal_handler(SIGWINCH, [&story] { story += "new "; });
      story += *alive;
    });
    co_await rondo::sleep(1ms);
    for (int i = 0; i < 3; ++i) where->raise(SIGURG);
    co_await rondo::sleep(2ms);
    for (int i = 0; i < 3; ++i) where->raise(SIGWINCH);
    co_await rondo::sleep(2ms);
    loop.remove_signal_handler(SIGWINCH);
    co_return story;
  };
  CHECK(rondo::run(world.backend, body(&world)) == "alive alive new new ");
}
