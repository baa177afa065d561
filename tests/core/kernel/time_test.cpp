// SPDX-License-Identifier: BSL-1.0
// time_test.cpp - durations of any type on their way in, and delays that count from the call that asks for them.
#include <limits>

#include "hops.hpp"

#include "catch.hpp"
#include "clockwork.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

using Picoseconds = std::chrono::duration<std::int64_t, std::pico>;
using Thirds = std::chrono::duration<int, std::ratio<1, 3>>;
using Minutes = std::chrono::duration<double, std::ratio<60>>;

/// How a wait of `limit` around a sleep of an hour ends.
template <class L>
Coro<std::string> within(L limit) {
  const auto outcome = co_await as_outcome(wait_for(sleep(1h), limit));
  co_return ending_of(outcome);
}

/// Sleeps for ever, until it is cancelled after a second.
template <class D>
Coro<std::string> outlived(D delay) {
  const auto sleeper = [](D d) -> Coro<> { co_await sleep(d); };
  const auto task = create_task(sleeper(delay));
  co_await sleep(1s);
  if (task.done()) co_return "it did not last";
  task.cancel();
  const auto outcome = co_await as_outcome(task);
  co_return ending_of(outcome);
}

}  // namespace

TEST_CASE("durations that are too long or too short are held at the ends of the range") {
  CHECK(saturated(std::chrono::seconds::max()) == Duration::max());
  CHECK(saturated(std::chrono::seconds::min()) == Duration::min());
  CHECK(saturated(std::chrono::milliseconds::max()) == Duration::max());
  CHECK(saturated(std::chrono::hours(24 * 365 * 300)) == Duration::max());
  CHECK(saturated(std::chrono::hours(-24 * 365 * 300)) == Duration::min());
  CHECK(saturated(std::chrono::duration<std::uint64_t>::max()) == Duration::max());
  CHECK(saturated(std::chrono::duration<std::int8_t, std::giga>(-1)) == -1'000'000'000s);
  CHECK(saturated(std::chrono::duration<std::int64_t, std::exa>(1)) == Duration::max());
  CHECK(saturated(Duration::max()) == Duration::max());
}

TEST_CASE("durations finer than a nanosecond, or that do not divide it, are rounded up") {
  CHECK(saturated(Picoseconds(1)) == 1ns);
  CHECK(saturated(Picoseconds(1000)) == 1ns);
  CHECK(saturated(Picoseconds(1001)) == 2ns);
  CHECK(saturated(Picoseconds(-1001)) == -1ns);
  CHECK(saturated(Picoseconds::max()) == Duration(9'223'372'036'854'776));
  CHECK(saturated(Thirds(1)) == 333'333'334ns);
  CHECK(saturated(Thirds(3)) == 1s);
}

TEST_CASE("floating durations are rounded up once, saturate, and are no NaN") {
  CHECK(saturated(0.5s) == 500ms);
  CHECK(saturated(std::chrono::duration<float>(0.25F)) == 250ms);
  CHECK(saturated(Minutes(1.5)) == 90s);
  CHECK(saturated(std::chrono::duration<double, std::nano>(0.1)) == 1ns);
  CHECK(saturated(std::chrono::duration<double, std::nano>(-0.1)) == 0ns);
  CHECK(saturated(std::chrono::duration<double>(1e300)) == Duration::max());
  CHECK(saturated(std::chrono::duration<double>(-1e300)) == Duration::min());
  CHECK(saturated(std::chrono::duration<double>(std::numeric_limits<double>::infinity())) == Duration::max());
  CHECK_THROWS_AS(saturated(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())),
                  std::invalid_argument);
  CHECK_THROWS_WITH(sleep(std::chrono::duration<float>(std::numeric_limits<float>::quiet_NaN())),
                    "the duration is not a number");
}

TEST_CASE("a wait without end is as good as for ever, whatever its type") {
  CHECK(sim::run(outlived(std::chrono::seconds::max())) == "cancelled");
  CHECK(sim::run(outlived(std::chrono::milliseconds::max())) == "cancelled");
  CHECK(sim::run(outlived(std::chrono::hours(24 * 365 * 300))) == "cancelled");
  CHECK(sim::run(outlived(std::chrono::duration<double>(1e30))) == "cancelled");
  CHECK(sim::run(within(std::chrono::milliseconds::max())) == "void");
  CHECK(sim::run(within(std::chrono::hours::max())) == "void");
  CHECK(sim::run(within(Limit())) == "void");
  CHECK(sim::run(within(0.5s)) == "TimeoutError");
  CHECK(sim::run(within(std::optional<Duration>(1s))) == "TimeoutError");
}

TEST_CASE("every function that waits takes any duration") {
  const auto body = []() -> Coro<std::string> {
    std::string story;
    Loop& loop = this_loop();
    loop.call_later(0.25s, [&story] { story += "later "; });
    loop.call_later(std::chrono::hours::max(), [] {});
    co_await timeout(std::chrono::seconds::max(), []() -> Coro<> { co_await sleep(0.5s); });
    auto task = create_task(turns(1, 1));
    std::vector<Task<int>> tasks{task};
    static_cast<void>(co_await wait(tasks, {.timeout = std::chrono::milliseconds::max()}));
    auto completed = as_completed(std::vector<Task<int>>{task}, std::chrono::minutes::max());
    while (auto next = completed.next()) story += std::to_string(co_await *next);
    co_return story;
  };
  CHECK(sim::run(body()) == "later 1");
}

TEST_CASE("in a simulated world a sleep that is as good as for ever is a deadlock when nothing else can happen") {
  const auto body = []() -> Coro<> { co_await sleep(std::chrono::seconds::max()); };
  CHECK_THROWS_WITH(sim::run(body()), Catch::Matchers::Contains("Task-1") && Catch::Matchers::Contains("sleeps"));
}

// --- delays count from the call --------------------------------------------------------------------------------------

TEST_CASE("a deadline counts from the call, not from the start of the step") {
  Clockwork clock;
  const auto body = [](Clockwork* c) -> Coro<std::string> {
    co_await sleep(1s);
    c->spend(200ms);
    const auto outcome = co_await as_outcome(timeout(150ms, []() -> Coro<> { co_await sleep(20ms); }));
    co_return ending_of(outcome);
  };
  CHECK(rondo::run(clock, body(&clock)) == "void");
}

TEST_CASE("a sleep takes its time also when the step before it was long") {
  Clockwork clock;
  const auto body = [](Clockwork* c) -> Coro<Duration> {
    co_await sleep(1s);
    c->spend(200ms);
    const Instant before = c->now();
    co_await sleep(150ms);
    co_return c->now() - before;
  };
  CHECK(rondo::run(clock, body(&clock)) == 150ms);
}

TEST_CASE("call_later, wait, as_completed, wait_for and routines count from the call, too") {
  struct Dozer final : Routine<Instant> {
    explicit Dozer(Clockwork& c) : clock(c) {}
    Next<Instant> step() override {
      if (std::exchange(slept, true)) return Next<Instant>::finish(this_loop().time());
      clock.spend(300ms);
      return Next<Instant>::sleep(50ms);
    }
    Clockwork& clock;
    bool slept = false;
  };
  Clockwork clock;
  const auto body = [](Clockwork* c) -> Coro<std::string> {
    std::string story;
    const auto note = [&story, c](Instant since) { story += std::to_string((c->now() - since) / 1ms) + " "; };
    const auto never_done = this_loop().create_future<>();
    std::vector<Future<>> members{never_done};
    c->spend(300ms);
    Instant since = c->now();
    static_cast<void>(co_await wait(members, {.timeout = 50ms}));
    note(since);
    c->spend(300ms);
    since = c->now();
    static_cast<void>(co_await as_outcome(wait_for(shield(never_done), 50ms)));
    note(since);
    c->spend(300ms);
    since = c->now();
    auto completed = as_completed(members, 50ms);
    static_cast<void>(co_await as_outcome(*completed.next()));
    note(since);
    c->spend(300ms);
    since = c->now();
    const auto called = this_loop().create_future<>();
    this_loop().call_later(50ms, [called] { called.set_result(); });
    co_await called;
    note(since);
    since = c->now();
    const auto dozed = create_task(std::make_unique<Dozer>(*c));
    note(since + ((co_await dozed) - since) - 350ms);
    never_done.cancel();
    co_return story;
  };
  CHECK(rondo::run(clock, body(&clock)) == "50 50 50 50 350 ");
}

TEST_CASE("absolute deadlines do not move, and neither does one that was rescheduled") {
  Clockwork clock;
  const auto body = [](Clockwork* c) -> Coro<std::string> {
    co_await sleep(1s);
    const Instant start = this_loop().time();
    c->spend(200ms);
    const auto late = co_await as_outcome(timeout_at(start + 150ms, []() -> Coro<> { co_await sleep(20ms); }));
    const auto moved = co_await as_outcome(timeout(
        10s, [](Timeout& limit, Instant at) -> Coro<> {
          limit.reschedule(at);
          co_await sleep(20ms);
        },
        start + 210ms));
    co_return ending_of(late) + " " + ending_of(moved);
  };
  CHECK(rondo::run(clock, body(&clock)) == "TimeoutError TimeoutError");
}

TEST_CASE("when() is time() + delay until the step ends, and then what the deadline has become") {
  Clockwork clock;
  const auto body = [](Clockwork* c) -> Coro<std::string> {
    const Instant start = this_loop().time();
    c->spend(200ms);
    const TimerHandle timer = this_loop().call_later(1s, [] {});
    std::string text = std::to_string((timer.when() - start) / 1ms) + " ";
    co_await sleep(0s);
    co_await sleep(1ms);
    text += std::to_string((timer.when() - start) / 1ms);
    co_return text;
  };
  CHECK(rondo::run(clock, body(&clock)) == "1000 1200");
}

TEST_CASE("a host that does not place delays gets them counted from the time of the step") {
  Loop loop;
  bool ran = false;
  loop.call_later(10ms, [&ran] { ran = true; });
  StepResult result = loop.step(Instant(5ms), {}, {});
  CHECK(result.deadline == Instant(10ms));
  static_cast<void>(loop.step(Instant(10ms), {}, {}));
  CHECK(ran);
}

TEST_CASE("place() says until when, and a step says that there is something to place") {
  Loop loop;
  int ran = 0;
  loop.call_soon([&loop, &ran] {
    loop.call_later(10ms, [&ran] { ++ran; });
    loop.call_at(Instant(12ms), [&ran] { ran += 10; });
  });
  StepResult result = loop.step(Instant(), {}, {});
  CHECK(result.unplaced == 1);
  CHECK(result.deadline == Instant(10ms));
  CHECK(loop.place(Instant(5ms)) == Instant(12ms));
  CHECK(loop.peek(Instant()).unplaced == 0);
  CHECK(loop.place(Instant(50ms)) == Instant(12ms));  // only once
  static_cast<void>(loop.step(Instant(14ms), {}, {}));
  CHECK(ran == 10);
  static_cast<void>(loop.step(Instant(15ms), {}, {}));
  CHECK(ran == 11);
}

TEST_CASE("equal deadlines fire in the order in which they were armed, placed or not") {
  Loop loop;
  std::string order;
  loop.call_soon([&] {
    loop.call_later(10ms, [&order] { order += 'a'; });
    loop.call_at(Instant(10ms), [&order] { order += 'b'; });
    loop.call_later(10ms, [&order] { order += 'c'; });
    loop.call_later(10ms, [&order] { order += '-'; }).cancel();
  });
  static_cast<void>(loop.step(Instant(), {}, {}));
  static_cast<void>(loop.place(Instant()));
  static_cast<void>(loop.step(Instant(10ms), {}, {}));
  CHECK(order == "abc");
}
