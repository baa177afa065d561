// SPDX-License-Identifier: BSL-1.0
// process_signals.hpp - signals of one process and several backends: nobody takes anything from another, and the
// actions of the program come back. Used as conformance.hpp is. process_interrupts.hpp has Ctrl-C.
#pragma once

#include <atomic>
#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <thread>

#include <rondo/rondo.hpp>

#include "catch.hpp"
#include "desk.hpp"
#include "support.hpp"

namespace {
namespace process_signals {

using by_hand::Desk;
using rondo::OperationKind;
using namespace std::chrono_literals;


/// A backend that hears one signal.
struct Ear {
  explicit Ear(int signal, OperationKind kind = OperationKind::signal) : desk(backend) {
    id = desk.start(Desk::of(kind, signal));
    desk.take(0ms);
  }
  /// True if it has heard so many arrivals in all, and no more.
  bool heard(std::size_t count) {
    for (int i = 0; i < 200 && desk.results(id).size() < count; ++i) desk.take(10ms);
    desk.take(1ms);
    return desk.results(id).size() == count;
  }
  /// True if it ends once, by its cancellation.
  bool ends() {
    const std::size_t before = desk.results(id).size();
    desk.cancel(id);
    for (int i = 0; i < 3; ++i) desk.take(1ms);
    return desk.results(id).size() == before + 1 && desk.results(id).back() == -ECANCELED;
  }
  RealBackend backend;
  Desk desk;
  rondo::OperationId id;
};

struct sigaction action_of(int signal) {
  struct sigaction action {};
  sigaction(signal, nullptr, &action);
  return action;
}
bool is_default(int signal) { return action_of(signal).sa_handler == SIG_DFL; }

std::atomic<int> own_calls = 0;
void own_handler(int) { own_calls.fetch_add(1); }
void own_handler_with_more(int, siginfo_t*, void*) { own_calls.fetch_add(1); }

void raise_until(const std::atomic<bool>* stop) {
  while (!*stop) std::raise(SIGURG);
}

/// Hears SIGURG three times, in a loop of its own.
void hear_in_a_thread(Gate* started, int* heard) {
  const auto body = [](Gate* gate, int* count) -> rondo::Coro<> {
    const auto enough = rondo::this_loop().create_future<>();
    rondo::this_loop().add_signal_handler(SIGURG, [count, enough] {
      if (++*count == 3) enough.set_result();
    });
    co_await rondo::sleep(1ms);
    gate->open();
    co_await rondo::wait_for(enough, 10s);
  };
  RealBackend backend;
  rondo::run(backend, body(started, heard));
}

}  // namespace process_signals
}  // namespace

CONFORMANCE("a backend and a Runner that come and go without a run change no action of the process") {
  const DefaultAction interrupt(SIGINT);
  const DefaultAction urgent(SIGURG);
  std::signal(SIGURG, process_signals::own_handler);
  {
    RealBackend unused;
    rondo::Runner runner(unused);
    runner.loop().add_signal_handler(SIGURG, [] {});  // nothing has told the backend
    CHECK(process_signals::is_default(SIGINT));
    CHECK(process_signals::action_of(SIGURG).sa_handler == process_signals::own_handler);
    runner.close();
  }
  CHECK(process_signals::is_default(SIGINT));
  CHECK(process_signals::action_of(SIGURG).sa_handler == process_signals::own_handler);
}

CONFORMANCE("backends hear the same signal each, and in whatever order they end, the other one goes on") {
  const DefaultAction urgent(SIGURG);
  for (const bool older_ends : {true, false}) {
    for (const bool orderly : {true, false}) {
      auto older = std::make_unique<process_signals::Ear>(SIGURG);
      auto newer = std::make_unique<process_signals::Ear>(SIGURG);
      std::raise(SIGURG);
      CHECK(older->heard(1));
      CHECK(newer->heard(1));
      auto& ends = older_ends ? older : newer;
      auto& stays = older_ends ? newer : older;
      if (orderly) CHECK(ends->ends());
      ends.reset();
      std::raise(SIGURG);
      CHECK(stays->heard(2));
      CHECK_FALSE(process_signals::is_default(SIGURG));
      stays.reset();
      CHECK(process_signals::is_default(SIGURG));
    }
  }
}

CONFORMANCE("a backend that comes and goes with a signal of its own leaves those of another alone") {
  const DefaultAction urgent(SIGURG);
  const DefaultAction window(SIGWINCH);
  process_signals::Ear stays(SIGURG);
  {
    process_signals::Ear goes(SIGWINCH);
    std::raise(SIGWINCH);
    CHECK(goes.heard(1));
  }
  CHECK(process_signals::is_default(SIGWINCH));
  std::raise(SIGURG);
  CHECK(stays.heard(1));
}

