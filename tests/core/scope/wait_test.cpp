// SPDX-License-Identifier: BSL-1.0
// wait_test.cpp - wait(): what releases it, and how its members are parted.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

/// Waits for the members and notes who is done and who is pending, by position, as "done|pending".
Coro<> parted(Hops& h, const char* name, std::vector<Future<int>> members, WaitOptions options) {
  const auto result = co_await wait(members, options);
  std::string text;
  for (std::size_t i = 0; i < members.size(); ++i) {
    for (const auto& done : result.done) {
      if (done == members[i]) text += std::to_string(i);
    }
  }
  text += "|";
  for (std::size_t i = 0; i < members.size(); ++i) {
    for (const auto& pending : result.pending) {
      if (pending == members[i]) text += std::to_string(i);
    }
  }
  h.note(name, text);
}

std::vector<Future<int>> futures(Hops& h, int count) {
  std::vector<Future<int>> made;
  for (int i = 0; i < count; ++i) made.push_back(h.future<int>());
  return made;
}

}  // namespace

TEST_CASE("all_completed waits for every member, failed and cancelled ones too, and throws nothing") {
  Hops h;
  const auto members = futures(h, 3);
  const auto task = h.start(parted(h, "wait", members, {}));
  h.settle();
  members[0].set_exception(std::runtime_error("no"));
  members[1].cancel();
  h.settle();
  CHECK_FALSE(task.done());
  members[2].set_result(1);
  h.settle();
  CHECK(h.ending("wait") == "012|");
  CHECK_THROWS(members[0].result());
}

TEST_CASE("first_completed goes on with the first member that is done") {
  Hops h;
  const auto members = futures(h, 3);
  const auto task = h.start(parted(h, "wait", members, {.return_when = first_completed}));
  h.settle();
  members[1].cancel();
  h.settle();
  CHECK(h.ending("wait") == "1|02");
  CHECK_FALSE(members[0].done());
}

TEST_CASE("first_exception goes on with the first failure; values and cancellations do not count") {
  Hops h;
  const auto members = futures(h, 4);
  const auto task = h.start(parted(h, "wait", members, {.return_when = first_exception}));
  h.settle();
  members[0].set_result(1);
  members[1].cancel();
  h.settle();
  CHECK_FALSE(task.done());
  members[2].set_exception(std::runtime_error("no"));
  h.settle();
  CHECK(h.ending("wait") == "012|3");
}

TEST_CASE("a member that ends between the release and the return counts as done") {
  Hops h;
  const auto members = futures(h, 2);
  const auto task = h.start(parted(h, "wait", members, {.return_when = first_completed}));
  h.settle();
  h.batch_with([&] { members[0].set_result(1); });
  h.batch_with([&] { members[1].set_result(2); });
  h.settle();
  CHECK(h.ending("wait") == "01|");
}

TEST_CASE("a timeout gives what is done by then, and no error") {
  Hops h;
  const auto members = futures(h, 2);
  h.loop.call_later(1s, [&] { members[1].set_result(1); });
  const auto task = h.start(parted(h, "wait", members, {.timeout = 2s}));
  h.run();
  CHECK(h.ending("wait") == "1|0");
  CHECK(h.loop.time() == Instant(2s));
}

TEST_CASE("the timer of a wait goes when the wait ends") {
  Hops h;
  const auto members = futures(h, 1);
  h.loop.call_later(1s, [&] { members[0].set_result(1); });
  const auto task = h.start(parted(h, "wait", members, {.timeout = 1h}));
  h.run();
  CHECK(h.ending("wait") == "0|");
  CHECK(h.loop.time() == Instant(1s));
}

TEST_CASE("a member given twice counts once") {
  Hops h;
  const auto future = h.future<int>();
  const auto body = [](Hops& hops, Future<int> f) -> Coro<> {
    const std::vector twice{f, f};
    const auto result = co_await wait(twice);
    hops.note("wait", std::to_string(result.done.size()));
  };
  const auto task = h.start(body(h, future));
  future.set_result(1);
  h.settle();
  CHECK(h.ending("wait") == "1");
}

TEST_CASE("a caller that is cancelled leaves its members alone") {
  Hops h;
  const auto member = h.start(watch(h, "member", sleep(1s, 7)));
  const auto task = h.start(watch(h, "wait", wait(std::vector{member})));
  h.settle();
  task.cancel("why");
  h.run();
  CHECK(h.ending("wait") == "cancelled (why)");
  CHECK(h.ending("member") == "7");
}

TEST_CASE("AnyTask lets wait take tasks of several types") {
  const auto body = []() -> Coro<std::size_t> {
    const Task<int> one = create_task(turns(1, 1));
    const auto nothing = []() -> Coro<> { co_return; };
    const Task<> two = create_task(nothing());
    const std::vector<AnyTask> both{one, two};
    const auto result = co_await wait(both);
    co_return result.done.size();
  };
  CHECK(sim::run(body()) == 2);
}

TEST_CASE("wait takes handles one by one; those of one type stay what they are") {
  const auto body = []() -> Coro<std::string> {
    const Task<int> late = create_task(turns(9, 1));
    const Task<int> soon = create_task(turns(1, 2));
    const auto first = co_await wait({.return_when = first_completed}, late, soon, soon);
    static_assert(std::is_same_v<decltype(first), const WaitResult<Task<int>>>);
    std::string story = std::to_string(first.done.size()) + std::to_string(first.pending.size());
    story += " " + std::to_string(first.done.at(0).result());
    const auto all = co_await wait(late, soon);
    story += " " + std::to_string(all.done.at(0).result()) + std::to_string(all.done.at(1).result());
    const Future<int> never_done = this_loop().create_future<int>();
    const auto none = co_await wait({.timeout = 1s}, never_done);
    static_assert(std::is_same_v<decltype(none), const WaitResult<Future<int>>>);
    co_return story + " " + std::to_string(none.pending.size());
  };
  CHECK(sim::run(body()) == "11 2 12 1");
}

TEST_CASE("wait gives tasks of several types as AnyTask, in the order given") {
  const auto body = []() -> Coro<std::string> {
    const Task<int> number = create_task(turns(1, 1), {.name = "number"});
    const auto nothing = []() -> Coro<> { co_await sleep(1h); };
    const Task<> sleeper = create_task(nothing(), {.name = "sleeper"});
    const AnyTask any = create_task(turns(1, 1), {.name = "any"});
    const auto result = co_await wait({.timeout = 1s}, sleeper, any, number);
    static_assert(std::is_same_v<decltype(result), const WaitResult<AnyTask>>);
    std::string story;
    for (const AnyTask& task : result.done) story += task.name() + " ";
    for (const AnyTask& task : result.pending) story += "(" + task.name() + ")";
    const std::size_t done = (co_await wait(number, any)).done.size();
    co_return story + std::to_string(done);
  };
  CHECK(sim::run(body()) == "any number (sleeper)2");
}

TEST_CASE("wait does not count as looking at an error, unless first_exception had to") {
  for (const bool looks : {false, true}) {
    Hops h;
    {
      const auto members = futures(h, 2);
      const auto task = h.start(
          parted(h, "wait", members, {.return_when = looks ? first_exception : first_completed}));
      h.settle();
      members[0].set_exception(std::runtime_error("unseen"));
      h.settle();
      CHECK(h.ending("wait") == "0|1");
    }
    CHECK(h.loop.take_reports().size() == (looks ? 0 : 1));
  }
}
