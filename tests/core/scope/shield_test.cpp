// SPDX-License-Identifier: BSL-1.0
// shield_test.cpp - shield(): what is protected, what is not, and whose errors are seen.
#include "hops.hpp"

#include <memory>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

template <class T>
Coro<T> shielding(Future<T> inner) {
  co_return co_await shield(inner);
}

}  // namespace

TEST_CASE("shield gives the value or the very same error of what it protects") {
  Hops h;
  const auto value = h.future<int>();
  const auto error = h.future<int>();
  const auto a = h.start(see(h, "value", shielding(value)));
  const auto b = h.start(see(h, "error", shielding(error)));
  h.settle();
  value.set_result(7);
  error.set_exception(std::runtime_error("no"));
  h.settle();
  CHECK(h.ending("value") == "7");
  CHECK(h.ending("error") == "no");
}

TEST_CASE("shield of what is done is the very future") {
  Hops h;
  const Loop::Scope scope(h.loop);
  const auto done = h.future<int>();
  done.set_result(7);
  CHECK(shield(done) == done);
  const auto pending = h.future<int>();
  CHECK_FALSE(shield(pending) == pending);
}

TEST_CASE("cancelling the awaiter of a shield leaves what it protects alone") {
  Hops h;
  const auto inner = h.start(watch(h, "inner", sleep(1s, 7)));
  const auto task = h.start(watch(h, "task", shielding<int>(inner)));
  h.settle();
  task.cancel("why");
  h.run();
  CHECK(h.ending("task") == "cancelled (why)");
  CHECK(h.ending("inner") == "7");
}

TEST_CASE("cancelling the shield's own future cancels it and nothing else") {
  Hops h;
  const Loop::Scope scope(h.loop);
  const auto inner = h.future<int>();
  const auto outer = shield(inner);
  CHECK(outer.cancel("why"));
  h.settle();
  CHECK(outer.cancelled());
  CHECK_FALSE(inner.done());
  CHECK(ending_of(outer.outcome()) == "cancelled (why)");
}

TEST_CASE("when somebody cancels what is protected, the shield is cancelled without the message") {
  Hops h;
  const Loop::Scope scope(h.loop);
  const auto inner = h.future<int>();
  const auto outer = shield(inner);
  inner.cancel("why");
  h.settle();
  CHECK(outer.cancelled());
  CHECK(ending_of(outer.outcome()) == "cancelled");
}

TEST_CASE("an error of what was protected is reported if the shield was cancelled before") {
  Hops h;
  {
    const Loop::Scope scope(h.loop);
    const auto inner = h.future<int>();
    const auto outer = shield(inner);
    outer.cancel();
    h.settle();
    inner.set_exception(std::runtime_error("unseen"));
    h.settle();
  }
  CHECK(h.loop.take_reports().size() == 1);
}

TEST_CASE("an error in the very batch in which the shield is cancelled counts as seen") {
  Hops h;
  {
    const Loop::Scope scope(h.loop);
    const auto inner = h.future<int>();
    const auto outer = shield(inner);
    inner.set_exception(std::runtime_error("swallowed"));
    outer.cancel();
    h.settle();
    CHECK(outer.cancelled());
  }
  CHECK(h.loop.take_reports().empty());
}

TEST_CASE("a coroutine in a shield becomes a task that lives on without its awaiter") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> { co_await shield(see(hops, "inner", sleep(1s))); };
  const auto task = h.start(watch(h, "task", body(h)));
  h.settle();
  task.cancel();
  h.run();
  CHECK(h.ending("task") == "cancelled");
  CHECK(h.ending("inner") == "void");
}

TEST_CASE("a shield in a gather and a gather in a shield stop a cancellation exactly at the shield") {
  Hops h;
  const auto safe = h.start(watch(h, "safe", sleep(1s, 1)));
  const auto exposed = h.start(watch(h, "exposed", sleep(1s, 2)));
  const auto inside = h.start(watch(h, "inside", sleep(1s, 3)));
  const auto gather_of_shield = [](Task<int> a, Task<int> b) -> Coro<> { co_await gather(shield(a), b); };
  const auto shield_of_gather = [](Task<int> a) -> Coro<> { co_await shield(gather(a)); };
  const auto one = h.start(watch(h, "one", gather_of_shield(safe, exposed)));
  const auto two = h.start(watch(h, "two", shield_of_gather(inside)));
  h.settle();
  one.cancel();
  two.cancel();
  h.run();
  CHECK(h.ending("one") == "cancelled");
  CHECK(h.ending("two") == "cancelled");
  CHECK(h.ending("safe") == "1");
  CHECK(h.ending("exposed") == "cancelled");
  CHECK(h.ending("inside") == "3");
}

TEST_CASE("a value that cannot be copied is moved through a shield") {
  const auto boxed = []() -> Coro<std::unique_ptr<int>> {
    co_await sleep(0s);
    co_return std::make_unique<int>(7);
  };
  const auto body = [boxed]() -> Coro<int> {
    const std::unique_ptr<int> value = co_await shield(boxed());
    co_return *value;
  };
  CHECK(sim::run(body()) == 7);
}
