// SPDX-License-Identifier: BSL-1.0
// semaphore_test.cpp - semaphores: permits that are handed over, fairness, and permits of cancelled tasks.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

/// Acquires and notes `name`; keeps the permit.
Coro<> take_one(Hops& h, const char* name, Semaphore& semaphore) { co_await see(h, name, semaphore.acquire()); }

/// Acquires, notes `name`, and releases at once.
Coro<> pass(Hops& h, const char* name, Semaphore& semaphore) {
  co_await semaphore.acquire();
  h.note(name);
  semaphore.release();
}

/// Releases `times` times in a batch of its own, noted as "release".
void release_in_batch(Hops& h, Semaphore& semaphore, int times = 1) {
  h.batch_with([&h, &semaphore, times] {
    h.note("release");
    for (int i = 0; i < times; ++i) semaphore.release();
  });
}

}  // namespace

TEST_CASE("a semaphore with permits left is acquired without suspending") {
  Semaphore semaphore(2);
  Hops h;
  const auto body = [](Hops& hops, Semaphore& s) -> Coro<> {
    hops.note("call");
    co_await s.acquire();
    co_await s.acquire();
    hops.note("both");
    CHECK(s.locked());
    co_await s.acquire();
    hops.note("third");
  };
  CHECK(semaphore.value() == 2);
  CHECK_FALSE(semaphore.locked());
  const auto task = h.start(body(h, semaphore));
  h.settle();
  CHECK(h.hops("call", "both") == 0);
  CHECK_FALSE(h.happened("third"));
  CHECK(semaphore.value() == 0);
}

TEST_CASE("anybody may release, also without having acquired: that adds a permit") {
  Semaphore semaphore(0);
  CHECK(semaphore.locked());
  semaphore.release();
  semaphore.release();
  CHECK(semaphore.value() == 2);
  CHECK_FALSE(semaphore.locked());
}

TEST_CASE("release() hands the permit to the first in line: it goes on one hop later, and the value stays zero") {
  Semaphore semaphore(0);
  Hops h;
  const auto a = h.start(take_one(h, "a", semaphore));
  const auto b = h.start(take_one(h, "b", semaphore));
  h.settle();
  h.batch_with([&] {
    h.note("release");
    semaphore.release();
    CHECK(semaphore.value() == 0);
    CHECK(semaphore.locked());
  });
  h.settle();
  CHECK(h.hops("release", "a") == 1);
  CHECK_FALSE(h.happened("b"));
  CHECK(semaphore.value() == 0);
}

TEST_CASE("three releases let three tasks go on in one batch, in the order in which they came") {
  Semaphore semaphore(0);
  Hops h;
  const auto a = h.start(take_one(h, "a", semaphore));
  const auto b = h.start(take_one(h, "b", semaphore));
  const auto c = h.start(take_one(h, "c", semaphore));
  h.settle();
  release_in_batch(h, semaphore, 3);
  h.settle();
  CHECK(h.story() == "release a b c");
  CHECK(h.hops("release", "a") == 1);
  CHECK(h.hops("release", "c") == 1);
  CHECK(semaphore.value() == 0);
}

TEST_CASE("a newcomer waits behind a task that has a permit but has not gone on yet, though a second one is free") {
  Semaphore semaphore(0);
  Hops h;
  const auto first = h.start(take_one(h, "first", semaphore));
  h.settle();
  Task<> newcomer;
  h.batch_with([&] {
    h.note("release");
    newcomer = h.start(take_one(h, "newcomer", semaphore));  // runs before the one that is woken next
    semaphore.release();
    semaphore.release();
    CHECK(semaphore.value() == 1);
    CHECK(semaphore.locked());
  });
  h.settle();
  CHECK(h.story() == "release first newcomer");
  CHECK(h.hops("release", "first") == 1);
  CHECK(h.hops("release", "newcomer") == 2);  // woken by the first, which found the second permit
  CHECK(semaphore.value() == 0);
}

