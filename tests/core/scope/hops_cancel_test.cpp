// SPDX-License-Identifier: BSL-1.0
// hops_cancel_test.cpp - how many batches a cancellation takes to the task, and to who awaits the task.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

TEST_CASE("a task that waits for a future is cancelled one hop later, and its awaiter sees it after two") {
  Hops h;
  const auto future = h.future<int>();
  const auto task = h.start(watch(h, "task", future));
  const auto awaiter = h.start(see(h, "awaiter", task));
  h.settle();
  cancel_in_batch(h, task, "why");
  CHECK(h.hops("cancel", "task") == 1);
  CHECK(h.hops("cancel", "awaiter") == 2);
  CHECK(h.ending("task") == "cancelled (why)");
  CHECK(future.cancelled());
}

TEST_CASE("a task in sleep() or in wait() is cancelled one hop later") {
  Hops h;
  const auto member = h.future<int>();
  const auto sleeper = h.start(watch(h, "sleep", sleep(1h)));
  const auto waiter = h.start(watch(h, "wait", wait(std::vector{member})));
  const auto a = h.start(see(h, "sleep's awaiter", sleeper));
  const auto b = h.start(see(h, "wait's awaiter", waiter));
  h.settle();
  h.batch_with([&] {
    h.note("cancel");
    sleeper.cancel();
    waiter.cancel();
  });
  h.settle();
  CHECK(h.hops("cancel", "sleep") == 1);
  CHECK(h.hops("cancel", "sleep's awaiter") == 2);
  CHECK(h.hops("cancel", "wait") == 1);
  CHECK(h.hops("cancel", "wait's awaiter") == 2);
  CHECK_FALSE(member.done());
  CHECK(h.peek().why == Why::inputs);  // the timer of the sleep is gone
}

TEST_CASE("a cancellation beats the value of a wake-up that stands in the next batch") {
  Hops h;
  const auto future = h.future<int>();
  const auto task = h.start(watch(h, "task", future));
  const auto awaiter = h.start(see(h, "awaiter", task));
  h.settle();
  h.batch_with([&] {
    h.note("cancel");
    future.set_result(1);
    task.cancel();
  });
  h.settle();
  CHECK(h.hops("cancel", "task") == 1);
  CHECK(h.hops("cancel", "awaiter") == 2);
  CHECK(h.ending("task") == "cancelled");
  CHECK(future.result() == 1);
}

TEST_CASE("a cancellation reaches a task whose turn is later in the same batch without a hop") {
  Hops h;
  const auto future = h.future<int>();
  const auto task = h.start(watch(h, "task", future));
  const auto awaiter = h.start(see(h, "awaiter", task));
  h.settle();
  h.batch_with([&] {
    h.loop.call_soon([&] {
      h.note("cancel");
      task.cancel();
    });
    future.set_result(1);
  });
  h.settle();
  CHECK(h.hops("cancel", "task") == 0);
  CHECK(h.hops("cancel", "awaiter") == 1);
  CHECK(h.ending("task") == "cancelled");
}

TEST_CASE("a task in sleep(0) is cancelled one hop later") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    hops.note("yields");
    const auto outcome = co_await as_outcome(sleep(0s));
    hops.note("task", ending_of(outcome));
    outcome.raise();
  };
  const auto task = h.start(body(h));
  const auto awaiter = h.start(see(h, "awaiter", task));
  cancel_in_batch(h, task);
  CHECK(h.hops("yields", "cancel") == 0);
  CHECK(h.hops("cancel", "task") == 1);
  CHECK(h.hops("cancel", "awaiter") == 2);
}

TEST_CASE("a task cancelled before its first step never runs; it is done after one hop") {
  Hops h;
  Task<> task;
  h.batch_with([&] {
    h.note("cancel");
    task = create_task(watch(h, "body", sleep(1s)));
    task.add_done_callback([&h] { h.note("callback"); });
    task.cancel("why");
    CHECK_FALSE(task.done());
  });
  h.batch();
  CHECK(task.cancelled());
  h.settle();
  CHECK(h.hops("cancel", "callback") == 2);
  CHECK_FALSE(h.happened("body"));
  CHECK(ending_of(task.outcome()) == "cancelled (why)");
}

TEST_CASE("a task that cancels itself gets the error one hop after the next await that suspends") {
  Hops h;
  const auto future = h.future<int>();
  const auto awaits = [](Hops& hops, Future<int> f) -> Coro<> {
    current_task().cancel();
    hops.note("await");
    const auto outcome = co_await as_outcome(f);
    hops.note("future", ending_of(outcome));
  };
  const auto yields = [](Hops& hops) -> Coro<> {
    current_task().cancel();
    hops.note("yield");
    const auto outcome = co_await as_outcome(sleep(0s));
    hops.note("sleep(0)", ending_of(outcome));
  };
  const auto a = h.start(awaits(h, future));
  const auto b = h.start(yields(h));
  h.settle();
  CHECK(h.hops("await", "future") == 1);
  CHECK(h.hops("yield", "sleep(0)") == 1);
  CHECK(h.ending("future") == "cancelled");
  CHECK(h.ending("sleep(0)") == "cancelled");
  CHECK(future.cancelled());
}

