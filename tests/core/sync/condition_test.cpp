// SPDX-License-Identifier: BSL-1.0
// condition_test.cpp - conditions: notifications, the lock that is taken again whatever comes, and what is passed on.
#include "hops.hpp"

#include <optional>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Catch::Matchers::StartsWith;

namespace {

/// Waits for one notification under the lock and notes `name` with how that ended, and whether the lock was held then.
Coro<> await_news(Hops& h, const char* name, Condition& condition) {
  const auto guard = co_await condition.scoped();
  const auto outcome = co_await as_outcome(condition.wait());
  h.note(name, ending_of(outcome) + (condition.locked() ? "" : ", not locked"));
  outcome.raise();
}

Coro<> news_of(Condition* condition) { co_await condition->wait(); }

/// As await_news, but keeps the lock for another second.
Coro<> await_news_and_sleep(Hops& h, const char* name, Condition& condition) {
  const auto guard = co_await condition.scoped();
  const auto outcome = co_await as_outcome(condition.wait());
  h.note(name, ending_of(outcome));
  co_await sleep(1s);
}

/// Takes the lock, notifies, and keeps the lock until `until` is done.
Coro<> notify_and_hold(Hops& h, Condition& condition, std::size_t n, Future<> until) {
  const auto guard = co_await condition.scoped();
  condition.notify(n);
  h.note("notify");
  co_await until;
  h.note("release");
}

/// Takes the lock, notifies, and releases at once.
Coro<> notify(Hops& h, Condition& condition, std::size_t n = 1) {
  const auto guard = co_await condition.scoped();
  h.note("notify");
  condition.notify(n);
}

/// Completes `future` in a batch of its own, noted as "done".
void complete(Hops& h, Future<> future) {
  h.batch_with([&h, future] {
    h.note("done");
    future.set_result();
  });
}

}  // namespace

TEST_CASE("wait() releases the lock, and has it again when it returns") {
  Condition condition;
  Hops h;
  const auto a = h.start(await_news(h, "a", condition));
  h.settle();
  CHECK_FALSE(condition.locked());
  const auto b = h.start(notify(h, condition));
  h.settle();
  CHECK(h.ending("a") == "void");
  CHECK_FALSE(condition.locked());
}

TEST_CASE("a notified task goes on one hop later if the lock is released in the same batch") {
  Condition condition;
  Hops h;
  const auto a = h.start(await_news(h, "a", condition));
  h.settle();
  const auto b = h.start(notify(h, condition));
  h.settle();
  CHECK(h.hops("notify", "a") == 1);
}

TEST_CASE("a notified task goes on one hop after the lock is released, however long that takes") {
  Condition condition;
  Hops h;
  const auto until = h.future();
  const auto a = h.start(await_news(h, "a", condition));
  h.settle();
  const auto b = h.start(notify_and_hold(h, condition, 1, until));
  h.settle();
  h.batch();
  CHECK_FALSE(h.happened("a"));
  complete(h, until);
  h.settle();
  CHECK(h.hops("release", "a") == 1);
}

TEST_CASE("notify_all wakes all: those that release at once go on in one batch, in the order in which they came") {
  Condition condition;
  Hops h;
  const auto a = h.start(await_news(h, "a", condition));
  const auto b = h.start(await_news(h, "b", condition));
  const auto c = h.start(await_news(h, "c", condition));
  h.settle();
  const auto body = [](Hops& hops, Condition& d) -> Coro<> {
    const auto guard = co_await d.scoped();
    hops.note("notify");
    d.notify_all();
  };
  const auto task = h.start(body(h, condition));
  h.settle();
  CHECK(h.story() == "notify a b c");
  CHECK(h.hops("notify", "a") == 1);
  CHECK(h.hops("notify", "c") == 1);
}

TEST_CASE("notified tasks that keep the lock have it one after the other") {
  Condition condition;
  Hops h;
  const auto a = h.start(await_news_and_sleep(h, "a", condition));
  const auto b = h.start(await_news_and_sleep(h, "b", condition));
  h.settle();
  const auto task = h.start(notify(h, condition, 2));
  h.settle();
  CHECK(h.story() == "notify a");
  h.run();
  CHECK(h.story() == "notify a b");
  CHECK(h.loop.time() == Instant(2s));
}

TEST_CASE("notify(n) wakes the n that came first, and none is as good as zero") {
  Condition condition;
  Hops h;
  const auto nothing = h.start(notify(h, condition, 5));
  h.settle();
  const auto a = h.start(await_news(h, "a", condition));
  const auto b = h.start(await_news(h, "b", condition));
  const auto c = h.start(await_news(h, "c", condition));
  h.settle();
  CHECK_FALSE(h.happened("a"));  // a notification without a waiter is not kept
  const auto zero = h.start(notify(h, condition, 0));
  h.settle();
  CHECK_FALSE(h.happened("a"));
  const auto two = h.start(notify(h, condition, 2));
  h.settle();
  CHECK(h.happened("b"));
  CHECK_FALSE(h.happened("c"));
}

