// SPDX-License-Identifier: BSL-1.0
// dump_test.cpp - dump_tasks and await_stack: who awaits whom, and where.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

std::string dumped_at(int line) { return "dump_test.cpp:" + std::to_string(line); }

constexpr int fails_line = __LINE__ + 2;
Coro<int> fails_later() {
  co_await sleep(1s);
  throw std::runtime_error("no");
}

constexpr int middle_line = __LINE__ + 2;
Coro<int> awaits_failure() {
  const int value = co_await fails_later();
  co_return value;
}

}  // namespace

TEST_CASE("a dump is a tree: below each task stand the tasks that await it") {
  Hops h;
  const auto leaf = h.loop.create_task(see(h, "x", sleep(1h)), {.name = "leaf"});
  const auto one = h.loop.create_task(see(h, "x", leaf), {.name = "one"});
  const auto two = h.loop.create_task(see(h, "x", one), {.name = "two"});
  h.settle();
  const std::string text = dump_tasks(h.loop);
  CHECK_THAT(text, Contains("3 tasks:\n  Task 'leaf' (made at dump_test.cpp:"));
  CHECK_THAT(text, Contains("\n    Task 'one'"));
  CHECK_THAT(text, Contains("\n      Task 'two'"));
  CHECK_THAT(text, Contains("awaits Task 'leaf'"));
}

TEST_CASE("a dump says what each task waits for") {
  Hops h;
  const auto future = h.future<int>();
  const auto gathers = [](Future<int> f) -> Coro<> { co_await gather(f); };
  const auto grouped = [](Future<int> f) -> Coro<> {
    const auto body = [](TaskGroup& group, Future<int> inner) -> Coro<> {
      const auto waits = [](Future<int> x) -> Coro<> { co_await x; };
      static_cast<void>(group.create_task(waits(inner)));
      co_return;
    };
    co_await task_group(body, f);
  };
  const auto completes = [](Future<int> f) -> Coro<> {
    auto completed = as_completed(std::vector{f});
    co_await std::move(*completed.next());
  };
  const auto operates = []() -> Coro<> { co_await readable(99); };
  std::vector<Task<>> tasks;
  tasks.push_back(h.start(see(h, "x", future)));
  tasks.push_back(h.start(see(h, "x", sleep(1h))));
  tasks.push_back(h.start(see(h, "x", wait(std::vector{future}))));
  tasks.push_back(h.start(gathers(future)));
  tasks.push_back(h.start(grouped(future)));
  tasks.push_back(h.start(completes(future)));
  tasks.push_back(h.start(operates()));
  h.batch();
  tasks.push_back(h.loop.create_task(see(h, "x", future), {.name = "fresh"}));
  const std::string text = dump_tasks(h.loop);
  CHECK_THAT(text, Contains(" awaits Future "));
  CHECK_THAT(text, Contains(" sleeps at "));
  CHECK_THAT(text, Contains(" is in wait()"));
  CHECK_THAT(text, Contains(" awaits gather "));
  CHECK_THAT(text, Contains(" waits for the children of its TaskGroup"));
  CHECK_THAT(text, Contains(" waits for the next of as_completed()"));
  CHECK_THAT(text, Contains(" waits for descriptor 99 to be readable"));
  CHECK_THAT(text, Contains(" has not started"));
}

TEST_CASE("a dump names the awaits of each task with file and line, innermost first, and the running task") {
  const auto body = []() -> Coro<std::string> {
    const Task<int> task = create_task(awaits_failure(), {.name = "nested"});
    co_await sleep(0s);
    std::string text = dump_tasks();
    static_cast<void>(co_await as_outcome(task));
    co_return text;
  };
  const std::string text = sim::run(body());
  CHECK_THAT(text, Contains("Task 'nested'"));
  const std::string way = dumped_at(fails_line) + " (fails_later) < " + dumped_at(middle_line) + " (awaits_failure)";
  CHECK_THAT(text, Contains("sleeps at " + way));
  CHECK_THAT(text, Contains(" is running"));
}

TEST_CASE("a dump of an empty loop says so") {
  Loop loop;
  CHECK(dump_tasks(loop) == "0 tasks:\n");
}

TEST_CASE("await_stack tells how an error came up: innermost await first, through awaited tasks as well") {
  Hops h;
  const auto body = []() -> Coro<std::string> {
    const Task<int> task = create_task(awaits_failure());
    std::string text;
    try {
      co_await task;
    } catch (const std::runtime_error&) {
      for (const Place& each : await_stack()) text += describe(each) + " ";
    }
    co_return text;
  };
  const auto task = h.start(body());
  h.run();
  CHECK(task.result() == dumped_at(fails_line) + " " + dumped_at(middle_line) + " ");
}

TEST_CASE("await_stack is empty where no error came up") {
  const auto body = []() -> Coro<std::size_t> {
    co_await sleep(0s);
    co_return await_stack().size();
  };
  CHECK(sim::run(body()) == 0);
}

TEST_CASE("places and callbacks have words, too") {
  CHECK(describe(Place::here()) == "dump_test.cpp:" + std::to_string(__LINE__));
  CHECK(describe(Place{}) == "?");
}

TEST_CASE("the task that runs stands nowhere in a dump: what it has awaited last may be gone") {
  const auto child = []() -> Coro<> { co_await sleep(1s); };
  const auto grandchild = [&child]() -> Coro<> { co_await child(); };
  const auto body = [&]() -> Coro<std::string> {
    co_await grandchild();
    const std::string after_children = dump_tasks();
    static_cast<void>(co_await as_outcome(grandchild()));
    co_return after_children + dump_tasks();
  };
  const std::string text = sim::run(body());
  CHECK_THAT(text, Catch::Matchers::Contains("is running, since"));
}

TEST_CASE("a dump from a destructor of a child that ends, and from one that a generator yields in, reads no frame that is gone") {
  struct Dumper {
    ~Dumper() { static_cast<void>(dump_tasks()); }
  };
  const auto deep = []() -> Coro<> { co_await sleep(1s); };
  const auto child = [&deep]() -> Coro<> {
    const Dumper dumper;
    co_await deep();
  };
  const auto generator = [&child]() -> AsyncGenerator<int> {
    const Dumper dumper;
    co_await child();
    co_yield 1;
  };
  const auto body = [&]() -> Coro<std::string> {
    co_await child();
    auto values = generator();
    static_cast<void>(co_await values.next());
    std::string text = dump_tasks();
    static_cast<void>(co_await values.next());
    co_return text;
  };
  CHECK_THAT(sim::run(body()), Catch::Matchers::Contains("1 task"));
}
