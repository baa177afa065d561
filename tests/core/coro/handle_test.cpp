// SPDX-License-Identifier: BSL-1.0
// handle_test.cpp - call_soon, call_later, call_at: order, time, and handles that are cancelled in every state.
#include "hops.hpp"

#include <memory>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

TEST_CASE("callbacks run first in, first out") {
  Hops h;
  for (const char* name : {"a", "b", "c"}) h.loop.call_soon([&h, name] { h.note(name); });
  CHECK(h.story().empty());
  h.settle();
  CHECK(h.story() == "a b c");
}

TEST_CASE("timers run in the order of their deadlines, equal ones in the order in which they were armed") {
  Hops h;
  h.loop.call_later(2s, [&h] { h.note("c"); });
  h.loop.call_later(1s, [&h] { h.note("a"); });
  h.loop.call_at(Instant(1s), [&h] { h.note("b"); });
  h.loop.call_later(2s, [&h] { h.note("d"); });
  h.run();
  CHECK(h.story() == "a b c d");
  CHECK(h.at("a") == h.at("b"));
  CHECK(h.loop.time() == Instant(2s));
}

TEST_CASE("a timer never runs early, and a late step runs all that are due, earliest first") {
  Loop loop;
  std::string story;
  loop.call_later(3s, [&story] { story += "3"; });
  loop.call_later(1s, [&story] { story += "1"; });
  loop.call_later(9s, [&story] { story += "9"; });
  loop.step(Instant(1s) - 1ns, {}, {});
  CHECK(story.empty());
  loop.step(Instant(5s), {}, {});
  CHECK(story == "13");
}

TEST_CASE("what is carried over runs before timers that are due in the same batch") {
  Hops h;
  h.loop.call_later(1s, [&h] { h.note("timer"); });
  h.loop.call_soon([&h] { h.note("soon"); });
  h.batch(Instant(1s));
  h.run();
  CHECK(h.story() == "soon timer");
}

TEST_CASE("a timer armed by a timer for the same deadline runs in the next batch") {
  Hops h;
  h.loop.call_later(1s, [&h] {
    h.note("first");
    h.loop.call_at(Instant(1s), [&h] { h.note("second"); });
  });
  h.run();
  CHECK(h.hops("first", "second") == 1);
}

TEST_CASE("what a due timer posts waits for the next batch, behind the other timers that are due") {
  Hops h;
  h.loop.call_later(1s, [&h] {
    h.note("first");
    h.loop.call_soon([&h] { h.note("posted"); });
  });
  h.loop.call_later(1s, [&h] { h.note("second"); });
  h.run();
  CHECK(h.story() == "first second posted");
  CHECK(h.hops("first", "second") == 0);
  CHECK(h.hops("first", "posted") == 1);
}

TEST_CASE("a handle that is cancelled while it is queued, armed or attached never runs, and drops its callable") {
  Hops h;
  const auto token = std::make_shared<int>(0);
  const auto future = h.future<int>();
  Handle queued = h.loop.call_soon([&h, token] { h.note("queued"); });
  TimerHandle armed = h.loop.call_later(1s, [&h, token] { h.note("armed"); });
  Handle attached = future.add_done_callback([&h, token] { h.note("attached"); });
  CHECK(token.use_count() == 4);
  for (Handle* handle : {&queued, static_cast<Handle*>(&armed), &attached}) {
    CHECK_FALSE(handle->cancelled());
    handle->cancel();
    CHECK(handle->cancelled());
    handle->cancel();
    CHECK(handle->cancelled());
  }
  CHECK(token.use_count() == 1);
  future.set_result(1);
  h.run();
  CHECK(h.story().empty());
  CHECK(h.loop.time() == Instant());
}

TEST_CASE("a handle can be cancelled by an earlier one of the same batch, a due timer as well") {
  Hops h;
  Handle soon;
  TimerHandle timer;
  h.loop.call_later(1s, [&] {
    h.note("first");
    soon.cancel();
    timer.cancel();
  });
  timer = h.loop.call_later(1s, [&h] { h.note("timer"); });
  h.settle();
  soon = h.loop.call_at(Instant(1s), [&h] { h.note("soon"); });
  h.run();
  CHECK(h.story() == "first");
}

TEST_CASE("cancelling a handle that has run changes only what cancelled() says") {
  Hops h;
  Handle handle = h.loop.call_soon([&h] { h.note("ran"); });
  h.settle();
  CHECK_FALSE(handle.cancelled());
  handle.cancel();
  CHECK(handle.cancelled());
  CHECK(h.story() == "ran");
}

TEST_CASE("a callback may cancel its own handle while it runs") {
  Hops h;
  Handle handle;
  handle = h.loop.call_soon([&] {
    handle.cancel();
    h.note("ran");
  });
  h.settle();
  CHECK(h.story() == "ran");
  CHECK(handle.cancelled());
}

TEST_CASE("when() is the absolute deadline, also for one in the past and one beyond the end of time") {
  Hops h;
  h.batch(Instant::min());
  h.loop.call_later(5s, [] {});
  h.run();
  CHECK(h.loop.call_later(1s, [] {}).when() == Instant(6s));
  CHECK(h.loop.call_later(-10s, [] {}).when() == Instant(-5s));
  CHECK(h.loop.call_later(Duration::max(), [] {}).when() == no_deadline);
  CHECK(TimerHandle().when() == no_deadline);
}

TEST_CASE("dropping a handle changes nothing") {
  Hops h;
  {
    const Handle handle = h.loop.call_soon([&h] { h.note("ran"); });
  }
  h.settle();
  CHECK(h.story() == "ran");
}

TEST_CASE("callables that can only be moved are welcome, and die right after they ran") {
  Hops h;
  auto box = std::make_unique<int>(7);
  const auto token = std::make_shared<int>(0);
  const Handle handle = h.loop.call_soon([&h, box = std::move(box), token] { h.note(std::to_string(*box)); });
  h.settle();
  CHECK(h.story() == "7");
  CHECK(token.use_count() == 1);
}

TEST_CASE("callbacks that never ran are dropped with the loop, and their handles stay harmless") {
  const auto token = std::make_shared<int>(0);
  Handle soon;
  TimerHandle later;
  {
    Loop loop;
    soon = loop.call_soon([token] { ++*token; });
    later = loop.call_later(1s, [token] { ++*token; });
    CHECK(token.use_count() == 3);
  }
  CHECK(token.use_count() == 1);
  CHECK(*token == 0);
  CHECK(soon.cancelled());
  CHECK(later.cancelled());
  soon.cancel();
}
