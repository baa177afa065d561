// SPDX-License-Identifier: BSL-1.0
// conformance_posts.hpp - what every backend must pass: calls that come from outside of the loop.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <rondo/rondo.hpp>

#include "catch.hpp"
#include "needs.hpp"
#include "support.hpp"

using namespace std::chrono_literals;

namespace {
namespace conformance {

/// What threads have posted: (thread, number) in the order in which the loop ran them.
struct Posts {
  std::vector<std::pair<int, int>> seen;
  std::size_t expected = 0;
  rondo::Future<> all;
};

void post_numbers(rondo::Loop* loop, Posts* posts, int thread, int count) {
  for (int number = 0; number < count; ++number) {
    loop->call_soon_threadsafe([posts, thread, number] {
      posts->seen.emplace_back(thread, number);
      if (posts->seen.size() == posts->expected) posts->all.set_result();
    });
  }
}

void little() {}

rondo::Coro<> take_posts_of(Posts* posts, int threads, int count) {
  const rondo::OutsideSource source = rondo::this_loop().open_source();
  posts->expected = static_cast<std::size_t>(threads) * static_cast<std::size_t>(count);
  posts->all = rondo::this_loop().create_future<>();
  std::vector<std::jthread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back(post_numbers, &rondo::this_loop(), posts, i, count);
  co_await posts->all;
}

}  // namespace conformance
}  // namespace

CONFORMANCE("call_soon_threadsafe on the loop's own thread keeps the order of the calls") {
  World world;
  const auto body = []() -> rondo::Coro<std::string> {
    std::string story;
    std::string* const text = &story;
    const auto done = rondo::this_loop().create_future<>();
    for (const char name : {'a', 'b', 'c'}) rondo::this_loop().call_soon_threadsafe([text, name] { *text += name; });
    rondo::this_loop().call_soon_threadsafe([done] { done.set_result(); });
    story += '.';
    co_await done;
    co_return story;
  };
  CHECK(rondo::run(world.backend, body()) == ".abc");
}

CONFORMANCE("of calls from eight threads none is lost, and those of one thread keep their order") {
  World world;
  conformance::Posts posts;
  rondo::run(world.backend, conformance::take_posts_of(&posts, 8, 200));
  REQUIRE(posts.seen.size() == 1600);
  std::vector<int> next(8, 0);
  int out_of_order = 0;
  for (const auto& [thread, number] : posts.seen) {
    if (number != next.at(static_cast<std::size_t>(thread))++) ++out_of_order;
  }
  CHECK(out_of_order == 0);
}

CONFORMANCE("a call from another thread ends the wait of a loop that an outside source keeps from a deadlock") {
  World world;
  const auto body = []() -> rondo::Coro<int> {
    const rondo::OutsideSource source = rondo::this_loop().open_source();
    rondo::Loop* const loop = &rondo::this_loop();
    const auto answer = loop->create_future<int>();
    const auto later = [](rondo::Loop* to, const rondo::Future<int>* future) {
      std::this_thread::sleep_for(2ms);
      to->call_soon_threadsafe([future] { future->set_result(7); });
    };
    const std::jthread thread(later, loop, &answer);
    const int value = co_await answer;
    co_return value;
  };
  CHECK(rondo::run(world.backend, body()) == 7);
}

CONFORMANCE("once the last outside source is closed, a loop without work is a deadlock") {
  World world;
  const auto body = []() -> rondo::Coro<> {
    {
      const rondo::OutsideSource source = rondo::this_loop().open_source();
      co_await rondo::sleep(1ms);
    }
    co_await rondo::this_loop().create_future<>();
  };
  CHECK_THROWS_AS(rondo::run(world.backend, body()), rondo::DeadlockError);
}

CONFORMANCE("a posted call is run before the loop would report a deadlock") {
  World world;
  const auto body = []() -> rondo::Coro<int> {
    const auto answer = rondo::this_loop().create_future<int>();
    rondo::this_loop().call_soon_threadsafe([answer] { answer.set_result(7); });
    const int value = co_await answer;
    co_return value;
  };
  CHECK(rondo::run(world.backend, body()) == 7);
}

