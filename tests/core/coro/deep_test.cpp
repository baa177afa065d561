// SPDX-License-Identifier: BSL-1.0
// deep_test.cpp - deep chains and long rows of awaits: the native stack does not grow with them.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

constexpr int depth_of_chains = 100'000;

Coro<int> nested(int depth, bool suspend) {
  if (depth == 0) {
    if (suspend) co_await sleep(1s);
    co_return 1;
  }
  const int below = co_await nested(depth - 1, suspend);
  co_return below + 1;
}

Coro<int> nested_error(int depth) {
  if (depth == 0) throw std::runtime_error("from the bottom");
  const int below = co_await nested_error(depth - 1);
  co_return below + 1;
}

Coro<int> one() { co_return 1; }

}  // namespace

TEST_CASE("a chain of 100,000 awaits that never suspends does not overflow the stack") {
  CHECK(sim::run(nested(depth_of_chains, false)) == depth_of_chains + 1);
}

TEST_CASE("a chain of 100,000 awaits that suspends at the bottom does not overflow the stack") {
  CHECK(sim::run(nested(depth_of_chains, true)) == depth_of_chains + 1);
}

TEST_CASE("an error climbs through a chain of 10,000 awaits") {
  CHECK_THROWS_WITH(sim::run(nested_error(10'000)), "from the bottom");
}

TEST_CASE("a chain of 10,000 awaits can be cancelled at the bottom") {
  Hops h;
  const auto task = h.start(see(h, "chain", nested(10'000, true)));
  h.settle();
  task.cancel("why");
  h.settle();
  CHECK(h.ending("chain") == "cancelled (why)");
}

TEST_CASE("a chain of 100,000 awaits is destroyed with its loop without recursion") {
  Task<int> kept;
  {
    Hops h;
    kept = h.start(nested(depth_of_chains, true));
    h.settle();
    CHECK_FALSE(kept.done());
  }
  CHECK(kept.cancelled());
}

TEST_CASE("a million synchronous awaits in a row do not overflow the stack") {
  const auto body = []() -> Coro<int> {
    int sum = 0;
    for (int i = 0; i < 1'000'000; ++i) sum += co_await one();
    co_return sum;
  };
  CHECK(sim::run(body()) == 1'000'000);
}

TEST_CASE("a chain of 100,000 tasks that await each other ends without recursion, also when its handles go") {
  const auto link = [](Task<int> next) -> Coro<int> {
    const int below = co_await std::move(next);
    co_return below + 1;
  };
  const auto body = [link]() -> Coro<int> {
    Task<int> last = create_task(turns(1, 1));
    for (int i = 0; i < depth_of_chains; ++i) last = create_task(link(std::move(last)));
    co_return co_await std::move(last);
  };
  CHECK(sim::run(body()) == depth_of_chains + 1);
}

// --- chains that are dropped, completed or cancelled -----------------------------------------------------------------

TEST_CASE("a chain of 100,000 futures whose callbacks hold the one before is dropped without recursion") {
  Hops h;
  Future<> last = h.future();
  for (int i = 0; i < depth_of_chains; ++i) {
    Future<> next = h.future();
    next.add_done_callback([last] { static_cast<void>(last); });
    last = next;
  }
  last = {};
  h.run();
}

TEST_CASE("a chain of 100,000 futures that complete each other is completed and cancelled without recursion") {
  Hops h;
  for (const bool cancels : {false, true}) {
    const Future<> first = h.future();
    Future<> last = first;
    for (int i = 0; i < depth_of_chains; ++i) {
      Future<> next = h.future();
      last.add_done_callback([next, cancels] { cancels ? static_cast<void>(next.cancel()) : next.set_result(); });
      last = next;
    }
    cancels ? static_cast<void>(first.cancel()) : first.set_result();
    h.run();
    CHECK(last.done());
    CHECK(last.cancelled() == cancels);
  }
}

TEST_CASE("a chain of 100,000 values that hold the next future is dropped without recursion") {
  struct Node {
    std::shared_ptr<Future<std::shared_ptr<Node>>> next;
  };
  Hops h;
  std::shared_ptr<Node> first = std::make_shared<Node>();
  for (int i = 0; i < depth_of_chains; ++i) {
    auto future = std::make_shared<Future<std::shared_ptr<Node>>>(h.future<std::shared_ptr<Node>>());
    future->set_result(std::move(first));
    first = std::make_shared<Node>(Node{future});
  }
  Future<std::shared_ptr<Node>> holder = h.future<std::shared_ptr<Node>>();
  holder.set_result(std::move(first));
  holder = {};
  h.run();
}

TEST_CASE("a chain of 100,000 shields and of gathers is dropped, completed and cancelled without recursion") {
  Hops h;
  for (int way = 0; way < 3; ++way) {
    const Future<> first = h.future();
    Future<> shields = first;
    {
      const Loop::Scope scope(h.loop);
      for (int i = 0; i < depth_of_chains; ++i) shields = shield(shields);
    }
    if (way == 0) shields = {};
    if (way == 1) shields.cancel();
    first.set_result();
    h.run();
  }
}

TEST_CASE("tasks, futures and generators that hold each other in turn go without recursion") {
  const auto holder = [](std::shared_ptr<void>) -> Coro<> { co_return; };
  const auto body = [&holder]() -> Coro<> {
    std::shared_ptr<void> last;
    for (int i = 0; i < depth_of_chains / 2; ++i) {
      auto task = create_task(holder(last));
      co_await task;
      const auto future = this_loop().create_future<>();
      future.add_done_callback([task] { static_cast<void>(task); });
      last = std::make_shared<Future<>>(future);
    }
    auto outermost = create_task(holder(std::move(last)));
    co_await outermost;
    outermost = {};
    co_await sleep(1s);
  };
  sim::run(body());
}
