// SPDX-License-Identifier: BSL-1.0
// timeout_test.cpp - timeout(), timeout_at() and the Timeout object: deadlines, nesting, foreign cancellations.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

Coro<> an_hour() { co_await sleep(1h); }

/// A timeout inside a timeout, both around an hour of sleep; notes how each was left.
Coro<> nested(Hops& h, Limit outer, Limit inner) {
  const auto in_outer = [](Timeout& out, Hops* hops, Limit limit) -> Coro<> {
    const auto in_inner = [](Timeout& in, Hops* inside) -> Coro<> {
      const auto outcome = co_await as_outcome(an_hour());
      inside->note("inner expired", in.expired() ? "yes" : "no");
      outcome.raise();
    };
    const auto outcome = co_await as_outcome(timeout(limit, in_inner, hops));
    hops->note("inner", ending_of(outcome));
    hops->note("outer expired", out.expired() ? "yes" : "no");
    outcome.raise();
  };
  co_await see(h, "outer", timeout(outer, in_outer, &h, inner));
  h.note("count", std::to_string(current_task().cancelling()));
}

/// So many scopes of a second, one inside the other; each notes how it was left.
Coro<> scopes(Hops* h, int count) {
  if (count == 0) co_return co_await an_hour();
  const std::string name = "scope " + std::to_string(count);
  const auto outcome = co_await as_outcome(timeout(1s, scopes, h, count - 1));
  h->note(name, ending_of(outcome));
  outcome.raise();
}

}  // namespace

TEST_CASE("a block that ends before its deadline gives its value, and the timer is gone") {
  Hops h;
  const auto quick = [](int value) -> Coro<int> {
    co_await sleep(1s);
    co_return value;
  };
  const auto task = h.start(watch(h, "block", timeout(2s, quick, 7)));
  h.run();
  CHECK(h.ending("block") == "7");
  CHECK(h.loop.time() == Instant(1s));
}

TEST_CASE("a block that takes too long throws TimeoutError at its deadline, and the count is back at zero") {
  Hops h;
  const auto task = h.start(watch(h, "block", timeout(2s, an_hour)));
  h.run();
  CHECK(h.ending("block") == "TimeoutError");
  CHECK(h.loop.time() == Instant(2s));
  CHECK(task.cancelling() == 0);
  CHECK_FALSE(task.cancelled());
}

TEST_CASE("timeout_at takes an absolute deadline, and neither expires without a limit") {
  Hops h;
  const auto a = h.start(see(h, "at", timeout_at(Instant(3s), an_hour)));
  const auto b = h.start(see(h, "none", timeout(std::nullopt, an_hour)));
  const auto c = h.start(see(h, "none at", timeout_at(std::nullopt, an_hour)));
  h.loop.call_at(Instant(3s) - 1ns, [&] { CHECK_FALSE(h.happened("at")); });
  h.run();
  CHECK(h.ending("at") == "TimeoutError");
  CHECK(h.ending("none") == "void");
  CHECK(h.ending("none at") == "void");
}

TEST_CASE("of scopes that expire together only the outermost throws TimeoutError, and both have expired") {
  Hops h;
  const auto task = h.start(nested(h, 1s, 1s));
  h.run();
  CHECK(h.ending("inner expired") == "yes");
  CHECK(h.ending("inner") == "cancelled");
  CHECK(h.ending("outer expired") == "yes");
  CHECK(h.ending("outer") == "TimeoutError");
  CHECK(h.ending("count") == "0");
}

TEST_CASE("of scopes that a busy loop finds expired together only the outermost throws, whatever their deadlines") {
  for (const bool outer_first : {true, false}) {
    Hops h;
    const auto task = h.start(nested(h, outer_first ? 1s : 2s, outer_first ? 2s : 1s));
    h.settle();
    h.batch(Instant(5s));
    h.run();
    CHECK(h.ending("inner expired") == "yes");
    CHECK(h.ending("inner") == "cancelled");
    CHECK(h.ending("outer expired") == "yes");
    CHECK(h.ending("outer") == "TimeoutError");
    CHECK(h.ending("count") == "0");
  }
}