CONFORMANCE("a posted call that throws is reported, and the loop goes on") {
  World world;
  rondo::Runner runner(world.backend);
  std::string report;
  runner.loop().set_exception_handler([&report](const rondo::ErrorContext& context) {
    report = rondo::describe(context.exception);
  });
  const auto body = []() -> rondo::Coro<int> {
    rondo::this_loop().call_soon_threadsafe([] { throw std::runtime_error("broken"); });
    co_await rondo::sleep(1ms);
    co_return 7;
  };
  CHECK(runner.run(body()) == 7);
  CHECK(report == "broken");
}

CONFORMANCE("a call that was posted and never taken is destroyed with the backend, without running") {
  const auto token = std::make_shared<int>(0);
  bool ran = false;
  {
    World world;
    rondo::Loop loop;
    loop.attach(world.backend);
    loop.call_soon_threadsafe([token, &ran] { ran = true; });
    CHECK(token.use_count() == 2);
  }
  CHECK(token.use_count() == 1);
  CHECK_FALSE(ran);
}

CONFORMANCE("calls that post themselves again and again do not keep a job from running") {
  World world;
  NEEDS(jobs);
  struct Again {
    rondo::Loop* loop;
    int* left;
    void operator()() const {
      if (--*left > 0) loop->call_soon_threadsafe(*this);
    }
  };
  const auto body = []() -> rondo::Coro<bool> {
    int left = 200'000;
    rondo::this_loop().call_soon_threadsafe(Again{&rondo::this_loop(), &left});
    co_await rondo::to_thread(conformance::little);
    const bool in_between = left > 0;
    left = 0;
    co_await rondo::sleep(1ms);  // the last of them runs before `left` goes
    co_return in_between;
  };
  CHECK(rondo::run(world.backend, body()));
}

CONFORMANCE("call_soon_threadsafe and call_soon from the loop's own thread keep their order") {
  World world;
  const auto body = []() -> rondo::Coro<std::string> {
    std::string story;
    rondo::Loop& loop = rondo::this_loop();
    loop.call_soon_threadsafe([&story] { story += 'a'; });
    loop.call_soon([&story] { story += 'b'; });
    loop.call_soon_threadsafe([&story, &loop] {
      story += 'c';
      loop.call_soon_threadsafe([&story] { story += 'e'; });
      loop.call_soon([&story] { story += 'f'; });
    });
    loop.call_soon([&story] { story += 'd'; });
    co_await rondo::sleep(5ms);
    co_return story;
  };
  CHECK(rondo::run(world.backend, body()) == "abcdef");
}

CONFORMANCE("call_soon_threadsafe, call_soon and create_task keep their order between the steps, too") {
  World world;
  rondo::Runner runner(world.backend);
  std::string story;
  const auto note = [&story](char what) { return [&story, what] { story += what; }; };
  const auto writes = [](std::string* to) -> rondo::Coro<> {
    *to += 'd';
    co_return;
  };
  const auto rest = []() -> rondo::Coro<> { co_await rondo::sleep(5ms); };
  for (int i = 0; i < 2; ++i) {  // before the first run, and between two
    rondo::Loop& loop = runner.loop();
    loop.call_soon_threadsafe(note('a'));
    loop.call_soon(note('b'));
    loop.call_soon_threadsafe(note('c'));
    const auto task = loop.create_task(writes(&story));
    loop.call_soon_threadsafe(note('e'));
    loop.call_soon(note('f'));
    runner.run(rest());
  }
  CHECK(story == "abcdefabcdef");
}

CONFORMANCE("a call that another thread has posted comes before one that is posted later by the loop's own") {
  World world;
  const auto body = []() -> rondo::Coro<std::string> {
    std::string story;
    rondo::Loop& loop = rondo::this_loop();
    std::thread([&] { loop.call_soon_threadsafe([&story] { story += 'x'; }); }).join();
    loop.call_soon_threadsafe([&story] { story += 'y'; });
    co_await rondo::sleep(5ms);
    co_return story;
  };
  CHECK(rondo::run(world.backend, body()) == "xy");
}

CONFORMANCE("call_soon_threadsafe wakes a loop that sleeps, also when it comes from a callback of the loop") {
  World world;
  const auto body = []() -> rondo::Coro<std::string> {
    std::string story;
    rondo::Loop& loop = rondo::this_loop();
    const auto done = loop.create_future<>();
    loop.call_later(1ms, [&loop, done] { loop.call_soon_threadsafe([done] { done.set_result(); }); });
    const auto outcome = co_await rondo::as_outcome(rondo::wait_for(done, 10s));
    co_return ending_of(outcome);
  };
  CHECK(rondo::run(world.backend, body()) == "void");
}
