// SPDX-License-Identifier: BSL-1.0
// lock_test.cpp - locks: strict order, the hand-over in two phases, and races of releases with cancellations.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

/// Takes the lock, notes `name`, and releases at once.
Coro<> pass(Hops& h, const char* name, Lock& lock) {
  co_await lock.acquire();
  h.note(name);
  lock.release();
}

/// A lock that this task holds until `until` is done; notes `name` when it has it.
Coro<> hold(Hops& h, const char* name, Lock& lock, Future<> until) {
  const auto outcome = co_await as_outcome(lock.acquire());
  h.note(name, ending_of(outcome));
  outcome.raise();
  co_await until;
  lock.release();
}

/// Releases in a batch of its own, noted as "release".
void release_in_batch(Hops& h, Lock& lock) {
  h.batch_with([&] {
    h.note("release");
    lock.release();
  });
}

/// A lock that is held by a task that has ended.
void take(Hops& h, Lock& lock) {
  const auto body = [](Lock& l) -> Coro<> { co_await l.acquire(); };
  const auto task = h.start(body(lock));
  h.settle();
}

}  // namespace

TEST_CASE("taking a free lock does not suspend, and any task may release it") {
  Lock lock;
  Hops h;
  const auto body = [](Hops& hops, Lock& l) -> Coro<> {
    hops.note("call");
    co_await l.acquire();
    hops.note("taken");
  };
  const auto task = h.start(body(h, lock));
  h.settle();
  CHECK(h.hops("call", "taken") == 0);
  CHECK(lock.locked());
  release_in_batch(h, lock);
  CHECK_FALSE(lock.locked());
}

TEST_CASE("release() gives the lock to the first in line, one hop later") {
  Lock lock;
  Hops h;
  take(h, lock);
  const auto open = h.future();
  const auto a = h.start(hold(h, "a", lock, open));
  const auto b = h.start(hold(h, "b", lock, open));
  h.settle();
  release_in_batch(h, lock);
  h.settle();
  CHECK(h.hops("release", "a") == 1);
  CHECK_FALSE(h.happened("b"));
  CHECK(lock.locked());
}

TEST_CASE("tasks in line that release at once have the lock one after the other, one each batch") {
  Lock lock;
  Hops h;
  take(h, lock);
  const auto a = h.start(pass(h, "a", lock));
  const auto b = h.start(pass(h, "b", lock));
  const auto c = h.start(pass(h, "c", lock));
  h.settle();
  release_in_batch(h, lock);
  h.settle();
  CHECK(h.story() == "release a b c");
  CHECK(h.hops("release", "a") == 1);
  CHECK(h.hops("release", "b") == 2);
  CHECK(h.hops("release", "c") == 3);
}

TEST_CASE("between release() and the step of the next in line the lock is free, but nobody else can take it") {
  Lock lock("l");
  Hops h;
  take(h, lock);
  const auto next = h.start(pass(h, "next", lock));
  h.settle();
  const auto body = [](Hops& hops, Lock& l) -> Coro<> {
    l.release();
    hops.note("locked", l.locked() ? "yes" : "no");
    co_await l.acquire();  // no barging, neither by the task that has just released
    hops.note("releaser");
    l.release();
  };
  const auto releaser = h.start(body(h, lock));
  h.settle();
  CHECK(h.ending("locked") == "no");
  CHECK(h.story() == "locked next releaser");
}

TEST_CASE("a second release() in the hop of the hand-over is refused") {
  Lock lock("l");
  Hops h;
  take(h, lock);
  const auto next = h.start(pass(h, "next", lock));
  h.settle();
  h.batch_with([&] {
    lock.release();
    CHECK_THROWS_AS(lock.release(), RuntimeError);
    CHECK_THROWS_WITH(lock.release(), "release: Lock 'l' is not locked");
  });
  h.settle();
  CHECK(h.happened("next"));
}

TEST_CASE("releasing a free lock is refused, and the error names the lock or where it was made") {
  Lock named("door");
  CHECK_THROWS_AS(named.release(), RuntimeError);
  CHECK_THROWS_WITH(named.release(), "release: Lock 'door' is not locked");
  Lock unnamed;
  const std::string line = std::to_string(__LINE__ - 1);
  CHECK_THROWS_WITH(unnamed.release(), "release: Lock (made at lock_test.cpp:" + line + ") is not locked");
}

TEST_CASE("a lock that one task takes twice is never got the second time") {
  const auto body = []() -> Coro<> {
    Lock lock("l");
    co_await lock.acquire();
    co_await lock.acquire();
  };
  CHECK_THROWS_AS(sim::run(body()), DeadlockError);
}

