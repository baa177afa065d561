// SPDX-License-Identifier: BSL-1.0
// hops_scopes_test.cpp - how many batches it takes to leave a timeout or a task group.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

template <class A>
Coro<> with_timeout(Limit limit, A aw) {
  const auto body = [](A* inner) -> Coro<> { co_await std::move(*inner); };
  co_await timeout(limit, body, &aw);
}

Coro<> fails(Hops& h) {
  co_await sleep(1s);
  h.note("failure");
  throw std::runtime_error("no");
}

/// A group with a failing child, perhaps a waiting sibling, and a body that waits or not.
Coro<> failing_group(Hops& h, bool sibling, bool stay) {
  const auto body = [](TaskGroup& group, Hops* hops, bool with_sibling, bool wait_in_body) -> Coro<> {
    static_cast<void>(group.create_task(fails(*hops)));
    if (with_sibling) static_cast<void>(group.create_task(watch(*hops, "sibling", sleep(1h))));
    if (wait_in_body) co_await watch(*hops, "body", sleep(1h));
  };
  co_await task_group(body, &h, sibling, stay);
}

/// A group whose body throws, with children made of `child`.
Coro<> throwing_group(Hops& h, bool child, bool started) {
  const auto body = [](TaskGroup& group, Hops* hops, bool with_child, bool let_start) -> Coro<> {
    if (with_child) static_cast<void>(group.create_task(watch(*hops, "child", sleep(1h))));
    if (let_start) co_await sleep(0s);
    hops->note("raise");
    throw std::runtime_error("no");
  };
  co_await task_group(body, &h, child, started);
}

}  // namespace

TEST_CASE("an expired timeout throws 1 hop after the timer out of a future, 2 out of a task, 1 out of a shield") {
  Hops h;
  note_timer(h, 1s);
  const auto inner = h.start(watch(h, "inner", h.future<int>()));
  const auto safe = h.start(watch(h, "safe", h.future<int>()));
  const auto shielded = [](Task<int> t) -> Coro<> { co_await shield(t); };
  const auto a = h.start(see(h, "future", with_timeout(1s, h.future<int>())));
  const auto b = h.start(see(h, "task", with_timeout(1s, inner)));
  const auto c = h.start(see(h, "shield", with_timeout(1s, shielded(safe))));
  h.run();
  CHECK(h.hops("timer", "future") == 1);
  CHECK(h.hops("timer", "inner") == 1);
  CHECK(h.hops("timer", "task") == 2);
  CHECK(h.hops("timer", "shield") == 1);
  CHECK(h.ending("future") == "TimeoutError");
  CHECK(h.ending("task") == "TimeoutError");
  CHECK(h.ending("shield") == "TimeoutError");
  CHECK_FALSE(safe.done());
}

TEST_CASE("an expired timeout around a task group with children throws four hops after the timer") {
  Hops h;
  note_timer(h, 1s);
  const auto group = [](Hops& hops) -> Coro<> {
    const auto body = [](TaskGroup& g, Hops* inside) -> Coro<> {
      static_cast<void>(g.create_task(watch(*inside, "child", sleep(1h))));
      co_return;
    };
    co_await task_group(body, &hops);
  };
  const auto task = h.start(see(h, "left", with_timeout(1s, group(h))));
  h.run();
  CHECK(h.hops("timer", "child") == 2);
  CHECK(h.hops("timer", "left") == 4);
  CHECK(h.ending("left") == "TimeoutError");
}

TEST_CASE("a timeout of zero interrupts a bare yield, and not a body that never suspends") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    hops.note("enter");
    const auto yields = []() -> Coro<> { co_await sleep(0s); };
    co_await see(hops, "yields", timeout(0s, yields));
    const auto expired = [](Timeout& limit) -> Coro<bool> {
      co_await turns(0, 1);
      co_return limit.expired();
    };
    co_await see(hops, "never suspends", timeout(-1s, expired));
  };
  const auto task = h.start(body(h));
  h.settle();
  CHECK(h.hops("enter", "yields") == 1);
  CHECK(h.ending("yields") == "TimeoutError");
  CHECK(h.hops("yields", "never suspends") == 0);
  CHECK(h.ending("never suspends") == "0");
}

