// SPDX-License-Identifier: BSL-1.0
// process_interrupts.hpp - Ctrl-C in a process with several backends and runs, and with handlers of the program's own.
// Used as conformance.hpp is.
#pragma once

#include <csignal>
#include <string>
#include <thread>

#include <rondo/rondo.hpp>

#include "catch.hpp"
#include "process_signals.hpp"
#include "support.hpp"

namespace {
namespace process_interrupts {

using process_signals::action_of;
using process_signals::Ear;
using process_signals::is_default;
using process_signals::own_calls;
using process_signals::own_handler;
using rondo::Coro;
using namespace std::chrono_literals;

/// What the run does when it is interrupted, and how far it is.
struct Watch {
  bool swallows = false;
  Gate started, answered;
  std::string how;
};

Coro<> wait_for_ctrl_c(Watch* watch) {
  watch->started.open();
  const auto outcome = co_await rondo::as_outcome(rondo::sleep(10s));
  watch->answered.open();
  if (watch->swallows) co_await rondo::as_outcome(rondo::sleep(10s));
  outcome.raise();
}

/// A run on a backend of its own.
void run_until_ctrl_c(Watch* watch) {
  RealBackend backend;
  try {
    rondo::run(backend, wait_for_ctrl_c(watch));
    watch->how = "returned";
  } catch (const rondo::KeyboardInterrupt&) {
    watch->how = "interrupted";
  }
}

Coro<> nothing() { co_return; }

/// Ctrl-C in a run during which something else happens.
template <class Happen>
std::string how_a_run_ends(Happen happen) {
  const auto body = [](Happen* first) -> Coro<> {
    (*first)();
    std::raise(SIGINT);
    co_await rondo::sleep(10s);
  };
  RealBackend backend;
  try {
    rondo::run(backend, body(&happen));
  } catch (const rondo::KeyboardInterrupt&) {
    return "interrupted";
  }
  return "returned";
}

void make_a_backend() { RealBackend unused; }
void close_a_runner() {
  RealBackend backend;
  rondo::Runner runner(backend);
  runner.loop();
  runner.close();
}
void run_in_a_thread() {
  std::jthread thread([] {
    RealBackend backend;
    rondo::run(backend, nothing());
  });
}
void hear_ctrl_c_for_a_while() {
  Ear ear(SIGINT);
  std::raise(SIGINT);
  CHECK(ear.heard(1));
}
void hear_another_signal() {
  Ear ear(SIGTERM);
  std::raise(SIGTERM);
  CHECK(ear.heard(1));
}

}  // namespace process_interrupts
}  // namespace

CONFORMANCE("another backend, Runner or run that comes and goes in a run leaves Ctrl-C to it") {
  const DefaultAction interrupt(SIGINT);
  const DefaultAction terminate(SIGTERM);
  using namespace process_interrupts;
  for (const auto happens :
       {make_a_backend, close_a_runner, run_in_a_thread, hear_ctrl_c_for_a_while, hear_another_signal}) {
    CHECK(how_a_run_ends(happens) == "interrupted");
    CHECK(is_default(SIGINT));
  }
}

CONFORMANCE("the first Ctrl-C interrupts the runs of all threads, and SIGINT is then what it was") {
  const DefaultAction interrupt(SIGINT);
  process_interrupts::Watch watches[2];
  {
    std::jthread one(process_interrupts::run_until_ctrl_c, &watches[0]);
    std::jthread other(process_interrupts::run_until_ctrl_c, &watches[1]);
    for (auto& watch : watches) REQUIRE(watch.started.wait());
    std::raise(SIGINT);
  }
  for (const auto& watch : watches) CHECK(watch.how == "interrupted");
  CHECK(process_interrupts::is_default(SIGINT));
}

