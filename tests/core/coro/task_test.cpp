// SPDX-License-Identifier: BSL-1.0
// task_test.cpp - tasks: how they start, what they are called, who is current, what is left of them.
#include "hops.hpp"

#include <memory>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

TEST_CASE("a task gives its value, its error, or its cancellation") {
  Hops h;
  const auto fails = []() -> Coro<int> {
    co_await sleep(0s);
    throw std::runtime_error("no");
  };
  const auto value = h.start(turns(2, 7));
  const auto error = h.start(fails());
  const auto cancelled = h.start(turns(2, 7));
  cancelled.cancel();
  CHECK_FALSE(value.done());
  h.settle();
  CHECK(value.result() == 7);
  CHECK_THROWS_WITH(error.result(), "no");
  CHECK_FALSE(error.cancelled());
  CHECK(cancelled.cancelled());
  CHECK_THROWS_AS(cancelled.result(), CancelledError);
}

TEST_CASE("tasks start in the order in which they were created") {
  Hops h;
  const auto says = [](Hops& hops, const char* name) -> Coro<> {
    hops.note(name);
    co_return;
  };
  std::vector<Task<>> tasks;
  for (const char* name : {"a", "b", "c"}) tasks.push_back(h.start(says(h, name)));
  h.settle();
  CHECK(h.story() == "a b c");
}

TEST_CASE("a task has the name it was given, or Task- and its number") {
  Hops h;
  const auto named = h.loop.create_task(turns(0, 1), {.name = "named"});
  const auto numbered = h.start(turns(0, 1));
  const auto next = h.start(turns(0, 1));
  CHECK(named.name() == "named");
  CHECK(numbered.name() == "Task-" + std::to_string(numbered.task().id()));
  CHECK(next.task().id() > numbered.task().id());
  numbered.set_name("renamed");
  CHECK(numbered.name() == "renamed");
  h.settle();
}

TEST_CASE("current_task is the task during its steps alone, and right on both sides of every switch") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    const std::string name = current_task().name();
    hops.note(name);
    for (int i = 0; i < 2; ++i) {
      co_await sleep(0s);
      CHECK(current_task().name() == name);
    }
  };
  const auto one = h.loop.create_task(body(h), {.name = "one"});
  const auto two = h.loop.create_task(body(h), {.name = "two"});
  h.loop.call_soon([&h] { h.note(current_task() ? "a task" : "none"); });
  h.settle();
  CHECK(h.story() == "one two none");
}

TEST_CASE("all_tasks lists the tasks that are not done, oldest first") {
  Hops h;
  const auto body = []() -> Coro<std::string> {
    static_cast<void>(create_task(turns(1, 0), {.name = "b"}));
    static_cast<void>(create_task(turns(2, 0), {.name = "c"}));
    std::string text;
    for (int i = 0; i < 4; ++i) {
      for (const AnyTask& task : all_tasks()) text += task.name();
      text += " ";
      co_await sleep(0s);
    }
    co_return text;
  };
  const auto task = h.loop.create_task(body(), {.name = "a"});
  h.settle();
  CHECK(task.result() == "abc abc ac a ");
}

TEST_CASE("a task lives on without handles, and its error is reported when it ends") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    co_await sleep(1s);
    hops.note("ran");
    throw std::runtime_error("unseen");
  };
  static_cast<void>(h.loop.create_task(body(h), {.name = "alone"}));
  h.run();
  CHECK(h.happened("ran"));
  const auto reports = h.loop.take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(ending_of(reports[0].exception) == "unseen");
  CHECK(reports[0].subject.find("Task 'alone' (made at task_test.cpp:") == 0);
}

TEST_CASE("a cancelled task is never reported") {
  Hops h;
  {
    const auto task = h.start(turns(5, 1));
    task.cancel();
    h.settle();
  }
  CHECK(h.loop.take_reports().empty());
}

TEST_CASE("one task may be awaited by many, who go on in the order in which they came") {
  Hops h;
  const auto shared = h.start(turns(2, 7));
  const auto one = h.start(see(h, "one", shared));
  const auto two = h.start(see(h, "two", shared));
  h.settle();
  CHECK(h.story() == "one two");
  CHECK(h.ending("one") == "7");
  CHECK(h.ending("two") == "7");
}

TEST_CASE("AnyTask stands for a task of any type") {
  Hops h;
  const auto task = h.loop.create_task(turns(1, 7), {.name = "some"});
  const AnyTask any(task);
  CHECK(any.name() == "some");
  CHECK(any == AnyTask(task));
  CHECK_FALSE(any == AnyTask(h.start(turns(0, 0))));
  CHECK_FALSE(any.done());
  CHECK(any.cancel("why"));
  CHECK(any.cancelling() == 1);
  any.set_name("other");
  CHECK(task.name() == "other");
  h.settle();
  CHECK(any.done());
  CHECK(any.cancelled());
  CHECK(any.uncancel() == 0);
}

