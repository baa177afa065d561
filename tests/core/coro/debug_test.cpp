// SPDX-License-Identifier: BSL-1.0
// debug_test.cpp - debug mode: who held the loop for too long, told by a clock that the test winds.
#include "hops.hpp"

#include <csignal>

#include "catch.hpp"
#include "clockwork.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

/// Runs `main` on `clock`, in debug mode or not, and gives what the exception handler heard.
std::vector<ErrorContext> reports_of(Clockwork& clock, Coro<> main, bool debug = true) {
  std::vector<ErrorContext> reports;
  Runner runner(clock, {.debug = debug});
  runner.loop().set_exception_handler([&reports](const ErrorContext& context) { reports.push_back(context); });
  runner.run(std::move(main));
  runner.close();
  return reports;
}

std::string at(int line) { return "debug_test.cpp:" + std::to_string(line); }

constexpr int awaits_line = __LINE__ + 3;
/// Spends time behind its await.
Coro<> works(Clockwork* clock, Duration time) {
  co_await sleep(1s);
  clock->spend(time);
}

}  // namespace

TEST_CASE("in debug mode a callback that holds the loop for 100 ms is reported, with the place where it was made") {
  Clockwork clock;
  int line = 0;
  const auto main = [](Clockwork* c, int* made) -> Coro<> {
    *made = __LINE__ + 1;
    this_loop().call_soon([c] { c->spend(250ms); });
    co_await sleep(1s);
  };
  const auto reports = reports_of(clock, main(&clock, &line));
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].message == "held the loop for 250 ms (slow is 100 ms and more)");
  CHECK(reports[0].subject == "callback (made at " + at(line) + ")");
  CHECK(reports[0].exception == nullptr);
}

TEST_CASE("in debug mode a step of a task that holds the loop is reported: where it was made, and where it went on") {
  Clockwork clock;
  int line = 0;
  const auto main = [](Clockwork* c, int* made) -> Coro<> {
    *made = __LINE__ + 1;
    const Task<> task = create_task(works(c, 100ms), {.name = "worker"});
    co_await task;
  };
  const auto reports = reports_of(clock, main(&clock, &line));
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].message == "held the loop for 100 ms (slow is 100 ms and more)");
  CHECK(reports[0].subject == "Task 'worker' (made at " + at(line) + ") from " + at(awaits_line));
}

TEST_CASE("in debug mode a first step that holds the loop is reported with the place where the task was made") {
  Clockwork clock;
  const auto main = [](Clockwork* c) -> Coro<> {
    const auto at_once = [](Clockwork* inner) -> Coro<> {
      inner->spend(1s);
      co_return;
    };
    co_await create_task(at_once(c), {.name = "hasty"});
  };
  const auto reports = reports_of(clock, main(&clock));
  REQUIRE(reports.size() == 1);
  CHECK_THAT(reports[0].subject, StartsWith("Task 'hasty' (made at debug_test.cpp:") && !Contains(" from "));
}

TEST_CASE("in debug mode a signal handler that holds the loop is reported as that, and not as who ran before it") {
  Clockwork clock;
  const auto main = [](Clockwork* c) -> Coro<> {
    this_loop().add_signal_handler(SIGUSR1, [c] { c->spend(200ms); });
    co_await sleep(1s);
    c->raise_signal(SIGUSR1);
    co_await sleep(1s);
    this_loop().remove_signal_handler(SIGUSR1);
  };
  const auto reports = reports_of(clock, main(&clock));
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].subject == "handler of signal " + std::to_string(SIGUSR1));
}

TEST_CASE("many quick callbacks are not slow together, and waiting is not holding") {
  Clockwork clock;
  const auto main = [](Clockwork* c) -> Coro<> {
    for (int i = 0; i < 50; ++i) this_loop().call_soon([c] { c->spend(99ms); });
    co_await create_task(works(c, 99ms));
    co_await sleep(1h);
  };
  CHECK(reports_of(clock, main(&clock)).empty());
}

TEST_CASE("outside debug mode nobody looks at how long a callback takes") {
  Clockwork clock;
  const auto main = [](Clockwork* c) -> Coro<> {
    this_loop().call_soon([c] { c->spend(10s); });
    co_await sleep(0s);
  };
  CHECK(reports_of(clock, main(&clock), false).empty());
}

TEST_CASE("debug mode changes nothing of what a program does: traces and times are the same") {
  const auto story_of = [](bool debug) {
    std::string story;
    const auto main = [](std::string* text) -> Coro<> {
      const auto says = [](std::string* s, char name, int count) -> Coro<> {
        for (int i = 0; i < count; ++i) {
          *s += name;
          co_await sleep(i * 1s);
        }
      };
      co_await gather(says(text, 'a', 3), says(text, 'b', 2), says(text, 'c', 4));
      *text += " " + std::to_string(this_loop().time().time_since_epoch() / 1s);
    };
    sim::run(main(&story), {.debug = debug});
    return story;
  };
  CHECK(story_of(false) == "abcabcacc 6");
  CHECK(story_of(true) == story_of(false));
}

TEST_CASE("an error that was never retrieved is reported with the place of its future, task, gather or shield") {
  Hops h;
  h.loop.set_debug(true);
  const int line = __LINE__ + 13;
  {
    const Loop::Scope scope(h.loop);
    const auto fails = []() -> Coro<> {
      co_await sleep(0s);
      throw std::runtime_error("unseen");
    };
    const Future<> future = this_loop().create_future<>();
    future.set_exception(std::runtime_error("unseen"));
    static_cast<void>(create_task(fails(), {.name = "task"}));
    std::vector<Coro<>> children;
    children.push_back(fails());
    const auto gathered = gather(std::move(children));
    const auto shielded = shield(fails());
    h.settle();
    CHECK(h.loop.take_reports().size() == 1);  // the task, whose last handle was the loop's
  }
  std::vector<std::string> subjects;
  for (const ErrorContext& report : h.loop.take_reports()) {
    CHECK(report.message == "the exception was never retrieved");
    CHECK(ending_of(report.exception) == "unseen");
    subjects.push_back(report.subject);
  }
  REQUIRE(subjects.size() == 3);  // the last handle goes first
  CHECK_THAT(subjects[0], StartsWith("Future ") && Contains("(made at " + at(line) + ")"));
  CHECK_THAT(subjects[1], StartsWith("gather ") && Contains("(made at " + at(line - 1) + ")"));
  CHECK_THAT(subjects[2], StartsWith("Future ") && Contains("(made at " + at(line - 6) + ")"));
}
