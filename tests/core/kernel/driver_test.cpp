// SPDX-License-Identifier: BSL-1.0
// driver_test.cpp - turns: when they end, until when a host may sleep, and what wakes it.
#include <rondo/driver.hpp>

#include <rondo/rondo.hpp>

#include <string>

#include "catch.hpp"
#include "clockwork.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

/// A host that sleeps between turns, and counts how often it is woken.
struct Host {
  Host() {
    loop.attach(backend);
    driver.on_wakeup_needed([](void* count) noexcept { ++*static_cast<int*>(count); }, &woken);
  }
  ~Host() { loop.drop_tasks_silently(); }
  Turn turn(TurnLimits limits = {}) { return driver.turn(backend.reap(Instant::min()), limits); }
  /// Sleeps as long as it may.
  Turn sleep_and_turn() { return driver.turn(backend.reap(driver.deadline())); }
  /// True if `action`, of a host that sleeps, wakes it.
  template <class F>
  bool wakes(F action) {
    while (turn() == Turn::ready) {
    }
    const int before = woken;
    action();
    CHECK(woken - before <= 1);
    return woken > before;
  }

  Clockwork backend;
  Loop loop;
  Driver driver{loop.kernel(), backend};
  int woken = 0;
};

Coro<> waits_for(Future<> future) { co_await future; }

}  // namespace

TEST_CASE("a driver does not let its host sleep before the first turn, nor while something is ready") {
  Host host;
  CHECK(host.driver.deadline() == Instant::min());
  CHECK(host.turn() == Turn::stuck);  // nothing can happen
  CHECK(host.driver.deadline() == no_deadline);
  static_cast<void>(host.loop.call_soon([] {}));
  CHECK(host.driver.deadline() == Instant::min());
}

TEST_CASE("a host may sleep until the earliest timer, also of one that was asked for between turns") {
  Host host;
  static_cast<void>(host.loop.call_later(5s, [] {}));
  CHECK(host.turn() == Turn::waiting);
  CHECK(host.driver.deadline() == Instant(5s));
  host.backend.spend(1s);
  static_cast<void>(host.loop.call_later(2s, [] {}));
  CHECK(host.driver.deadline() == Instant(3s));  // it counts from the call
}

TEST_CASE("a turn runs so many entries at most, and says that more is ready") {
  Host host;
  int ran = 0;
  for (int i = 0; i < 25; ++i) static_cast<void>(host.loop.call_soon([&] { ++ran; }));
  const OutsideSource open = host.loop.open_source();
  CHECK(host.turn({.entries = 10}) == Turn::ready);
  CHECK(ran == 10);
  CHECK(host.driver.deadline() == Instant::min());
  CHECK(host.turn({.entries = 10}) == Turn::ready);
  CHECK(host.turn({.entries = 10}) == Turn::waiting);
  CHECK(ran == 25);
}

