// SPDX-License-Identifier: BSL-1.0
// barrier_test.cpp - barriers: meetings, newcomers at the door, cancelled waiters, resets and broken barriers.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Catch::Matchers::StartsWith;

namespace {

Coro<std::size_t> arrive(Barrier* barrier) { co_return co_await barrier->wait(); }

/// The same with the calls noted: "reset" or "abort" when it is made.
Coro<> reset(Hops& h, Barrier& barrier) {
  h.note("reset");
  co_await barrier.reset();
}
Coro<> abort(Hops& h, Barrier& barrier) {
  h.note("abort");
  co_await barrier.abort();
}

/// Starts a task that waits at the barrier and notes `name` with its index or error.
Task<> visitor(Hops& h, const char* name, Barrier& barrier) { return h.start(see(h, name, barrier.wait())); }

constexpr const char* was_reset = "Barrier 'b' was broken or reset meanwhile";
constexpr const char* is_broken = "Barrier 'b' is broken: reset it first";

}  // namespace

TEST_CASE("the last to arrive goes on without suspending, the others one hop later") {
  Barrier barrier(3);
  Hops h;
  const auto a = visitor(h, "a", barrier);
  const auto b = visitor(h, "b", barrier);
  h.settle();
  CHECK(barrier.n_waiting() == 2);
  const auto body = [](Hops& hops, Barrier& each) -> Coro<> {
    hops.note("arrival");
    co_await see(hops, "last", each.wait());
  };
  const auto task = h.start(body(h, barrier));
  h.settle();
  CHECK(h.story() == "arrival last a b");
  CHECK(h.hops("arrival", "last") == 0);
  CHECK(h.hops("arrival", "a") == 1);
  CHECK(h.hops("arrival", "b") == 1);
}

TEST_CASE("each gets the order of its arrival, 0 for the first") {
  Barrier barrier(3);
  Hops h;
  const auto a = visitor(h, "a", barrier);
  const auto b = visitor(h, "b", barrier);
  const auto c = visitor(h, "c", barrier);
  h.settle();
  CHECK(h.ending("a") == "0");
  CHECK(h.ending("b") == "1");
  CHECK(h.ending("c") == "2");
}

TEST_CASE("a barrier is used again and again") {
  Barrier barrier(2);
  Hops h;
  const auto body = [](Hops& hops, const char* name, Barrier& each) -> Coro<> {
    for (int i = 0; i < 3; ++i) {
      co_await each.wait();
      hops.note(name);
    }
  };
  const auto a = h.start(body(h, "a", barrier));
  const auto b = h.start(body(h, "b", barrier));
  h.settle();
  CHECK(h.story() == "b a b a b a");  // whoever arrives last goes on first
  CHECK(barrier.n_waiting() == 0);
  CHECK(barrier.parties() == 2);
}

TEST_CASE("a barrier for one never suspends") {
  Barrier barrier(1);
  Hops h;
  const auto body = [](Hops& hops, Barrier& each) -> Coro<> {
    hops.note("call");
    co_await see(hops, "first", each.wait());
    co_await see(hops, "second", each.wait());
  };
  const auto task = h.start(body(h, barrier));
  h.settle();
  CHECK(h.hops("call", "second") == 0);
  CHECK(h.ending("second") == "0");
}

TEST_CASE("a barrier for nobody is refused, and the error names it") {
  CHECK_THROWS_AS(Barrier(0), std::invalid_argument);
  CHECK_THROWS_WITH(Barrier(0, "b"), "Barrier 'b': the number of parties must be 1 or more, not 0");
}

TEST_CASE("who comes while a meeting still leaves waits at the door and counts for the next one") {
  Barrier barrier(2);
  Hops h;
  const auto a = visitor(h, "a", barrier);
  h.settle();
  const auto b = visitor(h, "b", barrier);
  const auto c = visitor(h, "c", barrier);  // b has completed the meeting, a has not left
  h.batch();
  CHECK(h.story() == "b");
  CHECK(barrier.n_waiting() == 0);
  h.settle();
  CHECK(h.story() == "b a");
  CHECK(barrier.n_waiting() == 1);
  const auto d = visitor(h, "d", barrier);
  h.settle();
  CHECK(h.story() == "b a d c");
  CHECK(h.ending("c") == "0");
}

