// SPDX-License-Identifier: BSL-1.0
// wait_for_test.cpp - wait_for(): what comes out when results, deadlines and cancellations meet.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

TEST_CASE("wait_for gives the value of what is done in time") {
  Hops h;
  const auto task = h.start(watch(h, "wait_for", wait_for(sleep(1s, 7), 2s)));
  h.run();
  CHECK(h.ending("wait_for") == "7");
  CHECK(h.loop.time() == Instant(1s));
}

TEST_CASE("wait_for without a limit waits for ever") {
  Hops h;
  const auto task = h.start(watch(h, "wait_for", wait_for(sleep(1000h, 7), std::nullopt)));
  h.run();
  CHECK(h.ending("wait_for") == "7");
}

TEST_CASE("past its limit wait_for cancels a coroutine and throws TimeoutError") {
  Hops h;
  const auto task = h.start(watch(h, "wait_for", wait_for(watch(h, "inner", sleep(1h)), 2s)));
  h.run();
  CHECK(h.ending("inner") == "cancelled");
  CHECK(h.ending("wait_for") == "TimeoutError");
  CHECK(h.loop.time() == Instant(2s));
  CHECK(task.cancelling() == 0);
}

TEST_CASE("a coroutine in wait_for runs in the task of its caller") {
  Hops h;
  const auto name = []() -> Coro<std::string> { co_return current_task().name(); };
  const auto body = [name]() -> Coro<std::string> { co_return co_await wait_for(name(), 1s); };
  const auto task = h.loop.create_task(body(), {.name = "caller"});
  h.settle();
  CHECK(task.result() == "caller");
}

TEST_CASE("an inner that swallows the cancellation decides: its value or error comes out") {
  Hops h;
  const auto swallows = []() -> Coro<int> {
    static_cast<void>(co_await as_outcome(sleep(1h)));
    co_return 7;
  };
  const auto raises = []() -> Coro<int> {
    static_cast<void>(co_await as_outcome(sleep(1h)));
    throw std::runtime_error("clean-up");
  };
  const auto a = h.start(see(h, "value", wait_for(swallows(), 1s)));
  const auto b = h.start(see(h, "error", wait_for(raises(), 1s)));
  const auto c = h.start(see(h, "task value", wait_for(h.start(swallows()), 1s)));
  h.run();
  CHECK(h.ending("value") == "7");
  CHECK(h.ending("error") == "clean-up");
  CHECK(h.ending("task value") == "7");
}

TEST_CASE("wait_for returns only after the clean-up of what it cancelled") {
  Hops h;
  const auto slow = []() -> Coro<> {
    const auto outcome = co_await as_outcome(sleep(1h));
    co_await sleep(5s);
    outcome.raise();
  };
  const auto task = h.start(watch(h, "wait_for", wait_for(slow(), 1s)));
  h.run();
  CHECK(h.ending("wait_for") == "TimeoutError");
  CHECK(h.loop.time() == Instant(6s));
}

TEST_CASE("a result that was set in the batch of the deadline loses to it and stays in the future") {
  Hops h;
  const auto future = h.future<int>();
  h.loop.call_later(1s, [&] { future.set_result(7); });
  const auto task = h.start(watch(h, "wait_for", wait_for(future, 1s)));
  h.run();
  CHECK(h.ending("wait_for") == "TimeoutError");
  CHECK(future.result() == 7);
}

TEST_CASE("when the deadline is first, the producer finds the future cancelled") {
  Hops h;
  const auto future = h.future<int>();
  const auto task = h.start(watch(h, "wait_for", wait_for(future, 1s)));
  h.settle();
  h.loop.call_later(1s, [&] { CHECK_THROWS_AS(future.set_result(7), InvalidStateError); });
  h.run();
  CHECK(h.ending("wait_for") == "TimeoutError");
}

