// SPDX-License-Identifier: BSL-1.0
// run_test.cpp - Runner and run(): several runs on one loop, and what happens to what is left over.
#include <csignal>

#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

/// Notes in `story` how its sleep ended.
Coro<> left_over(std::string* story, std::string name) {
  const auto outcome = co_await as_outcome(sleep(1h));
  *story += name + " " + ending_of(outcome) + ", ";
  outcome.raise();
}

}  // namespace

TEST_CASE("run gives the value or throws the error of its coroutine") {
  const auto fails = []() -> Coro<int> {
    co_await sleep(1s);
    throw std::runtime_error("no");
  };
  const auto cancelled = []() -> Coro<> {
    current_task().cancel("why");
    co_await sleep(1s);
  };
  CHECK(sim::run(turns(3, 7)) == 7);
  CHECK_THROWS_WITH(sim::run(fails()), "no");
  CHECK_THROWS_AS(sim::run(cancelled()), CancelledError);
}

TEST_CASE("a runner runs several coroutines on one loop, and its tasks live on between the runs") {
  sim::Backend backend;
  Runner runner(backend);
  std::string story;
  const auto first = [](std::string* s) -> Coro<> {
    const auto background = [](std::string* text) -> Coro<> {
      co_await sleep(2s);
      *text += "background ";
    };
    static_cast<void>(create_task(background(s)));
    co_await sleep(1s);
    *s += "first ";
  };
  const auto second = [](std::string* s) -> Coro<> {
    co_await sleep(2s);
    *s += "second";
  };
  runner.run(first(&story));
  Loop* const loop = &runner.loop();
  runner.run(second(&story));
  CHECK(&runner.loop() == loop);
  CHECK(story == "first background second");
}

TEST_CASE("what is left over is cancelled oldest first and waited for") {
  std::string story;
  const auto body = [](std::string* s) -> Coro<> {
    for (const char* name : {"a", "b", "c"}) static_cast<void>(create_task(left_over(s, name)));
    co_await sleep(0s);
  };
  sim::run(body(&story));
  CHECK(story == "a cancelled, b cancelled, c cancelled, ");
}

TEST_CASE("a left-over task that swallows its cancellation keeps run waiting until it ends") {
  Instant end{};
  const auto body = [](Instant* at) -> Coro<> {
    const auto stubborn = [](Instant* when) -> Coro<> {
      static_cast<void>(co_await as_outcome(sleep(1h)));
      co_await sleep(5s);
      *when = this_loop().time();
    };
    static_cast<void>(create_task(stubborn(at)));
    co_await sleep(0s);
  };
  sim::run(body(&end));
  CHECK(end == Instant(5s));
}

TEST_CASE("an error of what was left over goes to the exception handler") {
  sim::Backend backend;
  Runner runner(backend);
  std::vector<ErrorContext> reports;
  runner.loop().set_exception_handler([&reports](const ErrorContext& context) { reports.push_back(context); });
  const auto body = []() -> Coro<> {
    const auto bad = []() -> Coro<> {
      static_cast<void>(co_await as_outcome(sleep(1h)));
      throw std::runtime_error("clean-up");
    };
    static_cast<void>(create_task(bad(), {.name = "bad"}));
    co_await sleep(0s);
  };
  runner.run(body());
  CHECK(reports.empty());
  runner.close();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].message == "a task that was left over failed while run() ended");
  CHECK(ending_of(reports[0].exception) == "clean-up");
  CHECK_THAT(reports[0].subject, Contains("Task 'bad' (made at run_test.cpp:"));
}

TEST_CASE("generators that are left over are closed after the tasks, and their errors are reported") {
  sim::Backend backend;
  Runner runner(backend);
  std::string story;
  std::vector<std::string> reports;
  runner.loop().set_exception_handler(
      [&reports](const ErrorContext& context) { reports.push_back(describe(context.exception)); });
  const auto generates = [](std::string* s) -> AsyncGenerator<int> {
    bool closed = false;
    try {
      co_yield 1;
    } catch (const GeneratorExit&) {
      closed = true;
    }
    if (closed) co_await sleep(1s);
    *s += "generator closed";
    throw std::runtime_error("in the clean-up");
  };
  auto generator = generates(&story);
  const auto body = [](AsyncGenerator<int>* gen, std::string* s) -> Coro<> {
    co_await gen->next();
    static_cast<void>(create_task(left_over(s, "task")));
    co_await sleep(0s);
  };
  runner.run(body(&generator, &story));
  runner.close();
  CHECK(story == "task cancelled, generator closed");
  CHECK(reports == std::vector<std::string>{"in the clean-up"});
}

TEST_CASE("a task made by the clean-up of a left-over task is dropped in the end") {
  bool ended = false;
  const auto body = [](bool* flag) -> Coro<> {
    const auto spawns = [](bool* late) -> Coro<> {
      static_cast<void>(co_await as_outcome(sleep(1h)));
      const auto never_ends = [](bool* f) -> Coro<> {
        co_await sleep(1h);
        *f = true;
      };
      static_cast<void>(create_task(never_ends(late)));
    };
    static_cast<void>(create_task(spawns(flag)));
    co_await sleep(0s);
  };
  sim::run(body(&ended));
  CHECK_FALSE(ended);
}

