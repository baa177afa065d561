// SPDX-License-Identifier: BSL-1.0
// guard_test.cpp - guards of locks and semaphores: when they release, and what happens to those that cannot.
#include "hops.hpp"

#include <memory>
#include <optional>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

constexpr const char* holds_nothing = "the guard holds nothing: it was released, moved from, or what it held is gone";

Coro<> keep(std::optional<Guard<Lock>>* guard, Lock* lock) { guard->emplace(co_await lock->scoped()); }

}  // namespace

TEST_CASE("a guard holds its lock to the end of its scope") {
  Lock lock;
  Hops h;
  const auto body = [](Hops& hops, const char* name, Lock& l) -> Coro<> {
    {
      const auto guard = co_await l.scoped();
      CHECK(guard.holds());
      CHECK(l.locked());
      co_await sleep(1s);
      hops.note(name);
    }
    CHECK_FALSE(l.locked());
  };
  const auto a = h.start(body(h, "a", lock));
  const auto b = h.start(body(h, "b", lock));
  h.run();
  CHECK(h.story() == "a b");
  CHECK(h.loop.time() == Instant(2s));
  CHECK_FALSE(lock.locked());
}

TEST_CASE("a free lock is guarded without suspending, a held one a hop after its release") {
  Lock lock;
  Hops h;
  const auto body = [](Hops& hops, Lock& l) -> Coro<> {
    hops.note("call");
    auto guard = co_await l.scoped();
    hops.note("first");
    co_await sleep(0s);
    hops.note("release");
    guard.release();
  };
  const auto waits = [](Hops& hops, Lock& l) -> Coro<> {
    const auto guard = co_await l.scoped();
    hops.note("second");
  };
  const auto a = h.start(body(h, lock));
  const auto b = h.start(waits(h, lock));
  h.settle();
  CHECK(h.hops("call", "first") == 0);
  CHECK(h.hops("release", "second") == 1);
}

TEST_CASE("a guard releases when an error or a cancellation leaves its scope") {
  Lock lock;
  Semaphore semaphore;
  Hops h;
  const auto fails = [](Lock& l, Semaphore& s) -> Coro<> {
    const auto guard = co_await l.scoped();
    const auto permit = co_await s.scoped();
    throw std::runtime_error("no");
  };
  const auto sleeps = [](Lock& l, Semaphore& s) -> Coro<> {
    const auto guard = co_await l.scoped();
    const auto permit = co_await s.scoped();
    co_await sleep(1h);
  };
  const auto a = h.start(see(h, "fails", fails(lock, semaphore)));
  const auto b = h.start(see(h, "sleeps", sleeps(lock, semaphore)));
  h.settle();
  CHECK(lock.locked());
  cancel_in_batch(h, b);
  CHECK(h.ending("fails") == "no");
  CHECK(h.ending("sleeps") == "cancelled");
  CHECK_FALSE(lock.locked());
  CHECK(semaphore.value() == 1);
  CHECK(reports(h).empty());
}

TEST_CASE("a guard of a semaphore gives its permit back") {
  Semaphore semaphore(2);
  Hops h;
  const auto body = [](Semaphore& s) -> Coro<> {
    const auto one = co_await s.scoped();
    {
      const auto two = co_await s.scoped();
      CHECK(s.value() == 0);
    }
    CHECK(s.value() == 1);
  };
  const auto task = h.start(body(semaphore));
  h.settle();
  CHECK(semaphore.value() == 2);
}

TEST_CASE("a guard can be moved: the one that was moved from holds nothing") {
  Lock lock("l");
  Hops h;
  const auto body = [](Lock& l) -> Coro<> {
    auto guard = co_await l.scoped();
    {
      const auto moved = std::move(guard);
      CHECK_FALSE(guard.holds());
      CHECK(moved.holds());
      CHECK_THROWS_AS(guard.release(), RuntimeError);
      CHECK_THROWS_WITH(guard.release(), holds_nothing);
      CHECK(l.locked());
    }
    CHECK_FALSE(l.locked());
  };
  const auto task = h.start(body(lock));
  h.settle();
  CHECK(task.done());
  CHECK(reports(h).empty());
}

TEST_CASE("release() before the end of the scope works once") {
  Lock lock;
  Hops h;
  const auto body = [](Lock& l) -> Coro<> {
    auto guard = co_await l.scoped();
    guard.release();
    CHECK_FALSE(guard.holds());
    CHECK_FALSE(l.locked());
    CHECK_THROWS_AS(guard.release(), RuntimeError);
    CHECK_THROWS_WITH(guard.release(), holds_nothing);
  };
  const auto task = h.start(body(lock));
  h.settle();
  CHECK(task.done());
  CHECK(reports(h).empty());
}

TEST_CASE("a guard whose lock somebody else has released says so: to its caller, or to the exception handler") {
  Lock lock("l");
  Hops h;
  const auto by_hand = [](Lock& l) -> Coro<> {
    auto guard = co_await l.scoped();
    l.release();
    CHECK_THROWS_AS(guard.release(), RuntimeError);
    CHECK_FALSE(guard.holds());
  };
  const auto at_the_end = [](Lock& l) -> Coro<> {
    const auto guard = co_await l.scoped();
    l.release();
  };
  const auto a = h.start(by_hand(lock));
  h.settle();
  CHECK(reports(h).empty());
  const auto b = h.start(at_the_end(lock));
  h.settle();
  CHECK_NOTHROW(b.result());
  CHECK(reports(h) == "a guard could not release: release: Lock 'l' is not locked\n");
}