TEST_CASE("a caller that is cancelled in the batch of the result gets CancelledError") {
  Hops h;
  const auto future = h.future<int>();
  const auto task = h.start(watch(h, "wait_for", wait_for(future, 1h)));
  h.settle();
  h.batch_with([&] {
    future.set_result(7);
    task.cancel();
  });
  h.settle();
  CHECK(h.ending("wait_for") == "cancelled");
  CHECK(future.result() == 7);
}

TEST_CASE("a caller that is cancelled in the batch of the deadline gets CancelledError, in either order") {
  for (const bool cancel_first : {true, false}) {
    Hops h;
    Task<int> task;
    const auto cancel = [&task] { task.cancel(); };
    if (cancel_first) h.loop.call_later(1s, cancel);
    task = h.start(watch(h, "wait_for", wait_for(h.future<int>(), 1s)));
    h.settle();
    if (!cancel_first) h.loop.call_later(1s, cancel);
    h.run();
    CHECK(h.ending("wait_for") == "cancelled");
    CHECK(task.cancelling() == 1);
  }
}

TEST_CASE("a caller that is cancelled while the timed-out inner cleans up interrupts the clean-up") {
  Hops h;
  const auto inner = [](Hops& hops) -> Coro<> {
    co_await see(hops, "work", sleep(1h));
    co_await watch(hops, "clean-up", sleep(1h));
  };
  const auto task = h.start(watch(h, "wait_for", wait_for(inner(h), 1s)));
  h.loop.call_later(2s, [&] { task.cancel(); });
  h.run();
  CHECK(h.ending("work") == "cancelled");
  CHECK(h.ending("clean-up") == "cancelled");
  CHECK(h.ending("wait_for") == "cancelled");
}

TEST_CASE("with no time left a result that is there is taken, and a coroutine never starts") {
  Hops h;
  const auto done = h.future<int>();
  done.set_result(7);
  const auto a = h.start(see(h, "done", wait_for(done, 0s)));
  const auto b = h.start(see(h, "coroutine", wait_for(watch(h, "inner", sleep(1s)), 0s)));
  h.run();
  CHECK(h.ending("done") == "7");
  CHECK(h.ending("coroutine") == "TimeoutError");
  CHECK_FALSE(h.happened("inner"));
}

TEST_CASE("with no time left wait_for still waits for the clean-up of a task") {
  Hops h;
  const auto slow = []() -> Coro<int> {
    static_cast<void>(co_await as_outcome(sleep(1h)));
    co_await sleep(5s);
    co_return 7;
  };
  const auto inner = h.start(slow());
  h.settle();
  const auto task = h.start(watch(h, "wait_for", wait_for(inner, 0s)));
  h.run();
  CHECK(h.ending("wait_for") == "7");
  CHECK(h.loop.time() == Instant(5s));
}

TEST_CASE("with no time left, a caller that is cancelled leaves at once although the task still cleans up") {
  Hops h;
  const auto slow = []() -> Coro<int> {
    static_cast<void>(co_await as_outcome(sleep(1h)));
    co_await sleep(5s);
    co_return 7;
  };
  const auto inner = h.start(slow());
  h.settle();
  const auto task = h.start(watch(h, "wait_for", wait_for(inner, 0s)));
  h.settle();
  cancel_in_batch(h, task);
  CHECK(h.ending("wait_for") == "cancelled");
  CHECK(h.hops("cancel", "wait_for") == 1);
  CHECK(inner.result() == 7);
}

TEST_CASE("wait_for around a shield leaves what is protected alone, also with no time left") {
  Hops h;
  const auto inner = h.start(watch(h, "inner", sleep(5s, 7)));
  const auto body = [](Hops& hops, Task<int> task) -> Coro<> {
    co_await see(hops, "zero", wait_for(shield(task), 0s));
    co_await see(hops, "one", wait_for(shield(task), 1s));
  };
  const auto task = h.start(body(h, inner));
  h.run();
  CHECK(h.ending("zero") == "TimeoutError");
  CHECK(h.ending("one") == "TimeoutError");
  CHECK(h.ending("inner") == "7");
}