TEST_CASE("of three scopes that expire together the outermost throws") {
  Hops h;
  const auto task = h.start(see(h, "left", scopes(&h, 3)));
  h.run();
  CHECK(h.ending("scope 1") == "cancelled");
  CHECK(h.ending("scope 2") == "cancelled");
  CHECK(h.ending("scope 3") == "TimeoutError");
  CHECK(task.cancelling() == 0);
}

TEST_CASE("an inner scope that expires first throws TimeoutError inside the outer") {
  Hops h;
  const auto task = h.start(nested(h, 2s, 1s));
  h.run();
  CHECK(h.ending("inner") == "TimeoutError");
  CHECK(h.ending("outer expired") == "no");
  CHECK(h.ending("outer") == "TimeoutError");  // the inner's error, which nobody caught
  CHECK(h.loop.time() == Instant(1s));
}

TEST_CASE("an outer scope that expires first passes through the inner as CancelledError") {
  Hops h;
  const auto task = h.start(nested(h, 1s, 2s));
  h.run();
  CHECK(h.ending("inner expired") == "no");
  CHECK(h.ending("inner") == "cancelled");
  CHECK(h.ending("outer") == "TimeoutError");
  CHECK(h.loop.time() == Instant(1s));
}

TEST_CASE("a body that swallows the cancellation keeps its value and is never cancelled again by that scope") {
  Hops h;
  const auto stubborn = [](Timeout& limit, Hops* hops) -> Coro<int> {
    co_await see(*hops, "first", sleep(1h));
    co_await see(*hops, "second", sleep(1h));
    co_return limit.expired() ? 1 : 0;
  };
  const auto task = h.start(watch(h, "block", timeout(1s, stubborn, &h)));
  h.run();
  CHECK(h.ending("first") == "cancelled");
  CHECK(h.ending("second") == "void");
  CHECK(h.ending("block") == "1");
  CHECK(task.cancelling() == 0);
}

TEST_CASE("an error that the body throws after the deadline passes unchanged") {
  Hops h;
  const auto body = []() -> Coro<> {
    static_cast<void>(co_await as_outcome(sleep(1h)));
    throw std::runtime_error("while cleaning up");
  };
  const auto task = h.start(watch(h, "block", timeout(1s, body)));
  h.run();
  CHECK(h.ending("block") == "while cleaning up");
  CHECK(task.cancelling() == 0);
}

TEST_CASE("a foreign cancellation wins over the deadline, whichever of the two is first") {
  for (const bool deadline_first : {false, true}) {
    Hops h;
    Task<> task;
    if (!deadline_first) h.loop.call_later(1s, [&] { task.cancel("foreign"); });
    const auto body = [](Timeout& limit, Hops* hops) -> Coro<> {
      const auto outcome = co_await as_outcome(an_hour());
      hops->note("expired", limit.expired() ? "yes" : "no");
      outcome.raise();
    };
    task = h.start(watch(h, "block", timeout(1s, body, &h)));
    h.settle();
    if (deadline_first) h.loop.call_later(1s, [&] { task.cancel("foreign"); });
    h.run();
    CHECK(h.ending("expired") == "yes");
    CHECK(h.ending("block") == (deadline_first ? "cancelled" : "cancelled (foreign)"));
    CHECK(task.cancelled());
    CHECK(task.cancelling() == 1);
  }
}

TEST_CASE("a deadline turns the cancellation of what is awaited into TimeoutError, with nothing left of the count") {
  Hops h;
  const auto future = h.future<int>();
  h.loop.call_later(1s, [&] { future.cancel("foreign"); });
  const auto body = [](Future<int> f) -> Coro<> { co_await f; };
  const auto task = h.start(watch(h, "block", timeout(1s, body, future)));
  h.run();
  CHECK(h.ending("block") == "TimeoutError");
  CHECK(task.cancelling() == 0);
}

TEST_CASE("a value that comes in the batch of the deadline loses to it; one batch earlier it wins") {
  Hops h;
  const auto late = h.future<int>();
  const auto early = h.future<int>();
  const auto body = [](Future<int> f) -> Coro<int> { co_return co_await f; };
  h.loop.call_later(1s, [&] { late.set_result(1); });
  const auto a = h.start(watch(h, "late", timeout(1s, body, late)));
  h.settle();
  const auto b = h.start(watch(h, "early", timeout(1s, body, early)));
  h.loop.call_at(Instant(1s) - 1ns, [&] { early.set_result(2); });
  h.settle();
  h.batch(Instant(1s) - 1ns);
  h.batch(Instant(1s));
  h.run();
  CHECK(h.ending("late") == "TimeoutError");
  CHECK(late.result() == 1);
  CHECK(h.ending("early") == "2");
}

