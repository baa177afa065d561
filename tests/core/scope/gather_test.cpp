// SPDX-License-Identifier: BSL-1.0
// gather_test.cpp - gather(): results, errors, cancellation from above and from below.
#include "hops.hpp"

#include <memory>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

Coro<int> after_seconds(int seconds, int value) {
  co_await sleep(seconds * 1s);
  co_return value;
}

Coro<int> fails_after(int seconds, const char* text) {
  co_await sleep(seconds * 1s);
  throw std::runtime_error(text);
}

Coro<std::string> gives_text() { co_return "text"; }

Coro<> gives_nothing() { co_return; }

/// Answers a cancellation with a value.
Coro<int> stubborn(int value) {
  static_cast<void>(co_await as_outcome(sleep(1h)));
  co_return value;
}

}  // namespace

TEST_CASE("gather gives the values in the order of its arguments, however they end") {
  const auto body = []() -> Coro<std::string> {
    const auto [a, b, c] = co_await gather(after_seconds(3, 1), after_seconds(1, 2), gives_text());
    co_return std::to_string(a) + std::to_string(b) + c;
  };
  CHECK(sim::run(body()) == "12text");
}

TEST_CASE("gather starts its coroutines in the order of its arguments, and cancels them in that order") {
  Hops h;
  const auto child = [](Hops& hops, std::string name) -> Coro<> {
    hops.note(name);
    static_cast<void>(co_await as_outcome(sleep(1h)));
    hops.note(name + "!");
  };
  const auto body = [child](Hops& hops) -> Coro<> {
    co_await gather(child(hops, "a"), child(hops, "b"), child(hops, "c"));
  };
  const auto task = h.start(body(h));
  h.settle();
  task.cancel();
  h.settle();
  CHECK(h.story() == "a b c a! b! c!");
}

TEST_CASE("gather of a vector gives a vector; void becomes monostate") {
  const auto body = []() -> Coro<std::vector<int>> {
    std::vector<Coro<int>> coros;
    for (int i = 0; i < 5; ++i) coros.push_back(after_seconds(5 - i, i));
    auto values = co_await gather(std::move(coros));
    std::vector<Coro<void>> voids;
    voids.push_back(gives_nothing());
    const std::vector<std::monostate> nothing = co_await gather(std::move(voids));
    values.push_back(static_cast<int>(nothing.size()));
    co_return values;
  };
  CHECK(sim::run(body()) == std::vector{0, 1, 2, 3, 4, 1});
}

TEST_CASE("gather of no awaitables, or of an empty vector, is done when it returns") {
  Hops h;
  const Loop::Scope scope(h.loop);
  const auto tuple = gather();
  CHECK(tuple.done());
  CHECK(tuple.result() == std::tuple<>());
  const auto vector = gather(std::vector<Future<int>>());
  CHECK(vector.done());
  CHECK(vector.result().empty());
}

TEST_CASE("the same future given twice is waited for once and fills both places") {
  Hops h;
  const Loop::Scope scope(h.loop);
  const auto future = h.future<int>();
  const auto both = gather(future, future);
  const auto many = gather(std::vector{future, future, future});
  future.set_result(7);
  h.settle();
  CHECK(both.result() == std::tuple(7, 7));
  CHECK(many.result() == std::vector{7, 7, 7});
}

TEST_CASE("values that cannot be copied are moved out of their tasks") {
  const auto boxed = [](int value) -> Coro<std::unique_ptr<int>> { co_return std::make_unique<int>(value); };
  const auto body = [boxed]() -> Coro<int> {
    auto [a, b] = co_await gather(boxed(40), boxed(2));
    co_return *a + *b;
  };
  CHECK(sim::run(body()) == 42);
}

TEST_CASE("the first error ends a gather; siblings run on and their later errors are never reported") {
  Hops h;
  const auto slow = h.start(after_seconds(3, 1));
  {
    const auto body = [](Hops& hops, Task<int> sibling) -> Coro<> {
      co_await see(hops, "gather", gather(fails_after(1, "first"), fails_after(2, "second"), sibling));
    };
    const auto task = h.start(body(h, slow));
    h.batch(Instant(0s));
    h.run();
  }
  CHECK(h.ending("gather") == "first");
  CHECK(slow.result() == 1);
  CHECK(slow.cancelling() == 0);
  CHECK(h.loop.take_reports().empty());
}

TEST_CASE("a gather that nobody awaits reports its error") {
  Hops h;
  {
    const Loop::Scope scope(h.loop);
    const auto outer = gather(fails_after(1, "unseen"), after_seconds(2, 1));
    h.run();
    CHECK(outer.done());
  }
  const auto reports = h.loop.take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(ending_of(reports[0].exception) == "unseen");
  CHECK(reports[0].subject.find("gather") == 0);
}

TEST_CASE("with return_exceptions errors and cancellations are outcomes, and all children are waited for") {
  Hops h;
  const auto cancelled = h.future<int>();
  cancelled.cancel("why");
  const auto body = [](Future<int> f) -> Coro<std::string> {
    const auto [a, b, c] = co_await gather(return_exceptions, fails_after(1, "no"), f, after_seconds(2, 3));
    CHECK(a.failed());
    CHECK(b.cancelled());
    CHECK(c.has_value());
    co_return ending_of(a) + ", " + ending_of(b) + ", " + ending_of(c);
  };
  const auto task = h.start(body(cancelled));
  h.run();
  CHECK(task.result() == "no, cancelled (why), 3");
}