TEST_CASE("a newcomer that comes after the woken task has gone on finds the second permit free") {
  Semaphore semaphore(0);
  Hops h;
  const auto first = h.start(take_one(h, "first", semaphore));
  h.settle();
  Task<> newcomer;
  h.batch_with([&] {
    h.note("release");
    semaphore.release();
    semaphore.release();
    newcomer = h.start(take_one(h, "newcomer", semaphore));
  });
  h.settle();
  CHECK(h.story() == "release first newcomer");
  CHECK(h.hops("release", "newcomer") == 1);
}

TEST_CASE("a task that goes on wakes all that the permits left are for, and before a later newcomer") {
  Semaphore semaphore(1);
  Hops h;
  const auto hog = h.start(take_one(h, "hog", semaphore));
  const auto a = h.start(take_one(h, "a", semaphore));
  h.settle();
  Task<> b;
  Task<> c;
  Task<> late;
  h.batch_with([&] {
    h.note("release");
    b = h.start(take_one(h, "b", semaphore));
    c = h.start(take_one(h, "c", semaphore));
    for (int i = 0; i < 3; ++i) semaphore.release();
  });
  late = h.start(take_one(h, "late", semaphore));
  h.settle();
  CHECK(h.story() == "hog release a b c");
  CHECK(h.hops("release", "a") == 1);
  CHECK(h.hops("release", "b") == 2);
  CHECK(h.hops("release", "c") == 2);
  semaphore.release();
  h.settle();
  CHECK(h.happened("late"));
}

TEST_CASE("the releaser that acquires again at once comes behind those in line") {
  Semaphore semaphore(0);
  Hops h;
  const auto next = h.start(pass(h, "next", semaphore));
  h.settle();
  const auto body = [](Hops& hops, Semaphore& s) -> Coro<> {
    s.release();
    co_await pass(hops, "releaser", s);
  };
  const auto releaser = h.start(body(h, semaphore));
  h.settle();
  CHECK(h.story() == "next releaser");
  CHECK(semaphore.value() == 1);
}

TEST_CASE("a cancelled task leaves the line and takes no permit with it") {
  Semaphore semaphore(0);
  Hops h;
  const auto a = h.start(take_one(h, "a", semaphore));
  const auto b = h.start(take_one(h, "b", semaphore));
  h.settle();
  cancel_in_batch(h, a, "enough");
  CHECK(h.hops("cancel", "a") == 1);
  CHECK(h.ending("a") == "cancelled (enough)");
  release_in_batch(h, semaphore);
  h.settle();
  CHECK(h.hops("release", "b") == 1);
  CHECK(h.ending("b") == "void");
}

TEST_CASE("a task that has a permit but is cancelled before it goes on passes it on: the next has it after two hops") {
  Semaphore semaphore(0);
  Hops h;
  const auto a = h.start(take_one(h, "a", semaphore));
  const auto b = h.start(take_one(h, "b", semaphore));
  h.settle();
  h.batch_with([&] {
    h.note("release");
    semaphore.release();
    a.cancel();
  });
  h.settle();
  CHECK(h.hops("release", "a") == 1);
  CHECK(h.ending("a") == "cancelled");
  CHECK(h.hops("release", "b") == 2);
  CHECK(h.ending("b") == "void");
  CHECK(semaphore.value() == 0);
}

TEST_CASE("a permit whose task is cancelled is free again if nobody waits") {
  Semaphore semaphore(0);
  Hops h;
  const auto a = h.start(take_one(h, "a", semaphore));
  h.settle();
  h.batch_with([&] {
    semaphore.release();
    a.cancel();
  });
  h.settle();
  CHECK(h.ending("a") == "cancelled");
  CHECK(semaphore.value() == 1);
  CHECK_FALSE(semaphore.locked());
}

TEST_CASE("a release after the cancellation of the first in line goes to the next at once") {
  Semaphore semaphore(0);
  Hops h;
  const auto a = h.start(take_one(h, "a", semaphore));
  const auto b = h.start(take_one(h, "b", semaphore));
  h.settle();
  h.batch_with([&] {
    h.note("release");
    a.cancel();
    semaphore.release();
  });
  h.settle();
  CHECK(h.hops("release", "a") == 1);
  CHECK(h.hops("release", "b") == 1);  // only pending waiters are given permits
  CHECK(semaphore.value() == 0);
}