TEST_CASE("a task that cancels itself passes an await of something that is done") {
  Hops h;
  const auto done = h.future<int>();
  done.set_result(1);
  const auto body = [](Hops& hops, Future<int> f) -> Coro<> {
    current_task().cancel();
    const auto first = co_await as_outcome(f);
    hops.note("done", ending_of(first));
    const auto second = co_await as_outcome(sleep(1s));
    hops.note("sleep", ending_of(second));
  };
  const auto task = h.start(body(h, done));
  h.run();
  CHECK(h.ending("done") == "1");
  CHECK(h.ending("sleep") == "cancelled");
  CHECK(h.hops("done", "sleep") == 1);
  CHECK(h.loop.time() == Instant());
}

TEST_CASE("a task that cancels itself and returns is cancelled and loses its value; an error wins instead") {
  Hops h;
  const auto returns = [](Hops& hops) -> Coro<int> {
    co_await sleep(0s);
    current_task().cancel("late");
    hops.note("return");
    co_return 1;
  };
  const auto throws = [](Hops& hops) -> Coro<int> {
    co_await sleep(0s);
    current_task().cancel();
    hops.note("throw");
    throw std::runtime_error("no");
  };
  const auto a = h.start(returns(h));
  const auto b = h.start(throws(h));
  const auto c = h.start(see(h, "cancelled", a));
  const auto d = h.start(see(h, "failed", b));
  h.settle();
  CHECK(h.hops("return", "cancelled") == 1);
  CHECK(h.hops("throw", "failed") == 1);
  CHECK(h.ending("cancelled") == "cancelled (late)");
  CHECK(h.ending("failed") == "no");
}

TEST_CASE("a cancellation goes down a chain of tasks at once and comes up one hop for each task") {
  Hops h;
  const auto future = h.future<int>();
  const auto third = h.start(watch(h, "third", future));
  const auto second = h.start(watch(h, "second", third));
  const auto first = h.start(watch(h, "first", second));
  const auto awaiter = h.start(see(h, "awaiter", first));
  h.settle();
  cancel_in_batch(h, first);
  CHECK(h.hops("cancel", "third") == 1);
  CHECK(h.hops("cancel", "second") == 2);
  CHECK(h.hops("cancel", "first") == 3);
  CHECK(h.hops("cancel", "awaiter") == 4);
  CHECK(third.cancelling() == 1);
  CHECK(second.cancelling() == 1);
  CHECK(first.cancelling() == 1);
}

TEST_CASE("a cancellation between the end of the child and the wake-up beats the child's value") {
  Hops h;
  const auto future = h.future<int>();
  const auto child = h.start(watch(h, "child", future));
  const auto parent = h.start(watch(h, "parent", child));
  const auto awaiter = h.start(see(h, "awaiter", parent));
  h.settle();
  future.set_result(1);
  cancel_in_batch(h, parent);  // the child's step comes before it, in the same batch
  CHECK(h.hops("child", "cancel") == 0);
  CHECK(h.hops("cancel", "parent") == 1);
  CHECK(h.hops("cancel", "awaiter") == 2);
  CHECK(h.ending("parent") == "cancelled");
  CHECK(child.result() == 1);
}

TEST_CASE("a task that waits in gather: children are cancelled after one hop, the task after three") {
  Hops h;
  const auto one = h.start(watch(h, "one", h.future<int>()));
  const auto two = h.start(watch(h, "two", h.future<int>()));
  const auto body = [](Task<int> a, Task<int> b) -> Coro<> { co_await gather(a, b); };
  const auto task = h.start(watch(h, "task", body(one, two)));
  const auto awaiter = h.start(see(h, "awaiter", task));
  h.settle();
  cancel_in_batch(h, task);
  CHECK(h.hops("cancel", "one") == 1);
  CHECK(h.hops("cancel", "two") == 1);
  CHECK(h.hops("cancel", "task") == 3);
  CHECK(h.hops("cancel", "awaiter") == 4);
}

TEST_CASE("a task that waits in a gather of a gather and a task: the task's cancellation decides after three hops") {
  Hops h;
  const auto leaf = h.start(watch(h, "leaf", h.future<int>()));
  const auto direct = h.start(watch(h, "direct", h.future<int>()));
  const auto body = [](Task<int> a, Task<int> b) -> Coro<> { co_await gather(gather(a), b); };
  const auto task = h.start(watch(h, "task", body(leaf, direct)));
  h.settle();
  cancel_in_batch(h, task);
  CHECK(h.hops("cancel", "leaf") == 1);
  CHECK(h.hops("cancel", "direct") == 1);
  CHECK(h.hops("cancel", "task") == 3);
}