TEST_CASE("a cancelled wait takes the lock before the cancellation comes out") {
  Condition condition;
  Hops h;
  const auto a = h.start(await_news(h, "a", condition));
  h.settle();
  cancel_in_batch(h, a, "enough");
  CHECK(h.hops("cancel", "a") == 1);
  CHECK(h.ending("a") == "cancelled (enough)");
  CHECK_FALSE(condition.locked());
}

TEST_CASE("while the lock is held by others a cancelled wait goes on waiting for it") {
  Condition condition;
  Hops h;
  const auto until = h.future();
  const auto a = h.start(await_news(h, "a", condition));
  h.settle();
  const auto b = h.start(notify_and_hold(h, condition, 0, until));
  h.settle();
  cancel_in_batch(h, a, "enough");
  CHECK_FALSE(h.happened("a"));
  complete(h, until);
  h.settle();
  CHECK(h.hops("release", "a") == 1);
  CHECK(h.ending("a") == "cancelled (enough)");
}

TEST_CASE("of several cancellations during a wait the last one comes out, when the lock is taken again") {
  Condition condition;
  Hops h;
  const auto until = h.future();
  const auto a = h.start(await_news(h, "a", condition));
  h.settle();
  const auto b = h.start(notify_and_hold(h, condition, 0, until));
  h.settle();
  for (const char* message : {"one", "two", "three"}) {
    a.cancel(message);
    h.settle();
    CHECK_FALSE(h.happened("a"));
  }
  complete(h, until);
  h.settle();
  CHECK(h.ending("a") == "cancelled (three)");
  CHECK(a.cancelling() == 3);
}

TEST_CASE("a task that is notified and cancelled in one batch passes the notification on") {
  Condition condition;
  Hops h;
  const auto a = h.start(await_news(h, "a", condition));
  const auto b = h.start(await_news(h, "b", condition));
  const auto c = h.start(await_news(h, "c", condition));
  h.settle();
  const auto body = [](Hops& hops, Condition& d, Task<> victim) -> Coro<> {
    const auto guard = co_await d.scoped();
    hops.note("notify");
    d.notify();
    victim.cancel();
  };
  const auto task = h.start(body(h, condition, a));
  h.settle();
  CHECK(h.hops("notify", "a") == 1);
  CHECK(h.ending("a") == "cancelled");
  CHECK(h.hops("notify", "b") == 2);
  CHECK(h.ending("b") == "void");
  CHECK_FALSE(h.happened("c"));
}

TEST_CASE("a task that is cancelled while it takes the lock again passes its notification on") {
  Condition condition;
  Hops h;
  const auto until = h.future();
  const auto a = h.start(await_news(h, "a", condition));
  const auto b = h.start(await_news(h, "b", condition));
  h.settle();
  const auto holder = h.start(notify_and_hold(h, condition, 1, until));
  h.settle();
  cancel_in_batch(h, a, "why");  // it was notified, and is in line for the lock
  CHECK_FALSE(h.happened("a"));
  complete(h, until);
  h.settle();
  CHECK(h.ending("a") == "cancelled (why)");
  CHECK(h.ending("b") == "void");
}

TEST_CASE("a wait that is cancelled without a notification may wake another: wait_for looks again") {
  Condition condition;
  Hops h;
  const auto patient = [](Hops& hops, Condition& d) -> Coro<> {
    const auto guard = co_await d.scoped();
    int looks = 0;
    co_await d.wait_for([&looks] { return ++looks == 3; });
    hops.note("patient", std::to_string(looks));
  };
  const auto a = h.start(await_news(h, "a", condition));
  const auto b = h.start(patient(h, condition));
  h.settle();
  cancel_in_batch(h, a);
  CHECK(h.ending("a") == "cancelled");
  CHECK_FALSE(h.happened("patient"));  // was woken, and looked for the second time
  const auto c = h.start(notify(h, condition));
  h.settle();
  CHECK(h.ending("patient") == "3");
}

TEST_CASE("wait_for gives what its predicate returned, and does not wait if that is true at once") {
  Condition condition;
  Hops h;
  const auto body = [](Hops& hops, Condition& d, std::optional<int>& value) -> Coro<> {
    const auto guard = co_await d.scoped();
    hops.note("call");
    co_await d.wait_for([] { return true; });
    hops.note("at once");
    const std::optional<int> result = co_await d.wait_for([&value] { return value; });
    hops.note("value", std::to_string(*result));
  };
  std::optional<int> value;
  const auto task = h.start(body(h, condition, value));
  h.settle();
  CHECK(h.hops("call", "at once") == 0);
  CHECK_FALSE(h.happened("value"));
  const auto unready = h.start(notify(h, condition));
  h.settle();
  CHECK_FALSE(h.happened("value"));
  value = 7;
  const auto ready = h.start(notify(h, condition));
  h.settle();
  CHECK(h.ending("value") == "7");
}

