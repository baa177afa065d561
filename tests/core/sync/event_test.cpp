// SPDX-License-Identifier: BSL-1.0
// event_test.cpp - events: the flag, who is woken when, and waiters that are cancelled.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

/// Sets the event in a batch of its own, noted as "set".
void set_in_batch(Hops& h, Event& event) {
  h.batch_with([&] {
    h.note("set");
    event.set();
  });
}

}  // namespace

TEST_CASE("an event is a flag that is raised and lowered, as often as one likes") {
  Event event;
  CHECK_FALSE(event.is_set());
  event.clear();
  CHECK_FALSE(event.is_set());
  event.set();
  event.set();
  CHECK(event.is_set());
  event.clear();
  CHECK_FALSE(event.is_set());
}

TEST_CASE("waiting for a raised flag does not suspend") {
  Event event;
  event.set();
  Hops h;
  const auto body = [](Hops& hops, Event& e) -> Coro<> {
    hops.note("call");
    co_await e.wait();
    const auto outcome = co_await as_outcome(e.wait());
    hops.note("went on", ending_of(outcome));
  };
  const auto task = h.start(body(h, event));
  h.batch();
  CHECK(h.hops("call", "went on") == 0);
  CHECK(h.ending("went on") == "void");
}

TEST_CASE("set() wakes all who wait, one hop later, in the order in which they came and before tasks made after it") {
  Event event;
  Hops h;
  const auto a = h.start(see(h, "a", event.wait()));
  const auto b = h.start(watch(h, "b", event.wait()));
  const auto c = h.start(see(h, "c", event.wait()));
  h.settle();
  Task<> late;
  h.batch_with([&] {
    h.note("set");
    event.set();
    late = h.start(see(h, "late", event.wait()));
  });
  h.settle();
  CHECK(h.story() == "set a b c late");
  CHECK(h.hops("set", "a") == 1);
  CHECK(h.hops("set", "c") == 1);
  CHECK(h.hops("set", "late") == 1);
  CHECK(h.ending("b") == "void");
}

TEST_CASE("a flag that is lowered at once has still woken those who waited, and newcomers wait for the next set()") {
  Event event;
  Hops h;
  const auto early = h.start(see(h, "early", event.wait()));
  h.settle();
  Task<> late;
  h.batch_with([&] {
    event.set();
    event.clear();
    late = h.start(see(h, "late", event.wait()));
  });
  h.settle();
  CHECK(h.story() == "early");
  set_in_batch(h, event);
  h.settle();
  CHECK(h.story() == "early set late");
}

TEST_CASE("a cancelled waiter leaves after one hop, and the others are woken as ever") {
  Event event;
  Hops h;
  const auto a = h.start(see(h, "a", event.wait()));
  const auto b = h.start(watch(h, "b", event.wait()));
  const auto c = h.start(see(h, "c", event.wait()));
  h.settle();
  cancel_in_batch(h, b, "enough");
  CHECK(h.hops("cancel", "b") == 1);
  CHECK(h.ending("b") == "cancelled (enough)");
  set_in_batch(h, event);
  h.settle();
  CHECK(h.story() == "cancel b set a c");
}

TEST_CASE("a waiter that is woken and cancelled in one batch is cancelled, in either order") {
  Event event;
  Hops h;
  const auto first = h.start(see(h, "set, then cancel", event.wait()));
  const auto second = h.start(see(h, "cancel, then set", event.wait()));
  h.settle();
  h.batch_with([&] {
    second.cancel("why");
    event.set();
    first.cancel();
  });
  h.settle();
  CHECK(h.ending("set, then cancel") == "cancelled");
  CHECK(h.ending("cancel, then set") == "cancelled (why)");
}

TEST_CASE("a task that is cancelled before it waits for an event gets the cancellation there") {
  Event event;
  Hops h;
  const auto body = [](Hops& hops, Event& e) -> Coro<> {
    current_task().cancel("before");
    co_await see(hops, "wait", e.wait());
    hops.note("again", ending_of(co_await as_outcome(e.wait())));
  };
  const auto task = h.start(body(h, event));
  h.settle();
  CHECK(h.ending("wait") == "cancelled (before)");
  CHECK_FALSE(h.happened("again"));
  event.set();
  h.settle();
  CHECK(h.ending("again") == "void");
}

TEST_CASE("a wait for an event can have a deadline") {
  Event event;
  Hops h;
  const auto block = [](Event* e) -> Coro<> { co_await e->wait(); };
  const auto a = h.start(see(h, "wait_for", wait_for(event.wait(), 1s)));
  const auto b = h.start(see(h, "timeout", timeout(1s, block, &event)));
  const auto c = h.start(see(h, "in time", wait_for(event.wait(), 3s)));
  h.loop.call_later(2s, [&] { event.set(); });
  h.run();
  CHECK(h.ending("wait_for") == "TimeoutError");
  CHECK(h.ending("timeout") == "TimeoutError");
  CHECK(h.ending("in time") == "void");
  CHECK(h.loop.time() == Instant(2s));
}

TEST_CASE("without time left wait_for does not look at the flag: the wait never begins, as in asyncio") {
  Event event;
  event.set();
  Hops h;
  const auto task = h.start(see(h, "wait_for", wait_for(event.wait(), 0s)));
  h.run();
  CHECK(h.ending("wait_for") == "TimeoutError");
}

TEST_CASE("an event's wait can be a child of gather, a member of as_completed, and shielded") {
  Event event;
  Hops h;
  const auto body = [](Hops& hops, Event& e) -> Coro<> {
    co_await gather(e.wait(), e.wait());
    hops.note("gather");
    co_await shield(e.wait());
    hops.note("shield");
  };
  const auto task = h.start(body(h, event));
  h.settle();
  set_in_batch(h, event);
  h.settle();
  CHECK(h.story() == "set gather shield");
}

TEST_CASE("a wait is a value: it can be kept, and awaited more than once") {
  Event event;
  Hops h;
  const auto body = [](Hops& hops, Event& e) -> Coro<> {
    const auto wait = e.wait();
    co_await wait;
    hops.note("first");
    e.clear();
    co_await wait;
    hops.note("second");
  };
  const auto task = h.start(body(h, event));
  h.settle();
  set_in_batch(h, event);
  h.settle();
  CHECK(h.story() == "set first");
  event.set();
  h.settle();
  CHECK(h.story() == "set first second");
}