TEST_CASE("a guard of a BoundedSemaphore that was released too often says so to the exception handler") {
  BoundedSemaphore semaphore(1, "b");
  Hops h;
  const auto body = [](BoundedSemaphore& s) -> Coro<> {
    const auto guard = co_await s.scoped();
    s.release();
  };
  const auto task = h.start(body(semaphore));
  h.settle();
  CHECK(reports(h) == "a guard could not release: release: BoundedSemaphore 'b' has all its 1 permits: "
                      "it was released too often\n");
  CHECK(semaphore.value() == 1);
}

TEST_CASE("a lock that goes before its guard is reported with who holds it, and the guard does nothing more") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    auto lock = std::make_unique<Lock>("l");
    auto guard = co_await lock->scoped();
    lock.reset();
    CHECK_FALSE(guard.holds());
    CHECK_THROWS_WITH(guard.release(), holds_nothing);
    hops.note("end");
  };
  const auto task = h.loop.create_task(body(h), {.name = "holder"});
  h.settle();
  CHECK(h.happened("end"));
  CHECK(reports(h) == "Lock 'l' was destroyed while it was needed: held by a guard of Task 'holder'\n");
}

TEST_CASE("a semaphore that goes before its guards is reported with all who hold it") {
  auto semaphore = std::make_unique<Semaphore>(3, "s");
  Hops h;
  const auto body = [](Semaphore& s) -> Coro<> {
    const auto guard = co_await s.scoped();
    co_await sleep(1s);
    CHECK_FALSE(guard.holds());
  };
  const auto a = h.loop.create_task(body(*semaphore), {.name = "a"});
  const auto b = h.loop.create_task(body(*semaphore), {.name = "b"});
  h.settle();
  h.batch_with([&] { semaphore.reset(); });
  CHECK(reports(h) == "Semaphore 's' was destroyed while it was needed: held by a guard of Task 'a', Task 'b'\n");
  h.run();
  CHECK(b.done());
}

TEST_CASE("a guard can outlive its task, and its loop: it still releases") {
  Lock lock("l");
  std::optional<Guard<Lock>> guard;
  {
    Hops h;
    const auto a = h.start(keep(&guard, &lock));
    const auto b = h.start(see(h, "b", lock.acquire()));
    h.settle();
    CHECK(lock.locked());
    CHECK_FALSE(h.happened("b"));
  }
  CHECK(lock.locked());
  guard.reset();
  CHECK_FALSE(lock.locked());
}

TEST_CASE("a guard that is kept by another task releases from there") {
  Lock lock;
  std::optional<Guard<Lock>> guard;
  Hops h;
  const auto a = h.start(keep(&guard, &lock));
  const auto b = h.start(see(h, "b", lock.acquire()));
  h.settle();
  h.batch_with([&] {
    h.note("drop");
    guard.reset();
  });
  h.settle();
  CHECK(h.hops("drop", "b") == 1);
}

TEST_CASE("as_outcome gives the guard, or why there is none") {
  auto lock = std::make_unique<Lock>("l");
  Hops h;
  const auto holds = [](Lock& l, Future<> until) -> Coro<> {
    auto outcome = co_await as_outcome(l.scoped());
    const auto guard = std::move(outcome).value();
    CHECK(guard.holds());
    co_await until;
  };
  const auto waits = [](Hops& hops, const char* name, Lock& l) -> Coro<> {
    const auto outcome = co_await as_outcome(l.scoped());
    hops.note(name, ending_of(outcome));
  };
  const auto holder = h.start(holds(*lock, h.future()));
  const auto a = h.start(waits(h, "a", *lock));
  const auto b = h.start(waits(h, "b", *lock));
  h.settle();
  cancel_in_batch(h, a, "enough");
  CHECK(h.ending("a") == "cancelled (enough)");
  h.batch_with([&] { lock.reset(); });
  h.settle();
  CHECK(h.ending("b") == "what this task waited for was destroyed meanwhile");
}

TEST_CASE("a guard can be had with a deadline, and from a gather") {
  Lock one;
  Lock two;
  Hops h;
  const auto body = [](Hops& hops, Lock& a, Lock& b) -> Coro<> {
    {
      const auto guard = co_await wait_for(a.scoped(), 1s);
      CHECK(a.locked());
      co_await see(hops, "again", wait_for(a.scoped(), 1s));
    }
    CHECK_FALSE(a.locked());
    const auto [x, y] = co_await gather(a.scoped(), b.scoped());
    CHECK(b.locked());
    hops.note("end", x.holds() && y.holds() ? "both" : "");
  };
  const auto task = h.start(body(h, one, two));
  h.run();
  CHECK(h.ending("again") == "TimeoutError");
  CHECK(h.ending("end") == "both");
  CHECK_FALSE(one.locked());
  CHECK_FALSE(two.locked());
}