TEST_CASE("a turn ends after the step in which its time has run out") {
  Host host;
  int ran = 0;
  const auto body = [](Host* at, int* count) -> Coro<> {
    for (;;) {
      at->backend.spend(1ms);
      ++*count;
      co_await sleep(0s);
    }
  };
  static_cast<void>(host.loop.create_task(body(&host, &ran)));
  CHECK(host.turn({.entries = 100'000, .time = 1ms}) == Turn::ready);
  CHECK(ran == 8);  // the entries of one step
}

TEST_CASE("a turn ends with the batch in which the loop was stopped, and the next one goes on") {
  Host host;
  static_cast<void>(host.loop.call_soon([&] { host.loop.stop(); }));
  CHECK(host.turn() == Turn::done);
  bool ran = false;
  static_cast<void>(host.loop.call_soon([&] {
    ran = true;
    host.loop.stop();
  }));
  CHECK(host.turn() == Turn::done);
  CHECK(ran);
}

TEST_CASE("a host may help a loop that is stuck") {
  Host host;
  const Future<> future = host.loop.create_future();
  const Task<> task = host.loop.create_task(waits_for(future));
  CHECK(host.turn() == Turn::stuck);
  CHECK(host.wakes([&] { future.set_result(); }));
  host.turn();
  CHECK(task.done());
}

TEST_CASE("a turn inside a turn of the same driver is refused, and the first goes on") {
  Host host;
  std::string error;
  static_cast<void>(host.loop.call_soon([&] {
    try {
      host.driver.turn({});
    } catch (const RuntimeError& refused) {
      error = refused.what();
    }
  }));
  host.turn();
  CHECK(error == "turn: called inside a turn of the same loop");
  CHECK(host.turn() == Turn::stuck);
}

TEST_CASE("what a backend throws comes out of the turn, and the next turn goes on") {
  class Refusing final : public Backend {
   public:
    std::string_view name() const override { return "refusing"; }
    Instant now() noexcept override { return world.now(); }
    std::span<const Input> reap(Instant deadline) override { return world.reap(deadline); }
    void submit(std::span<const Output> outputs) override {
      world.submit(outputs);
      if (std::exchange(throws, false)) throw std::runtime_error("no");
    }
    Poster& poster() noexcept override { return world.poster(); }
    Features features() const noexcept override { return world.features(); }
    sim::SimBackend world;
    bool throws = true;
  };
  Refusing backend;
  Loop loop;
  loop.attach(backend);
  Driver driver(loop.kernel(), backend);
  const auto work = [] { return 7; };
  const auto body = [](auto function) -> Coro<int> { co_return co_await to_thread(function); };
  const Task<int> task = loop.create_task(body(work));
  CHECK_THROWS_WITH(driver.turn({}), "no");
  CHECK(driver.deadline() == Instant::min());
  while (!task.done()) driver.turn(backend.reap(driver.deadline()));
  CHECK(task.result() == 7);
}

TEST_CASE("a sleeping host is woken once by the first thing that becomes ready") {
  Host host;
  const OutsideSource open = host.loop.open_source();
  const Future<> future = host.loop.create_future();
  CHECK(host.wakes([&] { static_cast<void>(host.loop.create_task(waits_for(future))); }));
  CHECK(host.wakes([&] {
    static_cast<void>(host.loop.call_soon([] {}));
    static_cast<void>(host.loop.call_soon([] {}));
  }));
  CHECK(host.wakes([&] { future.set_result(); }));
  const Task<> sleeper = host.loop.create_task([]() -> Coro<> { co_await sleep(1h); }());
  CHECK(host.wakes([&] { sleeper.cancel(); }));
  CHECK(host.wakes([&] { host.loop.stop(); }));
}

TEST_CASE("primitives and queues wake a sleeping host when a task waits at them") {
  Host host;
  const OutsideSource open = host.loop.open_source();
  Event event;
  const auto waits = [](Event* at) -> Coro<> { co_await at->wait(); };
  static_cast<void>(host.loop.create_task(waits(&event)));
  CHECK(host.wakes([&] { event.set(); }));
  Queue<int> queue;
  const auto gets = [](Queue<int>* from) -> Coro<> { static_cast<void>(co_await from->get()); };
  static_cast<void>(host.loop.create_task(gets(&queue)));
  CHECK(host.wakes([&] { queue.put_nowait(1); }));
  CHECK_FALSE(host.wakes([&] { queue.put_nowait(2); }));  // nobody waits
}

TEST_CASE("a sleeping host is woken by a deadline before the one that it was told, and by no later one") {
  Host host;
  static_cast<void>(host.loop.call_later(10s, [] {}));
  CHECK_FALSE(host.wakes([&] { static_cast<void>(host.loop.call_later(20s, [] {})); }));
  CHECK(host.wakes([&] { static_cast<void>(host.loop.call_later(5s, [] {})); }));
  CHECK_FALSE(host.wakes([&] { static_cast<void>(host.loop.call_at(Instant(6s), [] {})); }));
  CHECK(host.wakes([&] { static_cast<void>(host.loop.call_at(Instant(4s), [] {})); }));
}

TEST_CASE("a delay that a host asks for between turns counts from the call, however long ago the last turn was") {
  Host host;
  static_cast<void>(host.loop.call_later(10s, [] {}));
  CHECK(host.turn() == Turn::waiting);
  host.backend.spend(1s);
  const TimerHandle timer = host.loop.call_later(8s, [] {});
  CHECK(timer.when() == Instant(9s));
  host.backend.spend(3s);
  CHECK(host.driver.deadline() == Instant(9s));
}

TEST_CASE("a deadline that code of the host moves forward wakes it") {
  Host host;
  Timeout* inside = nullptr;
  const auto body = [&inside](Timeout& timeout) -> Coro<> {
    inside = &timeout;
    co_await sleep(1h);
  };
  const auto guarded = [&body]() -> Coro<> { co_await timeout(10s, body); };
  static_cast<void>(host.loop.create_task(guarded()));
  CHECK(host.wakes([&] { inside->reschedule(Instant(2s)); }));
  CHECK(host.driver.deadline() == Instant(2s));
  CHECK_FALSE(host.wakes([&] { inside->reschedule(Instant(5s)); }));
}

TEST_CASE("an operation that code of the host starts or gives up wakes it") {
  Host host;
  const OutsideSource open = host.loop.open_source();
  CHECK(host.wakes([&] { host.loop.add_signal_handler(10, [] {}); }));
  CHECK(host.wakes([&] { host.loop.remove_signal_handler(10); }));
}

TEST_CASE("nothing that happens inside a turn wakes the host") {
  Host host;
  const OutsideSource open = host.loop.open_source();
  static_cast<void>(host.loop.call_soon([&] {
    static_cast<void>(host.loop.call_soon([] {}));
    static_cast<void>(host.loop.call_later(1s, [] {}));
  }));
  host.woken = 0;
  while (host.turn() == Turn::ready) {
  }
  CHECK(host.woken == 0);
}

TEST_CASE("a driver that goes leaves its loop silent") {
  Host host;
  int woken = 0;
  {
    Driver second(host.loop.kernel(), host.backend);
    second.on_wakeup_needed([](void* count) noexcept { ++*static_cast<int*>(count); }, &woken);
    second.turn({});
  }
  static_cast<void>(host.loop.call_soon([] {}));
  CHECK(woken == 0);
}

TEST_CASE("a hosted program runs to its end by turns alone") {
  Host host;
  const auto body = []() -> Coro<int> {
    int sum = 0;
    for (int i = 0; i < 100; ++i) {
      co_await sleep(1ms);
      sum += i;
    }
    co_return sum;
  };
  const Task<int> task = host.loop.create_task(body());
  while (!task.done()) host.sleep_and_turn();
  CHECK(task.result() == 4950);
  CHECK(host.backend.now() == Instant(100ms));
}
