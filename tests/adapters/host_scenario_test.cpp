// SPDX-License-Identifier: BSL-1.0
// host_scenario_test.cpp - what every host must do for the programs inside it.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <memory>
#include <thread>

#include "catch.hpp"
#include "ending.hpp"
#include "hosted_program.hpp"

using rondo::Coro;
using Clock = HostedProgram::Clock;

namespace {

struct Pipe {
  std::array<int, 2> ends{};
  Pipe() { REQUIRE(pipe(ends.data()) == 0); }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
};

struct Counts {
  int ticks = 0;
  int callbacks = 0;
  int bytes = 0;
  int wakes = 0;
  int host_ticks = 0;
};

Coro<void> tick(int to, Counts& counts) {
  for (int i = 0; i < 20; ++i) {
    co_await rondo::sleep(10ms);
    ++counts.ticks;
    REQUIRE(write(to, "x", 1) == 1);
    for (int k = 0; k < 5; ++k) rondo::this_loop().call_soon([&counts] { ++counts.callbacks; });
  }
}

Coro<void> count_bytes(int from, Counts& counts) {
  std::array<char, 64> buffer{};
  while (counts.bytes < 20) {
    co_await rondo::readable(from);
    counts.bytes += static_cast<int>(read(from, buffer.data(), buffer.size()));
  }
}

Coro<int> busy_program(Counts& counts) {
  Pipe pipe;
  rondo::Event woken;
  rondo::Loop& loop = rondo::this_loop();
  const auto source = loop.open_source();
  std::thread other([&] {
    std::this_thread::sleep_for(100ms);
    loop.call_soon_threadsafe([&] {
      ++counts.wakes;
      woken.set();
    });
  });
  co_await rondo::gather(tick(pipe.ends[1], counts), count_bytes(pipe.ends[0], counts));
  co_await woken.wait();
  other.join();
  co_return counts.ticks;
}

/// Again and again, until `counts` has seen the end of the program.
void host_ticks(TestHost& host, const rondo::adapters::Hosted<int>& hosted, Counts& counts) {
  host.once(15ms, [&host, &hosted, &counts] {
    if (hosted.done()) return;
    ++counts.host_ticks;
    host_ticks(host, hosted, counts);
  });
}

Coro<int> wait_for_ever() {
  co_await rondo::sleep(std::chrono::hours(1));
  co_return 0;
}

Coro<int> wait_for(rondo::Event& event) {
  co_await event.wait();
  co_return 5;
}

}  // namespace

TEST_CASE("a program with timers, a pipe, callbacks and a thread runs exactly, and without busy turns") {
  HostedProgram program;
  Counts counts;
  auto& hosted = program.start(busy_program(counts));
  host_ticks(program.host(), hosted, counts);
  const auto began = Clock::now();
  program.run();
  const auto took = Clock::now() - began;
  REQUIRE(hosted.done());
  CHECK(ending_of(hosted.outcome()) == "20");
  CHECK(counts.ticks == 20);
  CHECK(counts.bytes == 20);
  CHECK(counts.callbacks == 100);
  CHECK(counts.wakes == 1);
  CHECK(counts.host_ticks >= 5);
  CHECK(took >= 200ms);
  CHECK(hosted.turns() < 400);
  CHECK(program.reports().empty());
}

TEST_CASE("main begins with a turn of the host, not inside run()") {
  HostedProgram program;
  bool began = false;
  auto& hosted = program.start([](bool& flag) -> Coro<int> {
    flag = true;
    co_return 1;
  }(began));
  CHECK_FALSE(began);
  CHECK_FALSE(hosted.done());
  program.run();
  CHECK(began);
  CHECK(hosted.done());
}