TEST_CASE("a task in a gather whose children are all done is cancelled after two hops") {
  Hops h;
  const auto child = h.future<int>();
  const auto body = [](Future<int> f) -> Coro<> { co_await gather(f); };
  const auto task = h.start(watch(h, "task", body(child)));
  const auto awaiter = h.start(see(h, "awaiter", task));
  h.settle();
  h.batch_with([&] {
    h.note("cancel");
    child.set_result(1);
    CHECK(task.cancel());
  });
  h.settle();
  CHECK(h.hops("cancel", "task") == 2);
  CHECK(h.hops("cancel", "awaiter") == 3);
  CHECK(h.ending("task") == "cancelled");
}

TEST_CASE("a task that waits in shield is cancelled after one hop, and what is protected goes on") {
  Hops h;
  const auto inner = h.start(watch(h, "inner", h.future<int>()));
  const auto body = [](Task<int> t) -> Coro<> { co_await shield(t); };
  const auto task = h.start(watch(h, "task", body(inner)));
  const auto awaiter = h.start(see(h, "awaiter", task));
  h.settle();
  cancel_in_batch(h, task);
  CHECK(h.hops("cancel", "task") == 1);
  CHECK(h.hops("cancel", "awaiter") == 2);
  CHECK_FALSE(inner.done());
  CHECK(inner.cancelling() == 0);
}

TEST_CASE("a task in wait_for of a coroutine is cancelled after one hop; of a task, after two") {
  Hops h;
  const auto inner = h.start(watch(h, "inner task", h.future<int>()));
  const auto with_coro = h.start(watch(h, "with coro", wait_for(watch(h, "inner coro", h.future<int>()), 1h)));
  const auto with_task = h.start(watch(h, "with task", wait_for(inner, 1h)));
  const auto a = h.start(see(h, "coro's awaiter", with_coro));
  const auto b = h.start(see(h, "task's awaiter", with_task));
  h.settle();
  h.batch_with([&] {
    h.note("cancel");
    with_coro.cancel();
    with_task.cancel();
  });
  h.settle();
  CHECK(h.hops("cancel", "inner coro") == 1);
  CHECK(h.hops("cancel", "with coro") == 1);
  CHECK(h.hops("cancel", "coro's awaiter") == 2);
  CHECK(h.hops("cancel", "inner task") == 1);
  CHECK(h.hops("cancel", "with task") == 2);
  CHECK(h.hops("cancel", "task's awaiter") == 3);
}

TEST_CASE("a task that waits for a job is cancelled after one hop, and the job goes its own way") {
  Hops h;
  const auto task = h.start(watch(h, "task", to_thread([] { return 1; })));
  const auto awaiter = h.start(see(h, "awaiter", task));
  cancel_in_batch(h, task);
  CHECK(h.hops("cancel", "task") == 1);
  CHECK(h.hops("cancel", "awaiter") == 2);
  CHECK(h.ending("task") == "cancelled");
  CHECK(h.peek().operations == 0);
}

namespace {

Coro<> group_body(TaskGroup& group, Hops& h, bool child, bool stay) {
  if (child) static_cast<void>(group.create_task(watch(h, "child", sleep(1h))));
  if (stay) co_await watch(h, "body", sleep(1h));
}

Coro<> in_group(Hops& h, bool child, bool stay) {
  co_await task_group(group_body, std::ref(h), child, stay);
}

}  // namespace

TEST_CASE("a task in the body of a group with children: body 1 hop, children 2, the group is left after 4") {
  Hops h;
  const auto task = h.start(watch(h, "left", in_group(h, true, true)));
  const auto awaiter = h.start(see(h, "awaiter", task));
  h.settle();
  cancel_in_batch(h, task);
  CHECK(h.hops("cancel", "body") == 1);
  CHECK(h.hops("cancel", "child") == 2);
  CHECK(h.hops("cancel", "left") == 4);
  CHECK(h.hops("cancel", "awaiter") == 5);
}

TEST_CASE("a task in the body of a group without children leaves it one hop after the cancellation") {
  Hops h;
  const auto task = h.start(watch(h, "left", in_group(h, false, true)));
  const auto awaiter = h.start(see(h, "awaiter", task));
  h.settle();
  cancel_in_batch(h, task);
  CHECK(h.hops("cancel", "body") == 1);
  CHECK(h.hops("cancel", "left") == 1);
  CHECK(h.hops("cancel", "awaiter") == 2);
}

TEST_CASE("a task that waits at the end of its group: children 2 hops, the group is left after 4") {
  Hops h;
  const auto task = h.start(watch(h, "left", in_group(h, true, false)));
  const auto awaiter = h.start(see(h, "awaiter", task));
  h.settle();
  cancel_in_batch(h, task);
  CHECK(h.hops("cancel", "child") == 2);
  CHECK(h.hops("cancel", "left") == 4);
  CHECK(h.hops("cancel", "awaiter") == 5);
  CHECK(h.ending("left") == "cancelled");
}
