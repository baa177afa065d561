// SPDX-License-Identifier: BSL-1.0
// cancel_test.cpp - cancellation: who wins a race, what is counted, where messages go, long chains and circles.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

TEST_CASE("one request delivers one CancelledError; a task that swallows it goes on undisturbed") {
  const auto body = []() -> Coro<int> {
    int cancelled = 0;
    current_task().cancel();
    for (int i = 0; i < 5; ++i) {
      const auto outcome = co_await as_outcome(sleep(1s));
      if (outcome.cancelled()) ++cancelled;
    }
    co_return 10 * cancelled + static_cast<int>(current_task().cancelling());
  };
  CHECK(sim::run(body()) == 11);  // one error, and the count stays at one
}

TEST_CASE("requests are counted, deliveries are not: two requests before the step give one CancelledError") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    co_await see(hops, "first", sleep(1s));
    co_await see(hops, "second", sleep(1s));
  };
  const auto task = h.start(body(h));
  h.settle();
  h.batch_with([&] {
    CHECK(task.cancel("one"));
    CHECK(task.cancel("two"));
  });
  h.run();
  CHECK(h.ending("first") == "cancelled (one)");  // carried by what was awaited: the first message counts
  CHECK(h.ending("second") == "void");
  CHECK(task.cancelling() == 2);
}

TEST_CASE("a scheduled task keeps the last message of several requests") {
  Hops h;
  const auto task = h.start(turns(1, 1));
  task.cancel("one");
  task.cancel("two");
  h.run();
  CHECK(ending_of(task.outcome()) == "cancelled (two)");
}

TEST_CASE("a cancellation replaces an ordinary error that waits to be delivered, and the error counts as seen") {
  Hops h;
  {
    const auto future = h.future<int>();
    const auto task = h.start(watch(h, "task", future));
    h.settle();
    h.batch_with([&] {
      future.set_exception(std::runtime_error("lost"));
      task.cancel();
    });
    h.settle();
    CHECK(h.ending("task") == "cancelled");
  }
  CHECK(h.loop.take_reports().empty());
}

TEST_CASE("a cancelled future beats a later request: its own message is delivered") {
  Hops h;
  const auto future = h.future<int>();
  const auto task = h.start(watch(h, "task", future));
  h.settle();
  h.batch_with([&] {
    future.cancel("the future's");
    task.cancel("the task's");
  });
  h.settle();
  CHECK(h.ending("task") == "cancelled (the future's)");
  CHECK(task.cancelling() == 1);
}

TEST_CASE("the producer of a future that was cancelled by its awaiter gets InvalidStateError") {
  Hops h;
  const auto future = h.future<int>();
  const auto task = h.start(watch(h, "task", future));
  h.settle();
  task.cancel();
  CHECK_THROWS_AS(future.set_result(1), InvalidStateError);
  h.settle();
  CHECK(task.cancelled());
}

TEST_CASE("uncancel withdraws a request that was not delivered, once none is left") {
  Hops h;
  const auto future = h.future<int>();
  const auto withdrawn = h.start(watch(h, "withdrawn", future));
  const auto kept = h.start(watch(h, "kept", future));
  h.settle();
  h.batch_with([&] {
    future.set_result(7);
    withdrawn.cancel();
    CHECK(withdrawn.uncancel() == 0);
    kept.cancel();
    kept.cancel();
    CHECK(kept.uncancel() == 1);
  });
  h.settle();
  CHECK(h.ending("withdrawn") == "7");
  CHECK(h.ending("kept") == "cancelled");
}

TEST_CASE("uncancel cannot take back a cancellation that what was awaited carries") {
  Hops h;
  const auto task = h.start(watch(h, "task", sleep(1s)));
  h.settle();
  task.cancel();
  CHECK(task.uncancel() == 0);
  CHECK(task.uncancel() == 0);
  h.settle();
  CHECK(h.ending("task") == "cancelled");
}

TEST_CASE("cancel says false to a task that is done, and true to one that may still swallow the request") {
  Hops h;
  const auto task = h.start(see(h, "task", sleep(1h)));
  h.settle();
  CHECK(task.cancel());
  h.settle();
  CHECK(task.done());
  CHECK_FALSE(task.cancelled());
  CHECK_FALSE(task.cancel());
  CHECK(task.cancelling() == 1);
}

TEST_CASE("a task that swallows a request and takes it back can be cancelled again, and uncancel changes no end") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    co_await see(hops, "first", sleep(1h));
    CHECK(current_task().uncancel() == 0);
    co_await watch(hops, "second", sleep(1h));
  };
  const auto task = h.start(body(h));
  h.settle();
  task.cancel("one");
  h.settle();
  CHECK(task.cancelling() == 0);
  CHECK_FALSE(task.done());
  task.cancel("two");
  h.settle();
  CHECK(h.ending("second") == "cancelled (two)");
  CHECK(task.cancelling() == 1);
  CHECK(task.uncancel() == 0);
  CHECK(task.cancelled());
}