TEST_CASE("what the host's code schedules runs before the host sleeps, not at the next timer") {
  HostedProgram program;
  rondo::Event event;
  auto& hosted = program.start(wait_for(event));
  std::array<Clock::duration, 3> shortest{1h, 1h, 1h};  // of each way: now and then a busy machine takes its time
  int rounds = 0;
  std::function<void()> round = [&] {
    const auto asked = Clock::now();
    const auto note = [&, asked] {
      auto& least = shortest.at(static_cast<std::size_t>(rounds) % 3);
      least = std::min(least, Clock::duration(Clock::now() - asked));
      if (++rounds < 12) program.host().once(3ms, round);
      if (rounds == 12) event.set();
    };
    switch (rounds % 3) {
      case 0:
        hosted.loop().call_soon(note);
        break;
      case 1:
        static_cast<void>(hosted.loop().create_task([](auto f) -> Coro<void> {
          f();
          co_return;
        }(note)));
        break;
      default:
        hosted.loop().call_later(100us, note);
    }
  };
  program.host().once(5ms, round);
  program.run();
  REQUIRE(hosted.done());
  CHECK(rounds == 12);
  for (const Clock::duration least : shortest) CHECK(least < 2ms);
}

TEST_CASE("set_result and an Event from the host's code wake what waits") {
  HostedProgram program;
  rondo::Event event;
  rondo::Future<int> answer;
  auto& hosted = program.start([](rondo::Event& e, rondo::Future<int>& future) -> Coro<int> {
    future = rondo::this_loop().create_future<int>();
    co_await e.wait();
    const int value = co_await future;
    co_return value;
  }(event, answer));
  program.host().once(5ms, [&] { event.set(); });
  program.host().once(10ms, [&] { answer.set_result(5); });
  program.run();
  CHECK(ending_of(hosted.outcome()) == "5");
}

TEST_CASE("cancel() from the host ends main, and what it left behind, in good order") {
  HostedProgram program;
  std::vector<std::string> order;
  const auto left = [](std::vector<std::string>& seen) -> Coro<void> {
    try {
      co_await rondo::sleep(std::chrono::hours(1));
    } catch (const rondo::CancelledError&) {
      seen.emplace_back("left behind");
      throw;
    }
  };
  auto& hosted = program.start([](auto& seen, auto behind) -> Coro<int> {
    const auto task = rondo::create_task(behind(seen));
    try {
      co_await rondo::sleep(std::chrono::hours(1));
    } catch (const rondo::CancelledError&) {
      seen.emplace_back("main");
      throw;
    }
    co_return 1;
  }(order, left));
  hosted.on_done([&](const rondo::Outcome<int>&) { order.emplace_back("done"); });
  program.host().once(5ms, [&] { CHECK(hosted.cancel("enough")); });
  program.run();
  CHECK(ending_of(hosted.outcome()) == "cancelled (enough)");
  CHECK(order == std::vector<std::string>{"main", "left behind", "done"});
  CHECK_FALSE(hosted.cancel());
}

TEST_CASE("an error of main is its outcome") {
  HostedProgram program;
  auto& hosted = program.start([]() -> Coro<int> {
    co_await rondo::sleep(1ms);
    throw std::runtime_error("boiled over");
  }());
  program.run();
  CHECK(ending_of(hosted.outcome()).find("boiled over") != std::string::npos);
  CHECK(program.reports().empty());
}

TEST_CASE("the end waits for jobs and closes async generators, without blocking the host") {
  HostedProgram program;
  bool closed = false;
  int host_ticks_before_end = 0;
  auto& hosted = program.start([](bool& flag) -> Coro<int> {
    auto generator = [](bool& f) -> rondo::AsyncGenerator<int> {
      struct OnExit {
        bool& flag;
        ~OnExit() { flag = true; }
      } const on_exit{f};
      co_yield 1;
      co_yield 2;
    };
    static rondo::AsyncGenerator<int> kept;  // outlives main
    kept = generator(flag);
    co_await kept.next();
    static_cast<void>(rondo::run_in_executor(nullptr, [] { std::this_thread::sleep_for(60ms); }));
    co_await rondo::sleep(10ms);  // it runs
    co_return 3;
  }(closed));
  std::function<void()> tick_of_host = [&] {
    if (hosted.done()) return;
    ++host_ticks_before_end;
    program.host().once(5ms, tick_of_host);
  };
  program.host().once(5ms, tick_of_host);
  program.run();
  CHECK(ending_of(hosted.outcome()) == "3");
  CHECK(closed);
  CHECK(host_ticks_before_end >= 3);
}

