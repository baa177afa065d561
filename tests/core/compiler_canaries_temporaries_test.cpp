// SPDX-License-Identifier: BSL-1.0
// compiler_canaries_temporaries_test.cpp - what GCC 12 destroys twice, and the ways round.
#include "compiler_canaries.hpp"

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace canaries;

// PR 99576, PR 100611, mended in GCC 13. A closure whose captures have destructors, made inside a co_await expression,
// is destroyed twice, also when it becomes a std::function. timeout() and task_group() refuse such a temporary
// (check_body in body.hpp). to_thread() and run_in_executor() cannot: outside of a co_await it is in order there.
TEST_CASE("a closure with a name can be a body, a job and a callback of what is awaited") {
  CHECK(left_by([](int* alive) -> Coro<> {
          const Counted counted(alive);
          const auto body = [counted]() -> Coro<int> {
            co_await sleep(0s);
            co_return counted.value();
          };
          const auto group_body = [counted](TaskGroup& group) -> Coro<> {
            const auto child = group.create_task(take(counted));
            co_await child;
          };
          auto job = [counted] { return counted.value(); };
          const std::function<int()> function = job;
          int sum = co_await timeout(1s, body);
          sum += co_await timeout(1s, body);
          sum += co_await timeout_at(std::nullopt, body);
          co_await task_group(group_body);
          sum += co_await to_thread(function);
          sum += co_await to_thread(job);
          sum += co_await run_in_executor(nullptr, job);
          sum += co_await run_in_executor(nullptr, std::move(job));
          CHECK(sum == 7 * 7);
        }) == 0);
}

TEST_CASE("a closure made in a statement of its own can be a job that is awaited in the next") {
  CHECK(left_by([](int* alive) -> Coro<> {
          const Counted counted(alive);
          const Future<int> job = run_in_executor(nullptr, [counted] { return counted.value(); });
          int sum = co_await job;
          Coro<int> coro = to_thread([counted] { return counted.value(); });
          sum += co_await std::move(coro);
          CHECK(sum == 14);
          this_loop().call_soon([counted] {});
          job.add_done_callback([counted] {});
          co_await sleep(0s);
        }) == 0);
}

TEST_CASE("canary: a temporary closure inside a co_await expression is destroyed once") {
  expect_wrong(left_by([](int* alive) -> Coro<> {
                 const Counted counted(alive);
                 co_await to_thread([counted] { return counted.value(); });
               }),
               "GCC PR 99576 (a closure)");
  expect_wrong(left_by([](int* alive) -> Coro<> {
                 const Counted counted(alive);
                 const auto calls = [](std::function<int()> function) -> Coro<int> { co_return function(); };
                 co_await calls([counted] { return counted.value(); });
               }),
               "GCC PR 100611 (a closure that becomes a std::function)");
}

// A temporary closure whose captures have no destructors is in order everywhere: references, pointers and numbers.
TEST_CASE("a temporary closure that captures references and numbers can be the body of a block") {
  const auto main = []() -> Coro<int> {
    const int seven = 7;
    int sum = 0;
    const int value = co_await timeout(1s, [seven]() -> Coro<int> {
      co_await sleep(0s);
      co_return seven;
    });
    co_await task_group([&sum, value](TaskGroup&) -> Coro<> {
      co_await sleep(0s);
      sum += value;
    });
    co_return sum;
  };
  CHECK(sim::run(main()) == 7);
}

// PR 98401, mended in GCC 13: so is an aggregate with a member that has a destructor. Options of rondo are aggregates,
// so that they can be written with names, and therefore none of them has a destructor.
TEST_CASE("options can be written in place: none of them needs a destructor") {
  static_assert(std::is_trivially_destructible_v<TaskOptions>);
  static_assert(std::is_trivially_destructible_v<WaitOptions>);
  static_assert(std::is_trivially_destructible_v<RunOptions>);
  static_assert(std::is_trivially_destructible_v<LoopOptions>);
  static_assert(std::is_trivially_destructible_v<sim::SimOptions>);
  static_assert(std::is_trivially_destructible_v<ConnectOptions>);
  static_assert(std::is_trivially_destructible_v<ServerOptions>);
  static_assert(std::is_trivially_destructible_v<LookupOptions>);
  static_assert(std::is_trivially_destructible_v<SocketOptions>);
  static_assert(std::is_trivially_destructible_v<StreamLimits>);
  CHECK(left_by([](int* alive) -> Coro<> {
          const std::string name = "a name that is too long for a small string";
          const int value = co_await create_task(take(Counted(alive)), {.name = name});
          CHECK(value == 7);
          const std::vector both{create_task(take(Counted(alive))), create_task(take(Counted(alive)))};
          const auto parted = co_await wait(both, {.timeout = 1s, .return_when = first_completed});
          CHECK(parted.done.size() == 2);
          const std::size_t done = (co_await wait({.timeout = 1s}, both[0], both[1])).done.size();
          CHECK(done == 2);
        }) == 0);
}

namespace {

struct Request {
  Counted counted;
  int value;
};
Coro<int> take_request(Request request) {
  co_await sleep(0s);
  co_return request.value;
}

}  // namespace

TEST_CASE("an aggregate can be made in the queue that it is put into, also where the put has to wait") {
  CHECK(left_by([](int* alive) -> Coro<> {
          Queue<Request> queue(1);
          co_await queue.put(std::in_place, Counted(alive), 1);
          const auto puts = [](Queue<Request>* to, int* count) -> Coro<> {
            co_await to->put(std::in_place, Counted(count), 2);
          };
          const auto putter = create_task(puts(&queue, alive));
          co_await sleep(0s);
          CHECK_FALSE(putter.done());
          const Request first = co_await queue.get();
          const Request second = co_await queue.get();
          CHECK(first.value + second.value == 3);
          queue.put_nowait(std::in_place, Counted(alive), 3);
          LifoQueue<Request> stack;
          co_await stack.put(std::in_place, queue.get_nowait());
          CHECK(stack.get_nowait().value == 3);
        }) == 0);
}