TEST_CASE("a timeout made by hand of cancel and uncancel leaves the count as it was, and later awaits alone") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    const AnyTask me = current_task();
    bool expired = false;
    TimerHandle timer = this_loop().call_later(1s, [me, &expired] {
      expired = true;
      me.cancel();
    });
    co_await see(hops, "work", sleep(1h));
    timer.cancel();
    CHECK(expired);
    CHECK(me.uncancel() == 0);
    co_await see(hops, "later", sleep(1s));
    CHECK(me.cancelling() == 0);
  };
  const auto task = h.start(body(h));
  h.run();
  CHECK(h.ending("work") == "cancelled");
  CHECK(h.ending("later") == "void");
  CHECK_FALSE(task.cancelled());
}

TEST_CASE("a task and what it awaits may both be cancelled, in either order: one error, and one end") {
  for (const bool task_first : {true, false}) {
    Hops h;
    const auto future = h.future<int>();
    const auto body = [](Hops& hops, Future<int> f) -> Coro<> {
      co_await see(hops, "first", f);
      co_await see(hops, "second", sleep(1s));
    };
    const auto task = h.start(body(h, future));
    h.settle();
    h.batch_with([&] {
      if (task_first) CHECK(task.cancel());
      CHECK(future.cancel() == !task_first);
      if (!task_first) CHECK(task.cancel());
    });
    h.run();
    CHECK(h.ending("first") == "cancelled");
    CHECK(h.ending("second") == "void");
  }
}

TEST_CASE("a task that answers a cancellation with an error has failed, and is not cancelled") {
  Hops h;
  const auto body = []() -> Coro<> {
    static_cast<void>(co_await as_outcome(sleep(1h)));
    throw std::runtime_error("instead");
  };
  const auto task = h.start(body());
  const auto awaiter = h.start(see(h, "awaiter", task));
  h.settle();
  cancel_in_batch(h, task);
  CHECK_FALSE(task.cancelled());
  CHECK(ending_of(task.outcome()) == "instead");
  CHECK(h.ending("awaiter") == "instead");
  CHECK(h.hops("cancel", "awaiter") == 2);
}

TEST_CASE("a CancelledError that nobody asked this task for arrives with cancelling() == 0") {
  Hops h;
  const auto shared = h.future<int>();
  const auto one = h.start(watch(h, "one", shared));
  const auto two = h.start(watch(h, "two", shared));
  h.settle();
  one.cancel();
  h.settle();
  CHECK(h.ending("two") == "cancelled");
  CHECK(one.cancelling() == 1);
  CHECK(two.cancelling() == 0);
  CHECK(two.cancelled());
}

TEST_CASE("a CancelledError thrown by hand ends the task as cancelled") {
  Hops h;
  const auto body = []() -> Coro<> {
    co_await sleep(0s);
    throw CancelledError("by hand");
  };
  const auto task = h.start(body());
  h.settle();
  CHECK(task.cancelled());
  CHECK(task.cancelling() == 0);
  CHECK(ending_of(task.outcome()) == "cancelled (by hand)");
}

TEST_CASE("a cancellation never reaches tasks that were created but are not awaited") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    static_cast<void>(create_task(see(hops, "child", sleep(1s))));
    co_await sleep(1h);
  };
  const auto parent = h.start(body(h));
  h.settle();
  parent.cancel();
  h.run();
  CHECK(parent.cancelled());
  CHECK(h.ending("child") == "void");
}

TEST_CASE("a task that cancelled itself and then awaits a new child cancels the child before it starts") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    current_task().cancel();
    const Task<> child = create_task(watch(hops, "child", sleep(1s)));
    co_await see(hops, "parent", child);
  };
  const auto task = h.start(body(h));
  h.run();
  CHECK_FALSE(h.happened("child"));
  CHECK(h.ending("parent") == "cancelled");
}

TEST_CASE("a child that cancels the task awaiting it cancels itself") {
  Hops h;
  const auto body = [](Task<int>* parent) -> Coro<int> {
    co_await sleep(0s);
    parent->cancel();
    co_return 1;
  };
  Task<int> parent;
  const auto child = h.start(body(&parent));
  parent = h.start(watch(h, "parent", child));
  h.run();
  CHECK(child.cancelled());
  CHECK(h.ending("parent") == "cancelled");
}

TEST_CASE("awaits in clean-up are not protected: a second request interrupts them, too") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    co_await see(hops, "work", sleep(1h));
    co_await see(hops, "clean-up", sleep(1h));
    throw CancelledError();
  };
  const auto task = h.start(body(h));
  h.settle();
  task.cancel("one");
  h.settle();
  task.cancel("two");
  h.settle();
  CHECK(h.ending("work") == "cancelled (one)");
  CHECK(h.ending("clean-up") == "cancelled (two)");
  CHECK(task.cancelled());
  CHECK(task.cancelling() == 2);
}