TEST_CASE("a nested loop of the host runs nothing of rondo, and the outer turn goes on") {
  HostedProgram program({.debug = true});
  TestHost& host = program.host();
  int others = 0;
  int others_before = -1;
  int others_after = -1;
  bool nests = true;
  const auto ticker = [](int& count) -> Coro<void> {
    for (;;) {
      co_await rondo::sleep(1ms);
      ++count;
    }
  };
  auto& hosted = program.start([](TestHost& h, int& count, int& before, int& after, bool& nested, auto tick_task) -> Coro<int> {
    const auto task = rondo::create_task(tick_task(count));
    co_await rondo::sleep(10ms);
    before = count;
    nested = h.nest(100ms);
    after = count;
    co_await rondo::sleep(10ms);
    co_return count;
  }(host, others, others_before, others_after, nests, ticker));
  const auto began = std::clock();
  program.run();
  REQUIRE(hosted.done());
  if (!nests) return;
  CHECK(others_after == others_before);
  CHECK(hosted.outcome().value() > others_after);
  const double cpu_ms = 1000.0 * static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
  CHECK(cpu_ms < 80);  // a nested loop that spins takes all of its 100 ms
  if (host.notices_nesting()) {
    CHECK(program.has_report("nested loop"));
    CHECK(program.has_report("host_scenario_test.cpp"));  // where the task waits
  }
}

TEST_CASE("a hosted loop leaves Ctrl-C to the host") {
  struct sigaction before {};
  struct sigaction during {};
  sigaction(SIGINT, nullptr, &before);
  HostedProgram program;
  auto& hosted = program.start([](struct sigaction& action) -> Coro<int> {
    co_await rondo::sleep(1ms);
    sigaction(SIGINT, nullptr, &action);
    co_return 1;
  }(during));
  program.run();
  CHECK(hosted.done());
  CHECK(before.sa_handler == during.sa_handler);
}

TEST_CASE("an idle hosted loop takes no turns, also in debug mode") {
  HostedProgram program({.debug = GENERATE(false, true)});
  auto& hosted = program.start(wait_for_ever());
  std::uint64_t turns_before = 0;
  program.host().once(50ms, [&] { turns_before = hosted.turns(); });
  program.host().once(600ms, [&] {
    CHECK(hosted.turns() == turns_before);
    hosted.cancel();
  });
  program.run();
  CHECK(hosted.done());
}

TEST_CASE("work without end leaves room for the host") {
  HostedProgram program;
  bool stop = false;
  auto& hosted = program.start([](bool& flag) -> Coro<int> {
    while (!flag) co_await rondo::sleep(0s);
    co_return 9;
  }(stop));
  program.host().once(20ms, [&] { stop = true; });
  program.run();
  CHECK(ending_of(hosted.outcome()) == "9");
}

TEST_CASE("a turn ends at the limit of its entries") {
  HostedProgram program({.limits = {.entries = 100}});
  int called = 0;
  auto& hosted = program.start([](int& count) -> Coro<int> {
    for (int i = 0; i < 5000; ++i) rondo::this_loop().call_soon([&count] { ++count; });
    co_return 9;
  }(called));
  program.run();
  CHECK(called == 5000);
  CHECK(hosted.turns() >= 50);
}