TEST_CASE("a cancelled task leaves the line after one hop, and its place is nobody's") {
  Lock lock;
  Hops h;
  take(h, lock);
  const auto open = h.future();
  const auto a = h.start(hold(h, "a", lock, open));
  const auto b = h.start(hold(h, "b", lock, open));
  h.settle();
  cancel_in_batch(h, a, "enough");
  CHECK(h.hops("cancel", "a") == 1);
  CHECK(h.ending("a") == "cancelled (enough)");
  release_in_batch(h, lock);
  h.settle();
  CHECK(h.hops("release", "b") == 1);
  CHECK(h.ending("b") == "void");
}

TEST_CASE("released and cancelled in one batch: the first in line is cancelled, the next has the lock after two hops") {
  for (const bool release_first : {true, false}) {
    Lock lock;
    Hops h;
    take(h, lock);
    const auto open = h.future();
    const auto a = h.start(hold(h, "a", lock, open));
    const auto b = h.start(hold(h, "b", lock, open));
    const auto c = h.start(hold(h, "c", lock, open));
    h.settle();
    h.batch_with([&] {
      h.note("release");
      if (release_first) lock.release();
      a.cancel();
      if (!release_first) lock.release();
    });
    h.settle();
    CHECK(h.hops("release", "a") == 1);
    CHECK(h.ending("a") == "cancelled");
    CHECK(h.hops("release", "b") == 2);
    CHECK_FALSE(h.happened("c"));  // exactly one has it
    CHECK(lock.locked());
  }
}

TEST_CASE("cancelled waiters in front of the line do not stop a newcomer from taking a free lock") {
  Lock lock;
  Hops h;
  take(h, lock);
  const auto open = h.future();
  const auto a = h.start(hold(h, "a", lock, open));
  h.settle();
  Task<> newcomer;
  h.batch_with([&] {
    newcomer = h.start(hold(h, "newcomer", lock, open));  // its first step comes before that of the cancelled one
    a.cancel();
    lock.release();
  });
  h.settle();
  CHECK(h.story() == "newcomer a");
  CHECK(h.ending("a") == "cancelled");
  CHECK(h.ending("newcomer") == "void");
  CHECK(lock.locked());
}

TEST_CASE("a lock whose whole line was cancelled stays free once released") {
  Lock lock;
  Hops h;
  take(h, lock);
  const auto open = h.future();
  const auto a = h.start(hold(h, "a", lock, open));
  const auto b = h.start(hold(h, "b", lock, open));
  h.settle();
  h.batch_with([&] {
    a.cancel();
    b.cancel();
    lock.release();
  });
  h.settle();
  CHECK(h.story() == "a b");
  CHECK_FALSE(lock.locked());
  const auto c = h.start(hold(h, "c", lock, open));
  h.settle();
  CHECK(h.ending("c") == "void");
}

TEST_CASE("a task that holds the lock and is cancelled while others wait releases it in its clean-up") {
  Lock lock;
  Hops h;
  const auto body = [](Lock& l) -> Coro<> {
    const auto guard = co_await l.scoped();
    co_await sleep(1h);
  };
  const auto holder = h.start(body(lock));
  const auto next = h.start(pass(h, "next", lock));
  h.settle();
  cancel_in_batch(h, holder);
  CHECK(h.hops("cancel", "next") == 2);
}

TEST_CASE("acquire can have a deadline, and a lock that comes too late goes to the next in line") {
  Lock lock;
  Hops h;
  take(h, lock);
  const auto block = [](Lock* l) -> Coro<> { co_await l->acquire(); };
  const auto a = h.start(see(h, "wait_for", wait_for(lock.acquire(), 1s)));
  const auto b = h.start(see(h, "timeout", timeout(2s, block, &lock)));
  const auto c = h.start(see(h, "in time", wait_for(lock.acquire(), 3s)));
  h.loop.call_later(2s, [&] { lock.release(); });  // the deadline of the first in line is now
  h.run();
  CHECK(h.ending("wait_for") == "TimeoutError");
  CHECK(h.ending("timeout") == "TimeoutError");
  CHECK(h.ending("in time") == "void");
  CHECK(lock.locked());
}

TEST_CASE("a task that is cancelled before it takes a free lock has it, and gets the cancellation at its next wait") {
  Lock lock;
  Hops h;
  const auto body = [](Hops& hops, Lock& l) -> Coro<> {
    current_task().cancel();
    co_await see(hops, "acquire", l.acquire());
    co_await see(hops, "sleep", sleep(1s));
    l.release();
  };
  const auto task = h.start(body(h, lock));
  h.run();
  CHECK(h.ending("acquire") == "void");
  CHECK(h.ending("sleep") == "cancelled");
}

TEST_CASE("acquire in gather: the calls line up in their order") {
  Lock lock;
  Hops h;
  const auto body = [](Hops& hops, Lock& l) -> Coro<> {
    co_await gather(pass(hops, "a", l), pass(hops, "b", l), pass(hops, "c", l));
    hops.note("all");
  };
  const auto task = h.start(body(h, lock));
  h.settle();
  CHECK(h.story() == "a b c all");
}