CONFORMANCE("a run that ends before one that began in it leaves Ctrl-C to that") {
  const DefaultAction interrupt(SIGINT);
  process_interrupts::Watch watch;
  std::jthread thread;
  const auto begins_another = [](process_interrupts::Watch* other, std::jthread* in) -> rondo::Coro<> {
    *in = std::jthread(process_interrupts::run_until_ctrl_c, other);
    CHECK(other->started.wait());
    co_return;
  };
  {
    RealBackend backend;
    rondo::run(backend, begins_another(&watch, &thread));
  }
  std::raise(SIGINT);
  thread.join();
  CHECK(watch.how == "interrupted");
  CHECK(process_interrupts::is_default(SIGINT));
}

CONFORMANCE("a second Ctrl-C ends the process if one of its runs has not ended at the first") {
  CHECK(in_a_child([] {
          process_interrupts::Watch obedient, stubborn;
          stubborn.swallows = true;
          std::jthread one(process_interrupts::run_until_ctrl_c, &obedient);
          std::jthread other(process_interrupts::run_until_ctrl_c, &stubborn);
          if (!obedient.started.wait() || !stubborn.started.wait()) return 1;
          std::raise(SIGINT);
          one.join();
          if (obedient.how != "interrupted" || !stubborn.answered.wait()) return 2;
          std::raise(SIGINT);
          return 0;
        }) == "signal " + std::to_string(SIGINT));
}

CONFORMANCE("after the last run Ctrl-C ends the process, as it did before") {
  CHECK(in_a_child([] {
          process_interrupts::run_in_a_thread();
          process_interrupts::make_a_backend();
          std::raise(SIGINT);
          return 0;
        }) == "signal " + std::to_string(SIGINT));
}

CONFORMANCE("a loop's handler for SIGINT hears Ctrl-C in the place of every run, until it is removed") {
  const DefaultAction interrupt(SIGINT);
  process_interrupts::Watch watch;
  {
    std::jthread thread(process_interrupts::run_until_ctrl_c, &watch);
    REQUIRE(watch.started.wait());
    process_interrupts::Ear ear(SIGINT);
    for (std::size_t i = 1; i <= 3; ++i) {  // none of them is a second one
      std::raise(SIGINT);
      CHECK(ear.heard(i));
    }
    CHECK(ear.ends());
    CHECK_FALSE(watch.answered.is_open());
    std::raise(SIGINT);
  }
  CHECK(watch.how == "interrupted");
  CHECK(process_interrupts::is_default(SIGINT));
}

CONFORMANCE("a program that handles or ignores SIGINT by itself is interrupted in no run, and keeps its action") {
  const DefaultAction interrupt(SIGINT);
  const auto body = []() -> rondo::Coro<int> {
    process_interrupts::run_in_a_thread();
    std::raise(SIGINT);
    co_await rondo::sleep(1ms);
    co_return 7;
  };
  for (const auto own : {process_interrupts::own_handler, SIG_IGN}) {
    std::signal(SIGINT, own);
    const int before = process_interrupts::own_calls;
    RealBackend backend;
    CHECK(rondo::run(backend, body()) == 7);
    CHECK(process_interrupts::own_calls - before == (own == SIG_IGN ? 0 : 1));
    CHECK(process_interrupts::action_of(SIGINT).sa_handler == own);
  }
}

CONFORMANCE("a handler that the program sets for SIGINT in a run comes back when a loop's own is removed") {
  const DefaultAction interrupt(SIGINT);
  const auto body = []() -> rondo::Coro<int> {
    int heard = 0;
    int* const count = &heard;
    std::signal(SIGINT, process_interrupts::own_handler);
    rondo::this_loop().add_signal_handler(SIGINT, [count] { ++*count; });
    co_await rondo::sleep(1ms);
    std::raise(SIGINT);
    co_await rondo::sleep(1ms);
    rondo::this_loop().remove_signal_handler(SIGINT);
    co_await rondo::sleep(1ms);
    std::raise(SIGINT);
    co_return heard;
  };
  const int before = process_interrupts::own_calls;
  RealBackend backend;
  CHECK(rondo::run(backend, body()) == 1);
  CHECK(process_interrupts::own_calls == before + 1);
  CHECK(process_interrupts::action_of(SIGINT).sa_handler == process_interrupts::own_handler);
}
