// SPDX-License-Identifier: BSL-1.0
// hops_test.cpp - how many batches pass between a cause and its effect: futures, tasks, sleeps, callbacks.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

TEST_CASE("a done callback runs one hop after the result, the error or the cancellation") {
  Hops h;
  const auto value = h.future<int>();
  const auto error = h.future<int>();
  const auto cancelled = h.future<int>();
  value.add_done_callback([&h] { h.note("value"); });
  error.add_done_callback([&h] { h.note("error"); });
  cancelled.add_done_callback([&h] { h.note("cancelled"); });
  h.batch_with([&] {
    h.note("set");
    value.set_result(1);
    error.set_exception(std::runtime_error("no"));
    cancelled.cancel();
    h.note("all set");
  });
  h.settle();
  CHECK(h.story() == "set all set value error cancelled");
  CHECK(h.hops("set", "value") == 1);
  CHECK(h.hops("set", "error") == 1);
  CHECK(h.hops("set", "cancelled") == 1);
}

TEST_CASE("a task that awaits a future goes on one hop after its result, error or cancellation") {
  Hops h;
  const auto value = h.future<int>();
  const auto error = h.future<int>();
  const auto cancelled = h.future<int>();
  const auto a = h.start(see(h, "value", value));
  const auto b = h.start(see(h, "error", error));
  const auto c = h.start(see(h, "cancelled", cancelled));
  h.settle();
  h.batch_with([&] {
    h.note("set");
    value.set_result(1);
    error.set_exception(std::runtime_error("no"));
    cancelled.cancel("why");
  });
  h.settle();
  CHECK(h.hops("set", "value") == 1);
  CHECK(h.hops("set", "error") == 1);
  CHECK(h.hops("set", "cancelled") == 1);
  CHECK(h.ending("value") == "1");
  CHECK(h.ending("error") == "no");
  CHECK(h.ending("cancelled") == "cancelled (why)");
}

TEST_CASE("a callback added to a future that is done runs one hop later, not at once") {
  Hops h;
  const auto future = h.future<int>();
  future.set_result(1);
  h.batch_with([&] {
    future.add_done_callback([&h] { h.note("callback"); });
    h.note("added");
  });
  h.settle();
  CHECK(h.story() == "added callback");
  CHECK(h.hops("added", "callback") == 1);
}

TEST_CASE("awaiting a done future, a done task or a coroutine costs no hop") {
  Hops h;
  const auto future = h.future<int>();
  future.set_result(1);
  const auto task = h.start(turns(0, 2));
  h.settle();
  const auto body = [](Hops& hops, Future<int> f, Task<int> t) -> Coro<int> {
    hops.note("start");
    const int one = co_await f;
    hops.note("future");
    const int two = co_await t;
    hops.note("task");
    const int three = co_await turns(0, 3);
    hops.note("coroutine");
    co_return one + two + three;
  };
  const auto main = h.start(body(h, future, task));
  h.settle();
  CHECK(main.result() == 6);
  CHECK(h.hops("start", "future") == 0);
  CHECK(h.hops("start", "task") == 0);
  CHECK(h.hops("start", "coroutine") == 0);
}

TEST_CASE("the first step of a task comes one hop after create_task") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    hops.note("first step");
    co_return;
  };
  Task<> task;
  h.batch_with([&] {
    h.note("create");
    task = create_task(body(h));
  });
  h.settle();
  CHECK(h.hops("create", "first step") == 1);
}

TEST_CASE("who awaits a task goes on one hop after it returns or throws") {
  Hops h;
  const auto returns = [](Hops& hops) -> Coro<int> {
    co_await sleep(1s);
    hops.note("return");
    co_return 1;
  };
  const auto throws = [](Hops& hops) -> Coro<int> {
    co_await sleep(2s);
    hops.note("throw");
    throw std::runtime_error("no");
  };
  const auto a = h.start(see(h, "value", h.start(returns(h))));
  const auto b = h.start(see(h, "error", h.start(throws(h))));
  h.run();
  CHECK(h.hops("return", "value") == 1);
  CHECK(h.hops("throw", "error") == 1);
  CHECK(h.ending("error") == "no");
}

TEST_CASE("a result climbs a chain of tasks one hop at a time") {
  Hops h;
  const auto inner = [](Hops& hops) -> Coro<int> {
    co_await sleep(1s);
    hops.note("return");
    co_return 1;
  };
  const auto third = h.start(inner(h));
  const auto second = h.start(watch(h, "second", third));
  const auto first = h.start(watch(h, "first", second));
  const auto outermost = h.start(watch(h, "outermost", first));
  h.run();
  CHECK(h.hops("return", "second") == 1);
  CHECK(h.hops("return", "first") == 2);
  CHECK(h.hops("return", "outermost") == 3);
}

TEST_CASE("awaiting a fresh task that never suspends costs two hops in all") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    hops.note("before");
    const Task<int> task = create_task(turns(0, 1));
    co_await task;
    hops.note("after");
  };
  const auto main = h.start(body(h));
  h.settle();
  CHECK(h.hops("before", "after") == 2);
}

TEST_CASE("call_soon inside a callback runs one hop later, behind what was posted before") {
  Hops h;
  h.loop.call_soon([&h] {
    h.loop.call_soon([&h] { h.note("third"); });
    h.note("first");
  });
  h.loop.call_soon([&h] { h.note("second"); });
  h.settle();
  CHECK(h.story() == "first second third");
  CHECK(h.hops("first", "second") == 0);
  CHECK(h.hops("first", "third") == 1);
}