TEST_CASE("an aggregate that has a name can be passed on, and so can what has a constructor without one") {
  CHECK(left_by([](int* alive) -> Coro<> {
          Request named{Counted(alive), 7};
          int sum = co_await take_request(std::move(named));
          const auto takes_pair = [](std::pair<Counted, int> pair) -> Coro<int> { co_return pair.second; };
          sum += co_await takes_pair(std::pair(Counted(alive), 7));
          const auto takes_tuple = [](std::tuple<Counted, int> tuple) -> Coro<int> { co_return std::get<1>(tuple); };
          sum += co_await takes_tuple({Counted(alive), 7});
          const auto task = create_task(take_request(Request{Counted(alive), 7}));  // a statement without an await
          sum += co_await task;
          CHECK(sum == 4 * 7);
        }) == 0);
}

TEST_CASE("canary: a temporary aggregate inside a co_await expression is destroyed once") {
  expect_wrong(left_by([](int* alive) -> Coro<> {
                 const int value = co_await take_request(Request{Counted(alive), 7});
                 CHECK(value == 7);
               }),
               "GCC PR 98401 (an aggregate)");
  expect_wrong(left_by([](int* alive) -> Coro<> {
                 Queue<Request> queue;
                 co_await queue.put(Request{Counted(alive), 7});
               }),
               "GCC PR 98401 (an aggregate that is put into a queue)");
  expect_wrong(left_by([](int* alive) -> Coro<> {
                 const int value = co_await create_task(take_request({Counted(alive), 7}));
                 CHECK(value == 7);
               }),
               "GCC PR 98401 (an aggregate for a task that is awaited at once)");
  expect_wrong(left_by([](int* alive) -> Coro<> {
                 const auto takes = [](std::array<Counted, 1> counted) -> Coro<int> { co_return counted[0].value(); };
                 static_cast<void>(co_await takes(std::array<Counted, 1>{Counted(alive)}));
               }),
               "GCC PR 98401 (a std::array)");
}

// PR 102217, mended in GCC 13: `c ? co_await x : y` destroys a value of class type twice. Write if and else.
TEST_CASE("if and else around co_await keep values whole, and so does ?: for numbers") {
  CHECK(left_by([](int* alive) -> Coro<> {
          for (const bool which : {true, false}) {
            std::optional<Counted> counted;
            if (which) {
              counted.emplace(co_await give(alive));
            } else {
              counted.emplace(alive);
            }
            CHECK(counted->value() == 7);
            const int number = which ? co_await take(*counted) : 8;
            CHECK(number == (which ? 7 : 8));
          }
        }) == 0);
}

TEST_CASE("canary: ?: with a co_await on one side gives a value that is destroyed once") {
  expect_wrong(left_by([](int* alive) -> Coro<> {
                 const bool which = alive != nullptr;
                 const Counted counted = which ? co_await give(alive) : Counted(alive);
                 CHECK(counted.value() == 7);
               }),
               "GCC PR 102217 (a conditional expression)");
}

// llvm 59181, mended in clang 16: ?: whose sides are temporaries made from an await.
TEST_CASE("a value made from an await can be chosen with if and else") {
  CHECK(left_by([](int* alive) -> Coro<> {
          const auto chooses = [](int* count, bool which) -> Coro<Counted> {
            if (which) co_return Counted(co_await give(count));
            co_return Counted(count);
          };
          for (const bool which : {true, false}) {
            const Counted chosen = co_await chooses(alive, which);
            CHECK(chosen.value() == 7);
          }
        }) == 0);
}

// GCC 12, seen here: in `throw E(co_await x)` the exception is destroyed once too often. Await first, then throw.
TEST_CASE("what is awaited first can be thrown") {
  CHECK(left_by([](int* alive) -> Coro<> {
          const auto throws = [](int* count) -> Coro<> {
            Counted error = co_await give(count);
            throw error;
          };
          const auto outcome = co_await as_outcome(throws(alive));
          CHECK(outcome.failed());
        }) == 0);
}

TEST_CASE("canary: an exception that is made from an await is destroyed once") {
  expect_wrong(left_by([](int* alive) -> Coro<> {
                 const auto throws = [](int* count) -> Coro<> { throw Counted(co_await sleep(0s, count)); };
                 const auto outcome = co_await as_outcome(throws(alive));
                 CHECK(outcome.failed());
               }),
               "GCC 12 (co_await in a throw)");
}

// PR 98056, PR 103871: `co_await f({"a", "b"})` does not compile on GCC 12 ("array used as initializer"), and neither
// does `co_await wait(std::vector{a, b})`. What takes many takes them one by one, too.
TEST_CASE("what takes many awaitables needs no braces inside a co_await expression") {
  const auto main = []() -> Coro<std::string> {
    const auto [a, b] = co_await gather(text("a"), text("b"));
    std::vector<Coro<std::string>> more;
    more.push_back(text("c"));
    more.push_back(text("d"));
    const std::vector<std::string> rest = co_await gather(std::move(more));
    const auto e = create_task(text("e"));
    const auto f = create_task(text("f"));
    const auto parted = co_await wait(e, f);
    co_return a + b + rest[0] + rest[1] + parted.done[0].result() + parted.done[1].result();
  };
  CHECK(sim::run(main()) == "abcdef");
}