TEST_CASE("a task that carries a swallowed cancellation can use timeouts in its clean-up") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    co_await see(hops, "work", sleep(1h));
    co_await see(hops, "clean-up", timeout(1s, an_hour));
  };
  const auto task = h.start(body(h));
  h.settle();
  task.cancel();
  h.run();
  CHECK(h.ending("work") == "cancelled");
  CHECK(h.ending("clean-up") == "TimeoutError");
  CHECK(task.cancelling() == 1);
}

TEST_CASE("an outer deadline interrupts the clean-up of an inner block that has expired, and the outer one throws") {
  Hops h;
  const auto main = [](Hops& hops) -> Coro<> {
    const auto outer = [](Hops* in_outer) -> Coro<> {
      const auto inner = [](Hops* in_inner) -> Coro<> {
        co_await see(*in_inner, "work", sleep(1h));
        co_await watch(*in_inner, "clean-up", sleep(1h));
      };
      co_await watch(*in_outer, "inner", timeout(1s, inner, in_outer));
    };
    co_await see(hops, "outer", timeout(2s, outer, &hops));
  };
  const auto task = h.start(main(h));
  h.run();
  CHECK(h.ending("work") == "cancelled");
  CHECK(h.ending("clean-up") == "cancelled");
  CHECK(h.ending("inner") == "cancelled");
  CHECK(h.ending("outer") == "TimeoutError");
  CHECK(h.loop.time() == Instant(2s));
  CHECK(task.cancelling() == 0);
}

TEST_CASE("the clean-up of a block that has expired can have a deadline of its own") {
  Hops h;
  const auto body = [](Hops* hops) -> Coro<> {
    const auto outcome = co_await as_outcome(sleep(1h));
    co_await see(*hops, "clean-up", timeout(1s, an_hour));
    outcome.raise();
  };
  const auto task = h.start(watch(h, "block", timeout(1s, body, &h)));
  h.run();
  CHECK(h.ending("clean-up") == "TimeoutError");
  CHECK(h.ending("block") == "TimeoutError");
  CHECK(h.loop.time() == Instant(2s));
  CHECK(task.cancelling() == 0);
}

TEST_CASE("a TimeoutError that the body throws itself passes, and the scope has not expired") {
  Hops h;
  const auto body = [](Timeout& limit, Hops* hops) -> Coro<> {
    co_await see(*hops, "inner", timeout(1s, an_hour));
    hops->note("expired", limit.expired() ? "yes" : "no");
    throw TimeoutError();
  };
  const auto task = h.start(see(h, "block", timeout(5s, body, &h)));
  h.run();
  CHECK(h.ending("block") == "TimeoutError");
  CHECK(h.ending("expired") == "no");
  CHECK(h.loop.time() == Instant(1s));
}

TEST_CASE("a deadline that has passed interrupts even a bare yield, and a future that is completed meanwhile") {
  Hops h;
  const auto future = h.future<int>();
  const auto main = [](Hops& hops, Future<int> f) -> Coro<> {
    const auto yields = []() -> Coro<> { co_await sleep(0s); };
    const auto awaits = [](Future<int> inner) -> Coro<int> { co_return co_await inner; };
    const Instant past = this_loop().time() - 1s;
    co_await see(hops, "yield", timeout_at(past, yields));
    this_loop().call_soon([f] { f.set_result(7); });  // posted before the deadline is
    co_await see(hops, "future", timeout_at(past, awaits, f));
  };
  const auto task = h.start(main(h, future));
  h.run();
  CHECK(h.ending("yield") == "TimeoutError");
  CHECK(h.ending("future") == "TimeoutError");
  CHECK(future.result() == 7);
}