TEST_CASE("a cancelled waiter leaves, and does not break the barrier") {
  Barrier barrier(3);
  Hops h;
  const auto a = visitor(h, "a", barrier);
  const auto b = visitor(h, "b", barrier);
  h.settle();
  cancel_in_batch(h, a, "enough");
  CHECK(h.hops("cancel", "a") == 1);
  CHECK(h.ending("a") == "cancelled (enough)");
  CHECK_FALSE(barrier.broken());
  CHECK(barrier.n_waiting() == 1);
  CHECK_FALSE(h.happened("b"));
  const auto c = visitor(h, "c", barrier);
  const auto d = visitor(h, "d", barrier);
  h.settle();
  CHECK(h.happened("b"));
  CHECK(h.ending("d") == "2");
}

TEST_CASE("a barrier that the only waiter leaves by cancellation is as new") {
  Barrier barrier(2);
  Hops h;
  const auto a = visitor(h, "a", barrier);
  h.settle();
  cancel_in_batch(h, a);
  CHECK(barrier.n_waiting() == 0);
  const auto b = visitor(h, "b", barrier);
  const auto c = visitor(h, "c", barrier);
  h.settle();
  CHECK(h.ending("b") == "0");
  CHECK(h.ending("c") == "1");
}

TEST_CASE("a waiter whose meeting is complete and that is cancelled before it goes on is cancelled; the others pass") {
  Barrier barrier(3);
  Hops h;
  const auto a = visitor(h, "a", barrier);
  const auto b = visitor(h, "b", barrier);
  h.settle();
  const auto body = [](Hops& hops, Barrier& each, Task<> victim) -> Coro<> {
    co_await see(hops, "last", each.wait());
    victim.cancel();
  };
  const auto c = h.start(body(h, barrier, a));
  h.settle();
  CHECK(h.ending("a") == "cancelled");
  CHECK(h.ending("b") == "1");
  CHECK(h.ending("last") == "2");
  CHECK_FALSE(barrier.broken());
  const auto d = visitor(h, "d", barrier);
  h.settle();
  CHECK(barrier.n_waiting() == 1);  // the meeting has left
}

TEST_CASE("reset() sends away all who wait, and the barrier is as new") {
  Barrier barrier(3, "b");
  Hops h;
  const auto a = visitor(h, "a", barrier);
  const auto b = visitor(h, "b", barrier);
  h.settle();
  const auto r = h.start(reset(h, barrier));
  h.settle();
  CHECK(h.story() == "reset a b");
  CHECK(h.hops("reset", "a") == 1);
  CHECK(h.ending("a") == was_reset);
  CHECK(h.ending("b") == was_reset);
  CHECK(barrier.n_waiting() == 0);
  CHECK_FALSE(barrier.broken());
  const auto c = visitor(h, "c", barrier);
  h.settle();
  CHECK(barrier.n_waiting() == 1);
}

TEST_CASE("reset() of an empty barrier changes nothing") {
  Barrier barrier(2);
  Hops h;
  const auto r = h.start(reset(h, barrier));
  h.settle();
  const auto a = visitor(h, "a", barrier);
  const auto b = visitor(h, "b", barrier);
  h.settle();
  CHECK(h.ending("b") == "1");
}

TEST_CASE("reset() also sends away those whose meeting is complete but who have not gone on") {
  Barrier barrier(3, "b");
  Hops h;
  const auto a = visitor(h, "a", barrier);
  const auto b = visitor(h, "b", barrier);
  h.settle();
  const auto body = [](Hops& hops, Barrier& each) -> Coro<> {
    co_await see(hops, "last", each.wait());
    co_await each.reset();
  };
  const auto c = h.start(body(h, barrier));
  h.settle();
  CHECK(h.ending("last") == "2");
  CHECK(h.ending("a") == was_reset);
  CHECK(h.ending("b") == was_reset);
  CHECK(barrier.n_waiting() == 0);
}

TEST_CASE("a second reset() while the first is still leaving changes nothing, and newcomers wait at the door") {
  Barrier barrier(2, "b");
  Hops h;
  const auto a = visitor(h, "a", barrier);
  h.settle();
  const auto r = h.start(reset(h, barrier));
  const auto s = h.start(reset(h, barrier));
  const auto newcomer = visitor(h, "newcomer", barrier);
  h.batch();
  CHECK(h.story() == "reset reset");
  CHECK(barrier.n_waiting() == 0);
  h.settle();
  CHECK(h.story() == "reset reset a");
  CHECK(h.ending("a") == was_reset);
  CHECK(barrier.n_waiting() == 1);
}