TEST_CASE("a turn ends at the limit of its time") {
  HostedProgram program({.limits = {.entries = UINT32_MAX, .time = 1ms}});
  int called = 0;
  auto& hosted = program.start([](int& count) -> Coro<int> {
    for (int i = 0; i < 64; ++i) {
      rondo::this_loop().call_soon([&count] {
        const auto end = Clock::now() + 500us;
        while (Clock::now() < end) continue;
        ++count;
      });
    }
    co_return 9;
  }(called));
  program.run();
  CHECK(called == 64);
  CHECK(hosted.turns() >= 8);
}

TEST_CASE("a host that goes first gets a report of what was left, and nothing leaks") {
  HostedProgram program;
  bool destroyed = false;
  auto& hosted = program.start([](bool& flag) -> Coro<int> {
    struct OnExit {
      bool& flag;
      ~OnExit() { flag = true; }
    } const on_exit{flag};
    const auto helper = rondo::create_task(
        []() -> Coro<void> { co_await rondo::sleep(std::chrono::hours(1)); }(), {.name = "helper"});
    co_await rondo::sleep(std::chrono::hours(1));
    co_return 1;
  }(destroyed));
  program.host().once(10ms, [&] { program.host().quit(); });
  program.run();
  CHECK_FALSE(hosted.done());
  program.destroy_host();
  CHECK(hosted.done());
  CHECK(destroyed);
  CHECK(program.has_report("the host goes before its rondo loop"));
  CHECK(program.has_report("helper"));
  CHECK(ending_of(hosted.outcome()).find("the host goes before") != std::string::npos);
}

TEST_CASE("a job that runs is waited for when the host goes first") {
  HostedProgram program;
  std::atomic<bool> began = false;
  std::atomic<bool> ended = false;
  auto& hosted = program.start([](std::atomic<bool>& runs, std::atomic<bool>& flag) -> Coro<int> {
    co_await rondo::run_in_executor(nullptr, [&runs, &flag] {
      runs = true;
      std::this_thread::sleep_for(50ms);
      flag = true;
    });
    co_return 1;
  }(began, ended));
  std::function<void()> quit_once_it_runs = [&] {
    if (began) return program.host().quit();
    program.host().once(1ms, quit_once_it_runs);
  };
  program.host().once(1ms, quit_once_it_runs);
  program.run();
  program.destroy_host();
  CHECK(hosted.done());
  CHECK(ended);
}

namespace {

struct Looks {
  TestHost& host;
  rondo::adapters::Hosted<int>*& hosted;
  ~Looks() {
    hosted->abandon();
    host.nest(std::chrono::milliseconds(2));
  }
};

}  // namespace

TEST_CASE("a destructor that abandons the loop again, or runs the host, while the loop is abandoned, does no harm") {
  HostedProgram program;
  rondo::adapters::Hosted<int>* handle = nullptr;
  auto& hosted = program.start([](TestHost& host, rondo::adapters::Hosted<int>*& self) -> Coro<int> {
    const Looks looks{host, self};
    co_await rondo::sleep(std::chrono::hours(1));
    co_return 1;
  }(program.host(), handle));
  handle = &hosted;
  program.host().once(5ms, [&] {
    hosted.abandon();
    program.host().quit();
  });
  program.run();
  CHECK(hosted.done());
}

TEST_CASE("a loop whose main is done is reported, too, when the host goes before the rest has ended") {
  HostedProgram program;
  auto& hosted = program.start([]() -> Coro<int> {
    static_cast<void>(rondo::create_task(
        []() -> Coro<void> {
          try {
            co_await rondo::sleep(std::chrono::hours(1));
          } catch (const rondo::CancelledError&) {
          }
          co_await rondo::sleep(std::chrono::hours(1));
        }(),
        {.name = "dawdler"}));
    co_await rondo::sleep(1ms);
    co_return 8;
  }());
  program.host().once(20ms, [&] { program.host().quit(); });
  program.run();
  CHECK_FALSE(hosted.done());
  program.destroy_host();
  CHECK(program.has_report("dawdler"));
  CHECK(ending_of(hosted.outcome()) == "8");
}