CONFORMANCE("loops in two threads hear every arrival of one signal") {
  const DefaultAction urgent(SIGURG);
  Gate started[2];
  int heard[2] = {0, 0};
  {
    std::jthread one(process_signals::hear_in_a_thread, &started[0], &heard[0]);
    std::jthread other(process_signals::hear_in_a_thread, &started[1], &heard[1]);
    REQUIRE(started[0].wait());
    REQUIRE(started[1].wait());
    for (int i = 0; i < 3; ++i) std::raise(SIGURG);
  }
  CHECK(heard[0] == 3);
  CHECK(heard[1] == 3);
  CHECK(process_signals::is_default(SIGURG));
}

CONFORMANCE("the program's action for a signal comes back as it was, flags and mask included") {
  const DefaultAction child(SIGCHLD);
  struct sigaction own {};
  own.sa_sigaction = process_signals::own_handler_with_more;
  own.sa_flags = SA_SIGINFO | SA_NOCLDSTOP;
  sigaddset(&own.sa_mask, SIGWINCH);
  sigaction(SIGCHLD, &own, nullptr);
  {
    process_signals::Ear ear(SIGCHLD);
    process_signals::Ear second(SIGCHLD);
    CHECK((process_signals::action_of(SIGCHLD).sa_flags & SA_RESTART) != 0);
    const int before = process_signals::own_calls;
    std::raise(SIGCHLD);
    CHECK(ear.heard(1));
    CHECK(process_signals::own_calls == before);
  }
  const struct sigaction after = process_signals::action_of(SIGCHLD);
  CHECK(after.sa_sigaction == process_signals::own_handler_with_more);
  CHECK((after.sa_flags & (SA_SIGINFO | SA_NOCLDSTOP | SA_RESTART)) == (SA_SIGINFO | SA_NOCLDSTOP));
  CHECK(sigismember(&after.sa_mask, SIGWINCH) == 1);
  const int before = process_signals::own_calls;
  std::raise(SIGCHLD);
  CHECK(process_signals::own_calls == before + 1);
}

CONFORMANCE("an action that the program sets while loops hear the signal stays, and is what comes back later") {
  const DefaultAction urgent(SIGURG);
  {
    process_signals::Ear first(SIGURG);
    std::signal(SIGURG, process_signals::own_handler);
    process_signals::Ear second(SIGURG);  // asks anew, and the first hears again, too
    std::raise(SIGURG);
    CHECK(first.heard(1));
    CHECK(second.heard(1));
  }
  CHECK(process_signals::action_of(SIGURG).sa_handler == process_signals::own_handler);
  {
    process_signals::Ear ear(SIGURG);
    std::signal(SIGURG, SIG_IGN);
  }
  CHECK(process_signals::action_of(SIGURG).sa_handler == SIG_IGN);
}

CONFORMANCE("a flood of one signal loses none of it, and no other signal, and keeps errno") {
  const DefaultAction one(SIGUSR1);
  const DefaultAction two(SIGUSR2);
  process_signals::Ear ear(SIGUSR1);
  const rondo::OperationId other = ear.desk.start(process_signals::Desk::of(rondo::OperationKind::signal, SIGUSR2));
  ear.desk.take(0ms);
  constexpr std::size_t flood = 100'000;
  errno = EDOM;
  for (std::size_t i = 0; i < flood; ++i) {
    if (i == flood / 2) std::raise(SIGUSR2);
    std::raise(SIGUSR1);
  }
  CHECK(errno == EDOM);  // though the pipe is full
  CHECK(ear.desk.wait(other) == 0);
  CHECK(ear.desk.results(ear.id).size() < flood / 2);  // it need not wait for the end of the flood
  CHECK(ear.heard(flood));
  CHECK(ear.desk.results(other).size() == 1);
}

CONFORMANCE("backends come and go while signals arrive, and no stranger's descriptor gets a byte") {
  const DefaultAction urgent(SIGURG);
  process_signals::Ear stays(SIGURG);
  std::atomic<bool> stop = false;
  std::jthread raiser(process_signals::raise_until, &stop);
  int strange = 0;
  for (int i = 0; i < 100; ++i) {
    { process_signals::Ear goes(SIGURG); }
    const Ends reused;  // of the numbers that were closed
    std::this_thread::yield();
    if (!read_some(reused.first()).empty()) ++strange;
    stays.desk.take(0ms);
  }
  CHECK(stays.desk.wait(stays.id) == 0);  // on a busy machine the other thread may not have begun
  stop = true;
  raiser.join();
  CHECK(strange == 0);
}

CONFORMANCE("a signal that a forked child gets is not heard by its parent") {
  const DefaultAction urgent(SIGURG);
  process_signals::Ear ear(SIGURG);
  CHECK(in_a_child([] { return std::raise(SIGURG); }) == "exit 0");
  CHECK(ear.heard(0));
  std::raise(SIGURG);
  CHECK(ear.heard(1));
}