TEST_CASE("cancelled tasks in line do not stop a newcomer from having a free permit") {
  Semaphore semaphore(0);
  Hops h;
  const auto a = h.start(take_one(h, "a", semaphore));
  const auto b = h.start(take_one(h, "b", semaphore));
  h.settle();
  Task<> newcomer;
  h.batch_with([&] {
    newcomer = h.start(take_one(h, "newcomer", semaphore));
    a.cancel();
    b.cancel();
    semaphore.release();
    CHECK_FALSE(semaphore.locked());
  });
  h.settle();
  CHECK(h.story() == "newcomer a b");
  CHECK(h.ending("newcomer") == "void");
  CHECK(semaphore.value() == 0);
}

TEST_CASE("all in line are cancelled, with and without a permit: every permit is there in the end") {
  Semaphore semaphore(0);
  Hops h;
  const auto a = h.start(take_one(h, "a", semaphore));
  const auto b = h.start(take_one(h, "b", semaphore));
  const auto c = h.start(take_one(h, "c", semaphore));
  h.settle();
  h.batch_with([&] {
    semaphore.release();
    semaphore.release();
    a.cancel();
    b.cancel();
    c.cancel();
  });
  h.settle();
  CHECK(h.story() == "a b c");
  CHECK(semaphore.value() == 2);
  CHECK_FALSE(semaphore.locked());
}

TEST_CASE("acquire can have a deadline, and a permit that comes too late is not lost") {
  Semaphore semaphore(0);
  Hops h;
  const auto block = [](Semaphore* s) -> Coro<> { co_await s->acquire(); };
  const auto a = h.start(see(h, "wait_for", wait_for(semaphore.acquire(), 1s)));
  const auto b = h.start(see(h, "timeout", timeout(2s, block, &semaphore)));
  h.loop.call_later(2s, [&] { semaphore.release(); });
  h.run();
  CHECK(h.ending("wait_for") == "TimeoutError");
  CHECK(h.ending("timeout") == "TimeoutError");
  CHECK(semaphore.value() == 1);
}

TEST_CASE("a negative number of permits is refused, and the error names the semaphore") {
  CHECK_THROWS_AS(Semaphore(-1), std::invalid_argument);
  CHECK_THROWS_WITH(Semaphore(-1, "s"), "Semaphore 's': the number of permits must be 0 or more, not -1");
  CHECK_THROWS_AS(BoundedSemaphore(-2), std::invalid_argument);
  CHECK_THROWS_WITH(BoundedSemaphore(-2, "b"), "BoundedSemaphore 'b': the number of permits must be 0 or more, not -2");
}

TEST_CASE("a BoundedSemaphore refuses to have more permits than in the beginning") {
  BoundedSemaphore semaphore(2, "b");
  Hops h;
  const auto a = h.start(take_one(h, "a", semaphore));
  h.settle();
  semaphore.release();
  CHECK_THROWS_AS(semaphore.release(), std::invalid_argument);
  CHECK_THROWS_WITH(semaphore.release(),
                    "release: BoundedSemaphore 'b' has all its 2 permits: it was released too often");
  CHECK(semaphore.value() == 2);
  BoundedSemaphore none(0, "none");
  CHECK_THROWS_AS(none.release(), std::invalid_argument);
}

TEST_CASE("while tasks are in line a release too many of a BoundedSemaphore is found at a later one, as in asyncio") {
  BoundedSemaphore semaphore(1);
  Hops h;
  const auto hog = h.start(take_one(h, "hog", semaphore));
  const auto next = h.start(take_one(h, "next", semaphore));
  h.settle();
  semaphore.release();
  CHECK_NOTHROW(semaphore.release());  // the first permit is on its way
  h.settle();
  CHECK(h.happened("next"));
  CHECK(semaphore.value() == 1);
  CHECK_THROWS_AS(semaphore.release(), std::invalid_argument);
}