TEST_CASE("an await of a task takes the value out of the last handle") {
  const auto boxed = []() -> Coro<std::unique_ptr<int>> {
    co_await sleep(0s);
    co_return std::make_unique<int>(7);
  };
  const auto body = [boxed]() -> Coro<int> {
    const std::unique_ptr<int> value = co_await create_task(boxed());
    co_return *value;
  };
  CHECK(sim::run(body()) == 7);
}

TEST_CASE("the parameters of a coroutine live as long as its frame: to the end of the await") {
  Hops h;
  const auto token = std::make_shared<int>(0);
  const auto holds = [](std::shared_ptr<int> held) -> Coro<long> { co_return held.use_count(); };
  const auto body = [holds](std::shared_ptr<int> held) -> Coro<long> {
    Coro<long> inner = holds(held);
    co_await std::move(inner);
    co_return held.use_count();
  };
  {
    const auto task = h.start(body(token));
    h.settle();
    CHECK(task.result() == 2);  // ours and the task's own
  }
  CHECK(token.use_count() == 1);
}

TEST_CASE("a Coro that is never awaited never runs, and its frame goes with it") {
  const auto token = std::make_shared<int>(0);
  const auto body = [](std::shared_ptr<int> held) -> Coro<> {
    ++*held;
    co_return;
  };
  {
    const Coro<> coro = body(token);
    CHECK(token.use_count() == 2);
  }
  CHECK(token.use_count() == 1);
  CHECK(*token == 0);
}

TEST_CASE("an error passes through awaited coroutines, and can be caught in any of them") {
  const auto inner = []() -> Coro<int> {
    co_await sleep(1s);
    throw std::runtime_error("deep");
  };
  const auto middle = [inner]() -> Coro<int> {
    const int value = co_await inner();
    co_return value + 1;
  };
  const auto outer = [middle]() -> Coro<std::string> {
    std::string text;
    try {
      co_await middle();
    } catch (const std::runtime_error& error) {
      text = error.what();
    }
    co_return text;
  };
  CHECK(sim::run(outer()) == "deep");
}

TEST_CASE("a task handle may outlive its loop, with the value") {
  Task<std::string> kept;
  const auto body = []() -> Coro<std::string> { co_return "kept"; };
  {
    Hops h;
    kept = h.start(body());
    h.settle();
  }
  CHECK(kept.result() == "kept");
}

// --- what can be made a task -----------------------------------------------------------------------------------------

TEST_CASE("whatever can be awaited can be made a task") {
  const auto body = []() -> Coro<std::string> {
    const auto future = this_loop().create_future<int>();
    const auto of_future = create_task(future, {.name = "future"});
    const auto of_sleep = create_task(sleep(1s, std::string("slept")));
    future.set_result(7);
    co_return std::to_string(co_await of_future) + " " + co_await of_sleep + " " + of_future.name();
  };
  CHECK(sim::run(body()) == "7 slept future");
}

TEST_CASE("a function and its arguments are kept until the task is done") {
  const auto body = []() -> Coro<std::string> {
    const auto join = [](const std::string& a, std::string b, int c) -> Coro<std::string> {
      co_await sleep(1s);
      co_return a + b + std::to_string(c);
    };
    const std::string captured(64, 'x');
    const auto closure = create_task([captured]() -> Coro<std::size_t> {
      co_await sleep(1s);
      co_return captured.size();
    });
    const auto three = create_task(join, std::string(32, 'a'), "b", 3, {.name = "three"});
    const auto two = create_task([](std::unique_ptr<int> p, int n) -> Coro<int> { co_return *p + n; },
                                 std::make_unique<int>(4), 1);
    const auto one = create_task([](int n) { return sleep(1s, n); }, 5);
    std::string text = co_await three;
    co_return text.substr(30) + " " + three.name() + " " + std::to_string(co_await two) + std::to_string(co_await one) +
        " " + std::to_string(co_await closure);
  };
  CHECK(sim::run(body()) == "aab3 three 55 64");
}

TEST_CASE("a loop creates the same tasks between its steps") {
  Hops h;
  const auto task = h.loop.create_task([](int n) -> Coro<int> { co_return n; }, 3);
  const auto slept = h.loop.create_task(sleep(0s, 4));
  h.settle();
  CHECK(task.result() + slept.result() == 7);
}

TEST_CASE("a task of a function is told by the line that asked for it") {
  Hops h;
  const auto line = __LINE__ + 1;
  const auto task = h.loop.create_task([](int n) -> Coro<int> { co_return n; }, 3);
  CHECK(AnyTask(task).created().line() == static_cast<std::uint32_t>(line));
  h.settle();
}