TEST_CASE("a closed runner refuses to run, and closing again does nothing") {
  sim::Backend backend;
  Runner runner(backend);
  CHECK(runner.run(turns(0, 1)) == 1);
  runner.close();
  runner.close();
  CHECK_THROWS_WITH(runner.run(turns(0, 1)), "the Runner is closed");
  CHECK_THROWS_WITH(runner.loop(), "the Runner is closed");
}

TEST_CASE("a deadlock is an error that lists every task, where it was made, where it waits, and for what") {
  const auto waits = [](Future<int> future) -> Coro<> { co_await future; };
  const auto body = [waits]() -> Coro<> {
    const Future<int> lost = this_loop().create_future<int>();
    const Task<> task = create_task(waits(lost), {.name = "forgotten"});
    co_await task;
  };
  std::string text;
  try {
    sim::run(body());
  } catch (const DeadlockError& error) {
    text = error.what();
  }
  CHECK_THAT(text, Contains("deadlock: nothing can happen any more\n2 tasks:"));
  CHECK_THAT(text, Contains("Task 'forgotten' (made at run_test.cpp:"));
  CHECK_THAT(text, Contains("awaits Future "));
  CHECK_THAT(text, Contains("awaits Task 'forgotten'"));
  CHECK_THAT(text, Contains(" at run_test.cpp:"));
}

TEST_CASE("the first interrupt cancels the main task, and run throws KeyboardInterrupt if that ended it") {
  sim::Backend backend;
  const auto interrupted = [](sim::Backend* world) -> Coro<> {
    this_loop().call_later(1s, [world] { world->raise_signal(SIGINT); });
    this_loop().call_later(2s, [] {});
    co_await sleep(1h);
  };
  const auto swallows = [](sim::Backend* world) -> Coro<int> {
    this_loop().call_soon([world] { world->raise_signal(SIGINT); });
    static_cast<void>(co_await as_outcome(sleep(1h)));
    co_return 7;
  };
  Runner runner(backend);
  CHECK_THROWS_AS(runner.run(interrupted(&backend)), KeyboardInterrupt);
  CHECK(runner.run(swallows(&backend)) == 7);
}

TEST_CASE("an interrupt is reported by KeyboardInterrupt alone: nobody hears of the task that it cancelled") {
  sim::Backend backend;
  Runner runner(backend);
  const auto main = [](sim::Backend* world) -> Coro<> {
    this_loop().call_soon([world] { world->raise_signal(SIGINT); });
    co_await sleep(1h);
  };
  CHECK_THROWS_AS(runner.run(main(&backend)), KeyboardInterrupt);
  CHECK(runner.loop().take_reports().empty());
}

TEST_CASE("an interrupted main task that others cancelled, too, ends as cancelled; its own error is thrown as it is") {
  sim::Backend backend;
  Runner runner(backend);
  const auto main = [](sim::Backend* world, bool fails) -> Coro<> {
    this_loop().call_soon([world] { world->raise_signal(SIGINT); });
    const auto outcome = co_await as_outcome(sleep(1h));
    if (fails) throw std::runtime_error("while cleaning up");
    current_task().cancel();
    outcome.raise();
  };
  CHECK_THROWS_AS(runner.run(main(&backend, false)), CancelledError);
  CHECK_THROWS_WITH(runner.run(main(&backend, true)), "while cleaning up");
}

TEST_CASE("a run that ended with a deadlock leaves nothing behind that would stop the next") {
  sim::Backend backend;
  Runner runner(backend);
  Future<> late;
  const auto waits = [](Future<>* future) -> Coro<> {
    *future = this_loop().create_future();
    co_await *future;
  };
  const auto naps = []() -> Coro<int> {
    for (int i = 0; i < 3; ++i) co_await sleep(1s);
    co_return 7;
  };
  CHECK_THROWS_AS(runner.run(waits(&late)), DeadlockError);
  late.set_result();  // the first main task ends during the second run
  CHECK(runner.run(naps()) == 7);
  CHECK(runner.loop().time() == Instant(3s));
}

TEST_CASE("a main task whose loop was stopped is still there in the next run, and can be cancelled and waited for") {
  sim::Backend backend;
  Runner runner(backend);
  const auto stopped = []() -> Coro<> {
    this_loop().call_later(1s, [] { this_loop().stop(); });
    co_await sleep(1h);
  };
  const auto cancels = []() -> Coro<std::string> {
    const std::vector<AnyTask> left{all_tasks().front()};
    CHECK_FALSE(left[0].done());
    left[0].cancel();
    co_await wait(left);
    co_return left[0].cancelled() ? "cancelled" : "not cancelled";
  };
  CHECK_THROWS_WITH(runner.run(stopped()), "the loop was stopped before its main task was done");
  CHECK(runner.run(cancels()) == "cancelled");
  CHECK(runner.loop().time() == Instant(1s));
}

TEST_CASE("equal runs have equal hashes, and another order has another hash") {
  const auto hash_of = [](int first, int second) {
    Hops h;
    const auto one = h.start(turns(first, 1));
    const auto two = h.start(turns(second, 1));
    h.run();
    return h.loop.kernel().hash();
  };
  CHECK(hash_of(1, 2) == hash_of(1, 2));
  CHECK(hash_of(1, 2) != hash_of(2, 1));
}