TEST_CASE("call_later(0) and call_at(past) run one hop later, behind everything that was posted with call_soon") {
  Hops h;
  h.batch_with([&] {
    h.note("begin");
    h.loop.call_later(0s, [&h] { h.note("later"); });
    h.loop.call_at(h.loop.time() - 1s, [&h] { h.note("past"); });
    h.loop.call_soon([&h] { h.note("soon"); });
  });
  h.settle();
  CHECK(h.story() == "begin soon past later");
  CHECK(h.hops("begin", "soon") == 1);
  CHECK(h.hops("begin", "past") == 1);
  CHECK(h.hops("begin", "later") == 1);
}

TEST_CASE("a callback from another thread runs in the batch that its input begins") {
  Hops h;
  h.loop.call_soon_threadsafe([&h] { h.note("posted"); });
  CHECK(h.peek().why == Why::inputs);
  h.batch();
  CHECK(h.at("posted") == 1);
}

TEST_CASE("a task made by a callback from another thread takes its first step two hops after the post") {
  Hops h;
  Task<> task;
  const auto body = [](Hops& hops) -> Coro<> {
    hops.note("first step");
    co_return;
  };
  h.batch_with([&] {
    h.note("post");
    h.loop.call_soon_threadsafe([&] { task = create_task(body(h)); });
  });
  h.batch();
  h.settle();
  CHECK(h.hops("post", "first step") == 2);
}

TEST_CASE("sleep(0) and negative sleeps are one bare yield; the shortest real sleep takes two hops") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    hops.note("start");
    co_await sleep(0s);
    hops.note("zero");
    co_await sleep(-1s);
    hops.note("negative");
    co_await sleep(1ns);
    hops.note("positive");
  };
  const auto task = h.start(body(h));
  h.run();
  CHECK(h.hops("start", "zero") == 1);
  CHECK(h.hops("zero", "negative") == 1);
  CHECK(h.hops("negative", "positive") == 2);
  CHECK(h.loop.time() == Instant(1ns));
}

TEST_CASE("a sleep gives its value in every variant") {
  const auto body = []() -> Coro<int> {
    const int zero = co_await sleep(0s, 1);
    const int negative = co_await sleep(-1s, 10);
    const int positive = co_await sleep(1s, 100);
    co_return zero + negative + positive;
  };
  CHECK(sim::run(body()) == 111);
}

TEST_CASE("a timer that completes a future wakes its awaiter one hop after the timer") {
  Hops h;
  const auto future = h.future<int>();
  const auto task = h.start(see(h, "awaiter", future));
  h.loop.call_later(1s, [&] {
    h.note("timer");
    future.set_result(1);
  });
  h.run();
  CHECK(h.hops("timer", "awaiter") == 1);
}

TEST_CASE("a task that awaits itself gets its RuntimeError at that await, one hop later") {
  Hops h;
  Task<> self;
  const auto body = [](Hops& hops, Task<>* me) -> Coro<> {
    hops.note("await");
    const auto outcome = co_await as_outcome(*me);
    hops.note("error", ending_of(outcome));
  };
  self = h.start(body(h, &self));
  h.settle();
  CHECK(h.hops("await", "error") == 1);
  CHECK(h.ending("error").find("cannot await itself") != std::string::npos);
}

TEST_CASE("run returns at the end of the batch after the one in which its main task ended") {
  sim::SimBackend backend;
  Runner runner(backend);
  std::string story;
  const auto body = [](std::string* s) -> Coro<> {
    this_loop().call_soon([s] {
      *s += "one";
      this_loop().call_soon([s] { *s += " two"; });
    });
    co_return;
  };
  runner.run(body(&story));
  CHECK(story == "one");
  runner.finish();
  CHECK(story == "one two");
}

TEST_CASE("a job's completion begins one batch, and its awaiter goes on in the next") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    hops.note("submit");
    const int value = co_await run_in_executor(nullptr, [] { return 7; });
    hops.note("awaiter", std::to_string(value));
  };
  const auto task = h.start(body(h));
  h.run();
  CHECK(h.hops("submit", "awaiter") == 2);
  CHECK(h.ending("awaiter") == "7");
}

TEST_CASE("callbacks and tasks that wait for one future run in the order in which they came") {
  Hops h;
  const auto future = h.future<int>();
  future.add_done_callback([&h] { h.note("a"); });
  const auto first = h.start(see(h, "first", future));
  const auto second = h.start(see(h, "second", future));
  h.settle();
  future.add_done_callback([&h] { h.note("b"); });
  h.batch_with([&] {
    future.set_result(1);
    future.add_done_callback([&h] { h.note("late"); });
    h.loop.call_soon([&h] { h.note("posted"); });
  });
  h.settle();
  CHECK(h.story() == "a first second b late posted");
}

TEST_CASE("the tasks of two futures run in the order of the results, not of the waiting") {
  Hops h;
  const auto early = h.future<int>();
  const auto late = h.future<int>();
  const auto a = h.start(see(h, "late", late));
  const auto b = h.start(see(h, "early", early));
  h.settle();
  h.batch_with([&] {
    early.set_result(1);
    late.set_result(1);
  });
  h.settle();
  CHECK(h.story() == "early late");
}