TEST_CASE("a child that somebody cancels ends the gather as failed, not as cancelled; siblings run on") {
  Hops h;
  const Loop::Scope scope(h.loop);
  const auto child = h.start(after_seconds(5, 1));
  const auto sibling = h.start(after_seconds(2, 2));
  const auto outer = gather(child, sibling);
  const auto awaiter = h.start(watch(h, "awaiter", outer));
  h.settle();
  child.cancel("why");
  h.run();
  CHECK(outer.done());
  CHECK_FALSE(outer.cancelled());
  CHECK(h.ending("awaiter") == "cancelled (why)");
  CHECK(awaiter.cancelling() == 0);
  CHECK(sibling.result() == 2);
}

TEST_CASE("cancelling the awaiter cancels every child, and ends it even if all children swallow the request") {
  Hops h;
  const auto one = h.start(stubborn(1));
  const auto two = h.start(stubborn(2));
  const auto body = [](Task<int> a, Task<int> b) -> Coro<> { co_await gather(a, b); };
  const auto task = h.start(watch(h, "task", body(one, two)));
  h.settle();
  cancel_in_batch(h, task);
  CHECK(one.result() == 1);
  CHECK(two.result() == 2);
  CHECK(h.ending("task") == "cancelled");
}

TEST_CASE("a child that answers the cancellation with an error decides what the awaiter of gather sees") {
  Hops h;
  const auto raises = []() -> Coro<int> {
    static_cast<void>(co_await as_outcome(sleep(1h)));
    throw std::runtime_error("clean-up failed");
  };
  const auto slow = []() -> Coro<int> {
    static_cast<void>(co_await as_outcome(sleep(1h)));
    co_await sleep(5s);
    co_return 1;
  };
  const auto one = h.start(raises());
  const auto two = h.start(slow());
  const auto body = [](Task<int> a, Task<int> b) -> Coro<> { co_await gather(a, b); };
  const auto task = h.start(watch(h, "task", body(one, two)));
  h.settle();
  h.batch_with([&] { task.cancel(); });
  h.settle();
  CHECK(h.ending("task") == "clean-up failed");
  CHECK_FALSE(two.done());  // and the slower child is not waited for
}

TEST_CASE("with return_exceptions a cancelled gather waits for all children and then gives CancelledError") {
  Hops h;
  const auto body = []() -> Coro<> { co_await gather(return_exceptions, after_seconds(9, 1), turns(0, 2)); };
  const auto task = h.start(watch(h, "task", body()));
  h.settle();
  CHECK(task.cancel("why"));
  h.run();
  CHECK(h.ending("task") == "cancelled");  // asyncio asks the child in the last position, which was not cancelled
  CHECK(h.loop.time() == Instant());
}

TEST_CASE("a cancellation beats the error of a gather that has not reached its awaiter; children are untouched") {
  Hops h;
  const auto bad = h.future<int>();
  const auto sibling = h.start(after_seconds(1, 1));
  const auto body = [](Future<int> a, Task<int> b) -> Coro<> { co_await gather(a, b); };
  const auto task = h.start(watch(h, "task", body(bad, sibling)));
  h.settle();
  h.batch_with([&] { bad.set_exception(std::runtime_error("no")); });
  cancel_in_batch(h, task);  // behind the child's entry, which has ended the gather, and before the awaiter's step
  CHECK(h.ending("task") == "cancelled");
  CHECK(sibling.result() == 1);
}

TEST_CASE("cancel() of a gather says false when all children are done, or the gather is") {
  Hops h;
  const Loop::Scope scope(h.loop);
  const auto child = h.future<int>();
  const auto outer = gather(child, child);
  child.set_result(1);
  CHECK_FALSE(outer.cancel());
  h.settle();
  CHECK(outer.done());
  CHECK_FALSE(outer.cancel());
  CHECK(outer.result() == std::tuple(1, 1));
}

TEST_CASE("each cancel() of the awaiter reaches the children of a gather again") {
  Hops h;
  const auto child_body = [](Hops& hops) -> Coro<int> {
    co_await see(hops, "first", sleep(1h));
    co_await see(hops, "second", sleep(1h));
    co_return 1;
  };
  const auto body = [](Task<int> t) -> Coro<> { co_await gather(t); };
  const auto child = h.start(child_body(h));
  const auto task = h.start(watch(h, "task", body(child)));
  h.settle();
  h.batch_with([&] { task.cancel("one"); });
  h.settle();
  h.batch_with([&] { task.cancel("two"); });
  h.settle();
  CHECK(h.ending("first") == "cancelled (one)");
  CHECK(h.ending("second") == "cancelled (two)");
  CHECK(child.cancelling() == 2);
  CHECK(h.ending("task") == "cancelled");  // the child swallowed the text with the error
}

TEST_CASE("a cancelled gather has failed with CancelledError: it is never cancelled itself") {
  Hops h;
  const Loop::Scope scope(h.loop);
  const auto outer = gather(h.future<int>());
  CHECK(outer.cancel("why"));
  h.settle();
  CHECK(outer.done());
  CHECK_FALSE(outer.cancelled());
  CHECK(ending_of(outer.outcome()) == "cancelled (why)");
}

TEST_CASE("the tasks that a gather makes are told by the line of its call") {
  Hops h;
  const Loop::Scope scope(h.loop);
  const auto line = static_cast<std::uint32_t>(__LINE__ + 1);
  const auto outer = gather(turns(1, 1), sleep(0s));
  for (const AnyTask& task : all_tasks()) CHECK(task.created().line() == line);
  CHECK(all_tasks().size() == 2);
  h.settle();
  CHECK(std::get<0>(outer.result()) == 1);
}