TEST_CASE("a deadline around a group whose child fails in its clean-up gives the group's errors, and no TimeoutError") {
  Hops h;
  const auto main = [](Hops& hops) -> Coro<> {
    const auto body = []() -> Coro<> {
      const auto children = [](TaskGroup& group) -> Coro<> {
        const auto bad = []() -> Coro<> {
          static_cast<void>(co_await as_outcome(sleep(1h)));
          throw std::runtime_error("clean-up");
        };
        static_cast<void>(group.create_task(bad()));
        co_await sleep(1h);
      };
      co_await task_group(children);
    };
    co_await see(hops, "block", timeout(1s, body));
    co_await see(hops, "later", sleep(1s));
  };
  const auto task = h.start(main(h));
  h.run();
  CHECK_THAT(h.ending("block"), Contains("1 sub-exception") && Contains("clean-up"));
  CHECK(h.ending("later") == "void");
  CHECK(task.cancelling() == 0);
}

TEST_CASE("reschedule moves the deadline both ways, takes it away, and puts a passed one into the next batch") {
  Hops h;
  const auto body = [](Timeout& limit, Hops* hops, int what) -> Coro<> {
    const Instant now = this_loop().time();
    if (what == 0) limit.reschedule(now + 5s);
    if (what == 1) limit.reschedule(now + 1s);
    if (what == 2) limit.reschedule(std::nullopt);
    if (what == 3) limit.reschedule(now - 1s);
    const auto outcome = co_await as_outcome(sleep(10s));
    hops->note("at " + std::to_string(what), std::to_string((this_loop().time() - now) / 1s));
    outcome.raise();
  };
  std::vector<Task<>> tasks;
  for (int what = 0; what < 4; ++what) tasks.push_back(h.start(see(h, "left", timeout(2s, body, &h, what))));
  h.run();
  CHECK(h.ending("at 0") == "5");
  CHECK(h.ending("at 1") == "1");
  CHECK(h.ending("at 2") == "10");
  CHECK(h.ending("at 3") == "0");
}

TEST_CASE("a deadline can be moved by an earlier callback of the very batch in which it is due") {
  Hops h;
  Timeout* limit = nullptr;
  h.loop.call_later(1s, [&] { limit->reschedule(h.loop.time() + 4s); });
  const auto body = [](Timeout& inside, Timeout** out) -> Coro<> {
    *out = &inside;
    co_await sleep(1h);
  };
  const auto task = h.start(watch(h, "block", timeout(1s, body, &limit)));
  h.run();
  CHECK(h.ending("block") == "TimeoutError");
  CHECK(h.loop.time() == Instant(5s));
}

TEST_CASE("when() tells the last deadline, none without a limit") {
  const auto body = [](Timeout& limit) -> Coro<bool> {
    const bool before = limit.when() == Instant(2s);
    limit.reschedule(std::nullopt);
    co_return before && !limit.when() && !limit.expired();
  };
  const auto main = [](auto inside) -> Coro<bool> { co_return co_await timeout(2s, inside); };
  CHECK(sim::run(main(body)));
}

TEST_CASE("reschedule is refused before the block, after the deadline and after the block") {
  Hops h;
  Timeout fresh(std::nullopt);
  CHECK_THROWS_WITH(fresh.reschedule(std::nullopt), Contains("has not been entered"));
  const auto expired = [](Timeout& limit, Hops* hops) -> Coro<> {
    static_cast<void>(co_await as_outcome(sleep(1h)));
    try {
      limit.reschedule(std::nullopt);
    } catch (const RuntimeError& error) {
      hops->note("expired", error.what());
    }
  };
  const auto finished = [](Hops& hops) -> Coro<> {
    Timeout limit(std::nullopt);
    limit.enter();
    CHECK_THROWS_WITH(limit.enter(), Contains("already been entered"));
    CHECK_FALSE(limit.leave());
    try {
      limit.reschedule(std::nullopt);
    } catch (const RuntimeError& error) {
      hops.note("finished", error.what());
    }
    co_return;
  };
  const auto a = h.start(watch(h, "left", timeout(1s, expired, &h)));
  const auto b = h.start(finished(h));
  h.run();
  CHECK(h.ending("expired") == "cannot reschedule a Timeout that has expired");
  CHECK(h.ending("finished") == "cannot reschedule a Timeout that is finished");
}

TEST_CASE("a timeout outside a task is refused") {
  Timeout limit(std::nullopt);
  CHECK_THROWS_WITH(limit.enter(), Contains("timeout: no loop runs"));
  Loop loop;
  const Loop::Scope scope(loop);
  CHECK_THROWS_WITH(limit.enter(), Contains("timeout: must be used inside a task"));
}