TEST_CASE("reset while half a meeting is draining and half blocks at the door for the next") {
  Barrier barrier(5, "b");
  Hops h;
  // As CPython's test of that name: each comes twice, and the third to leave resets the barrier.
  const auto body = [](Hops& hops, Barrier& each, int& left) -> Coro<> {
    const auto outcome = co_await as_outcome(each.wait());
    hops.note(outcome.failed() ? "broken" : "passed");
    if (outcome.has_value() && ++left > 2) {
      hops.note("reset");
      co_await each.reset();
    }
    co_await see(hops, "again", each.wait());
  };
  int left = 0;
  std::vector<Task<>> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(h.start(body(h, barrier, left)));
  h.settle();
  CHECK(h.story() == "passed passed passed reset broken broken again again again again again");
  CHECK(barrier.n_waiting() == 0);
  CHECK_FALSE(barrier.broken());
}

TEST_CASE("abort() sends away all who wait and all who come, until a reset") {
  Barrier barrier(3, "b");
  Hops h;
  const auto a = visitor(h, "a", barrier);
  const auto b = visitor(h, "b", barrier);
  h.settle();
  const auto breaks = h.start(abort(h, barrier));
  h.settle();
  CHECK(barrier.broken());
  CHECK(barrier.n_waiting() == 0);
  CHECK(h.hops("abort", "b") == 1);
  CHECK(h.ending("a") == was_reset);
  CHECK(h.ending("b") == was_reset);
  const auto c = visitor(h, "c", barrier);
  h.settle();
  CHECK(h.ending("c") == is_broken);
  const auto mends = h.start(reset(h, barrier));
  h.settle();
  CHECK_FALSE(barrier.broken());
  const auto d = visitor(h, "d", barrier);
  h.settle();
  CHECK_FALSE(h.happened("d"));
}

TEST_CASE("abort() of a meeting that is complete: who has not gone on is sent away") {
  Barrier barrier(2, "b");
  Hops h;
  const auto a = visitor(h, "a", barrier);
  h.settle();
  const auto b = visitor(h, "b", barrier);
  const auto breaks = h.start(abort(h, barrier));
  h.settle();
  CHECK(h.story() == "b abort a");
  CHECK(h.ending("a") == was_reset);
  CHECK(barrier.broken());
}

TEST_CASE("abort() while a reset is still leaving breaks the barrier, and who blocks at the door hears of it") {
  Barrier barrier(2, "b");
  Hops h;
  const auto a = visitor(h, "a", barrier);
  h.settle();
  const auto r = h.start(reset(h, barrier));
  const auto newcomer = visitor(h, "newcomer", barrier);
  const auto breaks = h.start(abort(h, barrier));
  h.settle();
  CHECK(h.ending("a") == was_reset);
  CHECK(h.ending("newcomer") == is_broken);
  CHECK(barrier.broken());
}

TEST_CASE("a barrier can be broken twice, and mended before all who were inside have left") {
  Barrier barrier(2, "b");
  Hops h;
  const auto a = visitor(h, "a", barrier);
  h.settle();
  const auto breaks = h.start(abort(h, barrier));
  const auto again = h.start(abort(h, barrier));
  const auto mends = h.start(reset(h, barrier));
  h.settle();
  CHECK(h.story() == "abort abort reset a");
  CHECK(h.ending("a") == was_reset);
  CHECK_FALSE(barrier.broken());
  const auto c = visitor(h, "c", barrier);
  const auto d = visitor(h, "d", barrier);
  h.settle();
  CHECK(h.ending("d") == "1");
}

TEST_CASE("a wait at a barrier can have a deadline; past it, the task has left") {
  Barrier barrier(2);
  Hops h;
  const auto a = h.start(see(h, "wait_for", wait_for(barrier.wait(), 1s)));
  h.run();
  CHECK(h.ending("wait_for") == "TimeoutError");
  const auto b = h.start(see(h, "timeout", timeout(1s, arrive, &barrier)));
  h.run();
  CHECK(h.ending("timeout") == "TimeoutError");
  CHECK(barrier.n_waiting() == 0);
  const auto c = h.start(see(h, "first", wait_for(barrier.wait(), 1s)));
  const auto d = h.start(see(h, "second", wait_for(barrier.wait(), 1s)));
  h.run();
  CHECK(h.ending("first") == "0");
  CHECK(h.ending("second") == "1");
}
