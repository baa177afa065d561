// SPDX-License-Identifier: BSL-1.0
// outcome_test.cpp - Outcome and as_outcome, ExceptionGroup, and the words for errors.
#include "hops.hpp"

#include <memory>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

TEST_CASE("an outcome is a value, an error or a cancellation") {
  const auto value = Outcome<int>::of_value(7);
  const auto error = Outcome<int>::of_error(std::make_exception_ptr(std::runtime_error("no")));
  const auto cancelled = Outcome<int>::of_cancelled(Message("why"));
  CHECK(value.has_value());
  CHECK(static_cast<bool>(value));
  CHECK(value.value() == 7);
  CHECK(value.exception() == nullptr);
  CHECK(value.message().empty());
  CHECK_NOTHROW(value.raise());

  CHECK(error.failed());
  CHECK_FALSE(error.cancelled());
  CHECK(error.error() == error.exception());
  CHECK_THROWS_WITH(error.value(), "no");
  CHECK_THROWS_WITH(error.raise(), "no");

  CHECK(cancelled.cancelled());
  CHECK_FALSE(cancelled.failed());
  CHECK(cancelled.error() == nullptr);
  CHECK(cancelled.exception() != nullptr);
  CHECK(cancelled.message() == "why");
  CHECK_THROWS_AS(cancelled.raise(), CancelledError);
}

TEST_CASE("an outcome made of a thrown CancelledError gives that very error and its message") {
  const auto thrown = std::make_exception_ptr(CancelledError("why"));
  const auto outcome = Outcome<void>::of_cancelled(thrown);
  CHECK(outcome.exception() == thrown);
  CHECK(outcome.message() == "why");
}

TEST_CASE("the value of an outcome that is given up can be moved out") {
  auto outcome = Outcome<std::unique_ptr<int>>::of_value(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = std::move(outcome).value();
  CHECK(*taken == 7);
}

TEST_CASE("as_outcome gives how an await ended, of whatever is awaited") {
  Hops h;
  const auto fails = []() -> Coro<int> {
    co_await sleep(0s);
    throw std::runtime_error("no");
  };
  const auto body = [](Hops& hops, auto make) -> Coro<> {
    const Future<int> done = this_loop().create_future<int>();
    done.set_result(7);
    const Task<int> task = create_task(make());
    const auto nested = co_await as_outcome(as_outcome(make()));
    hops.note("nested", ending_of(nested.value()));
    co_await see(hops, "future", done);
    co_await see(hops, "task", task);
    co_await see(hops, "coroutine", make());
    co_await see(hops, "sleep", sleep(1s, 5));
    co_await see(hops, "gather", gather(done, task));
    co_await see(hops, "wait", wait(std::vector<Future<int>>(1, done)));
  };
  const auto task = h.start(body(h, fails));
  h.run();
  CHECK(h.ending("nested") == "no");
  CHECK(h.ending("future") == "7");
  CHECK(h.ending("task") == "no");
  CHECK(h.ending("coroutine") == "no");
  CHECK(h.ending("sleep") == "5");
  CHECK(h.ending("gather") == "no");
  CHECK(h.ending("wait") == "value");
}

TEST_CASE("a cancellation that arrives as an outcome counts as delivered") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<int> {
    const auto outcome = co_await as_outcome(sleep(1h));
    hops.note("outcome", ending_of(outcome));
    co_await sleep(1s);
    co_return 7;
  };
  const auto task = h.start(body(h));
  h.settle();
  task.cancel("why");
  h.run();
  CHECK(h.ending("outcome") == "cancelled (why)");
  CHECK(task.result() == 7);
}

TEST_CASE("a CancelledError is not a std::exception, so that nobody swallows it by accident") {
  STATIC_REQUIRE_FALSE(std::is_base_of_v<std::exception, CancelledError>);
  STATIC_REQUIRE_FALSE(std::is_base_of_v<std::exception, GeneratorExit>);
  STATIC_REQUIRE_FALSE(std::is_base_of_v<std::exception, KeyboardInterrupt>);
  STATIC_REQUIRE(std::is_base_of_v<std::exception, TimeoutError>);
}

TEST_CASE("every error has one line of words") {
  CHECK(describe(std::exception_ptr()) == "no exception");
  CHECK(describe(std::make_exception_ptr(std::runtime_error("no"))) == "no");
  CHECK(describe(std::make_exception_ptr(CancelledError())) == "CancelledError");
  CHECK(describe(std::make_exception_ptr(CancelledError("why"))) == "CancelledError: why");
  CHECK(describe(std::make_exception_ptr(GeneratorExit())) == "GeneratorExit");
  CHECK(describe(std::make_exception_ptr(KeyboardInterrupt())) == "KeyboardInterrupt");
  CHECK(describe(std::make_exception_ptr(TimeoutError())) == "the deadline has passed");
  CHECK(describe(std::make_exception_ptr(42)) == "unknown exception");
}

TEST_CASE("an ExceptionGroup lists its errors, those of inner groups indented") {
  const ExceptionGroup inner("inner", {std::make_exception_ptr(std::runtime_error("a"))});
  const ExceptionGroup outer("outer", {std::make_exception_ptr(inner), std::make_exception_ptr(CancelledError("b"))});
  CHECK(outer.message() == "outer");
  CHECK(outer.exceptions().size() == 2);
  CHECK(std::string(outer.what()) ==
        "outer (2 sub-exceptions)\n  - inner (1 sub-exception)\n      - a\n  - CancelledError: b");
}
