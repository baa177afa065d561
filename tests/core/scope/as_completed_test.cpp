// SPDX-License-Identifier: BSL-1.0
// as_completed_test.cpp - as_completed(): results in the order of the ends.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

Coro<int> after_seconds(int seconds) {
  co_await sleep(seconds * 1s);
  co_return seconds;
}

std::vector<Coro<int>> naps(std::initializer_list<int> seconds) {
  std::vector<Coro<int>> coros;
  for (const int each : seconds) coros.push_back(after_seconds(each));
  return coros;
}

}  // namespace

TEST_CASE("as_completed gives the values in the order in which the members end") {
  const auto body = []() -> Coro<std::string> {
    auto completed = as_completed(naps({3, 1, 2}));
    std::string text;
    while (auto next = completed.next()) text += std::to_string(co_await std::move(*next));
    co_return text;
  };
  CHECK(sim::run(body()) == "123");
}

TEST_CASE("of the coroutines that as_completed gives, the one awaited first gets the first completion") {
  const auto body = []() -> Coro<std::string> {
    auto completed = as_completed(naps({2, 1}));
    auto first = completed.next();
    auto second = completed.next();
    CHECK_FALSE(completed.next().has_value());
    const int one = co_await std::move(*second);
    const int two = co_await std::move(*first);
    co_return std::to_string(one) + std::to_string(two);
  };
  CHECK(sim::run(body()) == "12");
}

TEST_CASE("the steps of as_completed may be taken with other work between them, and none is lost") {
  const auto body = []() -> Coro<std::string> {
    auto completed = as_completed(naps({4, 1, 2, 3}));
    std::string text;
    for (int i = 0; i < 2; ++i) {
      const int value = co_await std::move(*completed.next());
      text += std::to_string(value);
    }
    co_await sleep(10s);  // the others end meanwhile
    text += " ";
    while (auto next = completed.next()) {
      const int value = co_await std::move(*next);
      text += std::to_string(value);
    }
    text += this_loop().time() == Instant(12s) ? " at once" : "";
    co_return text;
  };
  CHECK(sim::run(body()) == "12 34 at once");
}

TEST_CASE("as_completed throws a member's error or cancellation where that member's turn is") {
  Hops h;
  const auto failed = h.future<int>();
  const auto cancelled = h.future<int>();
  const auto done = h.future<int>();
  const auto body = [](Hops& hops, std::vector<Future<int>> members) -> Coro<> {
    auto completed = as_completed(members);
    const char* const names[] = {"first", "second", "third"};
    for (const char* name : names) co_await see(hops, name, std::move(*completed.next()));
  };
  const auto task = h.start(body(h, {failed, cancelled, done}));
  h.settle();
  cancelled.cancel("why");
  failed.set_exception(std::runtime_error("no"));
  done.set_result(7);
  h.settle();
  CHECK(h.ending("first") == "cancelled (why)");
  CHECK(h.ending("second") == "no");
  CHECK(h.ending("third") == "7");
}

TEST_CASE("past its timeout every step that is left throws TimeoutError, and the members run on") {
  Hops h;
  const auto slow = h.start(after_seconds(5));
  const auto slower = h.start(after_seconds(6));
  const auto quick = h.start(after_seconds(1));
  const auto body = [](Hops& hops, std::vector<Task<int>> members) -> Coro<> {
    auto completed = as_completed(members, 2s);
    const char* const names[] = {"first", "second", "third"};
    for (const char* name : names) co_await see(hops, name, std::move(*completed.next()));
    hops.note("left", this_loop().time() == Instant(2s) ? "in time" : "late");
  };
  const auto task = h.start(body(h, {slow, slower, quick}));
  h.run();
  CHECK(h.ending("first") == "1");
  CHECK(h.ending("second") == "TimeoutError");
  CHECK(h.ending("third") == "TimeoutError");
  CHECK(h.ending("left") == "in time");
  CHECK(slow.result() == 5);
  CHECK(slower.result() == 6);
}

TEST_CASE("a member that is done in the batch of the timer, but not yet counted, is too late") {
  Hops h;
  const auto future = h.future<int>();
  h.loop.call_later(1s, [&] { future.set_result(7); });
  const auto body = [](Hops& hops, Future<int> f) -> Coro<> {
    auto completed = as_completed(std::vector{f}, 1s);
    co_await see(hops, "step", std::move(*completed.next()));
  };
  const auto task = h.start(body(h, future));
  h.run();
  CHECK(h.ending("step") == "TimeoutError");
  CHECK(future.result() == 7);
}

TEST_CASE("the timer of as_completed goes with the last member") {
  Hops h;
  const auto body = []() -> Coro<> {
    auto completed = as_completed(naps({1}), 1h);
    co_await std::move(*completed.next());
  };
  const auto task = h.start(body());
  h.run();
  CHECK(h.loop.time() == Instant(1s));
  CHECK(task.done());
}

TEST_CASE("a task given twice counts once, and nothing gives nothing") {
  const auto body = []() -> Coro<int> {
    const Task<int> task = create_task(turns(1, 7));
    auto completed = as_completed(std::vector{task, task, task}, 1s);
    int count = 0;
    while (auto next = completed.next()) {
      co_await std::move(*next);
      ++count;
    }
    auto empty = as_completed(std::vector<Task<int>>(), 1s);
    co_return empty.next() ? -1 : count;
  };
  CHECK(sim::run(body()) == 1);
}

TEST_CASE("an abandoned as_completed cancels nothing") {
  Hops h;
  const auto quick = h.start(after_seconds(1));
  const auto slow = h.start(after_seconds(2));
  const auto body = [](std::vector<Task<int>> members) -> Coro<int> {
    auto completed = as_completed(members);
    co_return co_await std::move(*completed.next());
  };
  const auto task = h.start(body({quick, slow}));
  h.run();
  CHECK(task.result() == 1);
  CHECK(slow.result() == 2);
}

TEST_CASE("cancelling a step leaves the members alone, and a completion it was woken for goes to the next step") {
  Hops h;
  const auto future = h.future<int>();
  const auto other = h.future<int>();
  Task<int> first;
  Task<int> second;
  const auto body = [](std::vector<Future<int>> members, Hops* hops, Task<int>* one, Task<int>* two) -> Coro<> {
    auto completed = as_completed(members);
    *one = create_task(watch(*hops, "first", std::move(*completed.next())));
    *two = create_task(watch(*hops, "second", std::move(*completed.next())));
    co_return;
  };
  const auto task = h.start(body({future, other}, &h, &first, &second));
  h.settle();
  h.batch_with([&] { future.set_result(7); });
  h.batch_with([&] { first.cancel(); });  // the completion has woken it a moment ago
  h.settle();
  CHECK(h.ending("first") == "cancelled");
  CHECK(h.ending("second") == "7");
  CHECK_FALSE(other.done());
}