TEST_CASE("a message travels through tasks, gather and groups; a cancelled shield drops it") {
  Hops h;
  const auto leaf = h.start(watch(h, "leaf", h.future<int>()));
  const auto gathers = [](Task<int> t) -> Coro<> { co_await gather(t); };
  const auto middle = h.start(watch(h, "gather", gathers(leaf)));
  const auto top = h.start(watch(h, "top", middle));
  const auto shields = [](Task<int> t) -> Coro<> { co_await shield(t); };
  const auto shielded = h.start(see(h, "shield", shields(leaf)));
  h.settle();
  cancel_in_batch(h, top, "why");
  CHECK(h.ending("leaf") == "cancelled (why)");
  CHECK(h.ending("gather") == "cancelled (why)");
  CHECK(h.ending("top") == "cancelled (why)");
  CHECK(h.ending("shield") == "cancelled");
}

TEST_CASE("the message of an escaped CancelledError is handed out once; a future gives its message every time") {
  Hops h;
  const auto task = h.start(watch(h, "task", sleep(1h)));
  const auto future = h.future<int>();
  h.settle();
  task.cancel("why");
  future.cancel("why");
  h.settle();
  CHECK(ending_of(task.outcome()) == "cancelled (why)");
  CHECK(ending_of(task.outcome()) == "cancelled");
  CHECK(ending_of(future.outcome()) == "cancelled (why)");
  CHECK(ending_of(future.outcome()) == "cancelled (why)");
}

TEST_CASE("cancelling the last of 100,000 tasks that await each other needs no recursion and ends them all") {
  constexpr int count = 100'000;
  Loop loop;
  const auto body = [](Task<> next) -> Coro<> { co_await std::move(next); };
  const auto leaf = []() -> Coro<> { co_await sleep(1h); };
  Task<> last = loop.create_task(leaf());
  const Task<> first = last;
  for (int i = 1; i < count; ++i) last = loop.create_task(body(last));
  const Instant now{};
  while (loop.peek(now).why == Why::ready) loop.step(now, {}, {}, 1'000'000);
  CHECK(last.cancel("all of you"));
  CHECK(first.cancelling() == 1);
  CHECK(last.cancelling() == 1);
  while (loop.peek(now).why == Why::ready) loop.step(now, {}, {}, 1'000'000);
  CHECK(first.cancelled());
  CHECK(last.cancelled());
  CHECK(loop.peek(now).tasks == 0);
}

namespace {

/// Two tasks that await each other.
struct Circle {
  explicit Circle(Hops& h) {
    const auto body = [](Hops& hops, const char* name, Task<>* other) -> Coro<> {
      const Task<> target = *other;
      co_await watch(hops, name, target);
    };
    one = h.loop.create_task(body(h, "one", &two), {.name = "one"});
    two = h.loop.create_task(body(h, "two", &one), {.name = "two"});
    h.settle();
  }
  Task<> one;
  Task<> two;
};

}  // namespace

TEST_CASE("cancelling one of two tasks that await each other ends both") {
  Hops h;
  const Circle circle(h);
  cancel_in_batch(h, circle.one, "cut");
  CHECK(circle.one.cancelled());
  CHECK(circle.two.cancelled());
  CHECK(h.ending("one") == "cancelled (cut)");
  CHECK(h.hops("cancel", "one") == 1);
  CHECK(h.hops("cancel", "two") == 2);
  CHECK(circle.one.cancelling() == 1);
  CHECK(circle.two.cancelling() == 0);
}

TEST_CASE("tasks that await each other in a circle end the run with a DeadlockError that names the circle") {
  const auto body = [](Task<>* other) -> Coro<> {
    const Task<> target = *other;
    co_await target;
  };
  const auto main = [body]() -> Coro<> {
    Task<> ann;
    Task<> bob;
    ann = create_task(body(&bob), {.name = "ann"});
    bob = create_task(body(&ann), {.name = "bob"});
    co_await sleep(0s);
    co_await ann;
  };
  CHECK_THROWS_AS(sim::run(main()), DeadlockError);
  CHECK_THROWS_WITH(sim::run(main()), Contains("in a circle: ann -> bob -> ann") && Contains("cancel_test.cpp:"));
}

TEST_CASE("a circle through a gather can be cancelled, too") {
  Hops h;
  const auto leaf = [](Task<>* other) -> Coro<> {
    const Task<> target = *other;
    co_await target;
  };
  const auto top = [](Hops& hops, Task<> child) -> Coro<> { co_await see(hops, "top", gather(child)); };
  Task<> root;
  const auto child = h.start(leaf(&root));
  root = h.start(top(h, child));
  h.settle();
  CHECK(h.peek().why == Why::inputs);
  CHECK(root.cancel());
  h.settle();
  CHECK(h.ending("top") == "cancelled");
  CHECK(root.done());
  CHECK(child.done());
}