TEST_CASE("a predicate that throws ends wait_for with its error, and the lock is still held") {
  Condition condition;
  Hops h;
  const auto body = [](Hops& hops, Condition& d) -> Coro<> {
    const auto guard = co_await d.scoped();
    const auto fails = []() -> bool { throw std::runtime_error("no"); };
    co_await see(hops, "wait_for", d.wait_for(fails));
    hops.note("locked", d.locked() ? "yes" : "no");
  };
  const auto task = h.start(body(h, condition));
  h.settle();
  CHECK(h.ending("wait_for") == "no");
  CHECK(h.ending("locked") == "yes");
  CHECK_FALSE(condition.locked());
}

TEST_CASE("several conditions can share a lock") {
  Lock lock;
  Condition filled(lock);
  Condition emptied(lock);
  Hops h;
  const auto a = h.start(await_news(h, "filled", filled));
  const auto b = h.start(await_news(h, "emptied", emptied));
  h.settle();
  CHECK(&filled.lock() == &emptied.lock());
  const auto task = h.start(notify(h, filled, 2));
  h.settle();
  CHECK(h.happened("filled"));
  CHECK_FALSE(h.happened("emptied"));
}

TEST_CASE("waiting without the lock is refused, and the error names the condition") {
  Condition condition("news");
  Hops h;
  const auto task = h.start(watch(h, "wait", condition.wait()));
  const auto other = h.start(see(h, "wait_for", condition.wait_for([] { return false; })));
  h.settle();
  CHECK_THROWS_AS(task.result(), RuntimeError);
  CHECK(h.ending("wait") == "wait: the lock of Condition 'news' is not locked");
  CHECK(h.ending("wait_for") == "wait: the lock of Condition 'news' is not locked");
}

TEST_CASE("notifying without the lock is refused, and the error names the condition or where it was made") {
  Condition named("news");
  Condition unnamed;
  const std::string line = std::to_string(__LINE__ - 1);
  CHECK_THROWS_AS(named.notify(), RuntimeError);
  CHECK_THROWS_WITH(named.notify(), "notify: the lock of Condition 'news' is not locked");
  CHECK_THROWS_WITH(named.notify_all(), "notify: the lock of Condition 'news' is not locked");
  CHECK_THROWS_WITH(unnamed.notify(), StartsWith("notify: the lock of Condition (made at condition_test.cpp:" + line));
}

TEST_CASE("releasing the lock of a condition that is free is refused, and the error names it") {
  Condition condition("news");
  CHECK_THROWS_AS(condition.release(), RuntimeError);
  CHECK_THROWS_WITH(condition.release(), "release: the lock of Condition 'news' is not locked");
}

TEST_CASE("the lock of a condition can be acquired and released by hand") {
  Condition condition;
  Hops h;
  const auto body = [](Hops& hops, Condition& d) -> Coro<> {
    co_await d.acquire();
    co_await d.wait();
    hops.note("news");
    d.release();
  };
  const auto a = h.start(body(h, condition));
  h.settle();
  const auto b = h.start(notify(h, condition));
  h.settle();
  CHECK(h.happened("news"));
  CHECK_FALSE(condition.locked());
}

TEST_CASE("a wait for a notification can have a deadline, which is heard once the lock is free") {
  Condition condition;
  Hops h;
  const auto until = h.future();
  const auto body = [](Hops& hops, const char* name, Condition& d) -> Coro<> {
    const auto guard = co_await d.scoped();
    co_await see(hops, name, wait_for(d.wait(), 1s));
  };
  const auto in_timeout = [](Hops& hops, Condition& d) -> Coro<> {
    const auto guard = co_await d.scoped();
    co_await see(hops, "timeout", timeout(1s, news_of, &d));
  };
  const auto a = h.start(body(h, "wait_for", condition));
  const auto b = h.start(in_timeout(h, condition));
  h.settle();
  const auto holder = h.start(notify_and_hold(h, condition, 0, until));
  h.loop.call_later(5s, [&] { until.set_result(); });
  h.run();
  CHECK(h.story() == "notify release wait_for timeout");
  CHECK(h.ending("wait_for") == "TimeoutError");
  CHECK(h.ending("timeout") == "TimeoutError");
  CHECK_FALSE(condition.locked());
}
