// SPDX-License-Identifier: BSL-1.0
// task_arrows_test.cpp - cancellations that are noted: taken back, repeated, or left behind when the loop ends.
#include <array>

#include <rondo/async_generator.hpp>
#include <rondo/gather.hpp>
#include <rondo/loop.hpp>
#include <rondo/rondo.hpp>

#include "ending.hpp"

#include "catch.hpp"

using namespace rondo;

namespace {

struct Steps {
  ~Steps() { loop.drop_tasks_silently(); }
  void step() { static_cast<void>(loop.step(Instant{}, {}, out)); }
  std::array<Output, 16> out;
  Loop loop;
};

Coro<std::string> nothing() { co_return "ran"; }

Coro<std::string> wait_for_all(Future<int> first, Future<int> second) {
  co_await gather(first, second);
  co_return "ran";
}

Coro<std::string> wait_for_one(Future<int> future) {
  co_await future;
  co_return "ran";
}

/// A task whose gather has all its values, and does not know it yet: so it refuses a request.
Task<std::string> refusing_task(Steps& s) {
  const auto first = s.loop.create_future<int>();
  const auto second = s.loop.create_future<int>();
  auto task = s.loop.create_task(wait_for_all(first, second));
  s.step();
  first.set_result(1);
  second.set_result(2);
  CHECK(task.cancel());
  CHECK(task.task().must_cancel());
  return task;
}

}  // namespace

TEST_CASE("a task that was cancelled before its first step runs if that is taken back") {
  Steps s;
  const auto task = s.loop.create_task(nothing());
  task.cancel();
  CHECK(task.task().must_cancel());
  CHECK_FALSE(task.task().started());
  CHECK(task.uncancel() == 0);
  CHECK_FALSE(task.task().must_cancel());
  s.step();
  CHECK(task.result() == "ran");
}

TEST_CASE("a request that what is awaited has refused can be repeated, and taken back") {
  Steps s;
  const auto kept = refusing_task(s);
  const auto taken_back = refusing_task(s);
  CHECK(taken_back.cancel());
  CHECK(taken_back.uncancel() == 1);
  CHECK(taken_back.task().must_cancel());
  CHECK(taken_back.uncancel() == 0);
  CHECK_FALSE(taken_back.task().must_cancel());
  s.step();
  CHECK(kept.cancelled());
  CHECK(taken_back.result() == "ran");
}

TEST_CASE("a loop that ends takes with it tasks whose cancellation was noted, wherever they stand") {
  Steps s;
  const auto future = s.loop.create_future<int>();
  const auto scheduled = s.loop.create_task(wait_for_one(future));
  const auto refusing = refusing_task(s);
  const auto unstarted = s.loop.create_task(nothing());
  unstarted.cancel();
  future.set_result(1);
  scheduled.cancel();
  s.loop.discard();
  for (const auto& task : {scheduled, refusing, unstarted}) CHECK(task.cancelled());
}

TEST_CASE("a task that has cancelled itself, twice, and then awaits itself is cancelled") {
  const auto awaits_itself = [](const Task<>* self) -> Coro<> {
    self->cancel();
    self->cancel();
    co_await *self;
  };
  Steps s;
  Task<> task;
  task = s.loop.create_task(awaits_itself(&task));
  s.step();
  CHECK(task.cancelled());
}

namespace {

AsyncGenerator<int> stubborn(Future<int> last) {
  for (int i = 0; i < 2; ++i) {
    try {
      co_yield i;
    } catch (const GeneratorExit&) {
    }
  }
  co_yield 2;
  co_await last;
}

Coro<std::string> close_and_ask(AsyncGenerator<int>* generator, int times) {
  std::string story;
  co_await generator->next();
  static_cast<void>(co_await as_outcome(generator->aclose()));
  for (int i = 0; i < times; ++i) {
    const auto next = co_await generator->next();
    story += next ? std::to_string(*next) : "end";
  }
  co_return story + ending_of(co_await as_outcome(generator->aclose()));
}

}  // namespace

TEST_CASE("a generator that has ignored aclose gives more values, and cannot be closed again") {
  Steps s;
  auto generator = stubborn(s.loop.create_future<int>());
  const auto task = s.loop.create_task(close_and_ask(&generator, 1));
  s.step();
  CHECK(task.result() == "2aclose: the async generator was closed before, and ignored it");
}

TEST_CASE("a loop that ends takes with it a generator that has ignored aclose, at a co_yield or at an await") {
  for (const int times : {0, 2}) {
    Steps s;
    auto generator = stubborn(s.loop.create_future<int>());
    const auto task = s.loop.create_task(close_and_ask(&generator, times));
    s.step();
    CHECK(task.done() == (times == 0));
    s.loop.discard();
    CHECK(generator.core().frame() == nullptr);
  }
}