TEST_CASE("leaving a task group costs no hop without children, and none after children whose callbacks have run") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    hops.note("enter");
    const auto empty = [](TaskGroup&) -> Coro<> { co_return; };
    co_await task_group(empty);
    hops.note("empty");
    const auto all_done = [](TaskGroup& group, Hops* inside) -> Coro<> {
      static_cast<void>(group.create_task(turns(0, 1)));
      co_await sleep(1s);
      inside->note("body");
    };
    co_await task_group(all_done, &hops);
    hops.note("all done");
  };
  const auto task = h.start(body(h));
  h.run();
  CHECK(h.hops("enter", "empty") == 0);
  CHECK(h.hops("body", "all done") == 0);
}

TEST_CASE("leaving a task group takes two hops after the end of its last child, or while its callback is pending") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    const auto waits = [](TaskGroup& group, Hops* inside) -> Coro<> {
      static_cast<void>(group.create_task(watch(*inside, "child", sleep(1s))));
      co_return;
    };
    co_await task_group(waits, &hops);
    hops.note("left");
    const auto pending = [](TaskGroup& group, Hops* inside) -> Coro<> {
      static_cast<void>(group.create_task(turns(0, 1)));
      co_await sleep(0s);  // the child ends in this batch, behind us
      inside->note("exit");
    };
    co_await task_group(pending, &hops);
    hops.note("left again");
  };
  const auto task = h.start(body(h));
  h.run();
  CHECK(h.hops("child", "left") == 2);
  CHECK(h.hops("exit", "left again") == 2);
}

TEST_CASE("a task group of one child that yields once takes four hops from entering to leaving") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    hops.note("enter");
    const auto inside = [](TaskGroup& group) -> Coro<> {
      static_cast<void>(group.create_task(turns(1, 1)));
      co_return;
    };
    co_await task_group(inside);
    hops.note("left");
  };
  const auto task = h.start(body(h));
  h.settle();
  CHECK(h.hops("enter", "left") == 4);
}

TEST_CASE("when its only child fails a group is left two hops later, from the body or from the end") {
  Hops in_body;
  const auto a = in_body.start(see(in_body, "left", failing_group(in_body, false, true)));
  in_body.run();
  CHECK(in_body.hops("failure", "body") == 2);
  CHECK(in_body.hops("failure", "left") == 2);
  Hops at_end;
  const auto b = at_end.start(see(at_end, "left", failing_group(at_end, false, false)));
  at_end.run();
  CHECK(at_end.hops("failure", "left") == 2);
}

TEST_CASE("when a child fails its sibling and the body are cancelled after 2 hops, and the group is left after 4") {
  Hops h;
  const auto task = h.start(see(h, "left", failing_group(h, true, true)));
  h.run();
  CHECK(h.hops("failure", "sibling") == 2);
  CHECK(h.hops("failure", "body") == 2);
  CHECK(h.hops("failure", "left") == 4);
  CHECK(h.loop.time() == Instant(1s));
}

TEST_CASE("when the body throws, a waiting child is cancelled after 1 hop, and the group is left after 3") {
  Hops h;
  const auto task = h.start(see(h, "left", throwing_group(h, true, true)));
  h.run();
  CHECK(h.hops("raise", "child") == 1);
  CHECK(h.hops("raise", "left") == 3);
}

TEST_CASE("when the body throws, a child that has not started never runs, and the group is left after 3 hops") {
  Hops h;
  const auto task = h.start(see(h, "left", throwing_group(h, true, false)));
  h.run();
  CHECK_FALSE(h.happened("child"));
  CHECK(h.hops("raise", "left") == 3);
}

TEST_CASE("when the body throws and there are no children, the group is left at once") {
  Hops h;
  const auto task = h.start(see(h, "left", throwing_group(h, false, false)));
  h.run();
  CHECK(h.hops("raise", "left") == 0);
  CHECK_THAT(h.ending("left"), Catch::Matchers::Contains("unhandled errors in a TaskGroup (1 sub-exception)\n  - no"));
}
