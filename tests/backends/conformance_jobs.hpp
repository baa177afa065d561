// SPDX-License-Identifier: BSL-1.0
// conformance_jobs.hpp - what every backend must pass: jobs on executors.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <rondo/executors/thread_pool.hpp>
#include <rondo/rondo.hpp>

#include "catch.hpp"
#include "needs.hpp"
#include "support.hpp"

using namespace std::chrono_literals;

namespace {
namespace conformance {

inline const rondo::ContextVar<std::string> request{"nobody"};

int square(int number) { return number * number; }
rondo::Coro<int> square_on_a_thread(int number) {
  const int result = co_await rondo::to_thread(square, number);
  co_return result;
}
rondo::Coro<int> sleep_and_square(int number) {
  co_await rondo::sleep(1ms);
  co_return square(number);
}
void nothing() {}
std::string exclaim(const std::string& text) { return text + "!"; }
std::unique_ptr<int> box(int value) { return std::make_unique<int>(value); }
int slow_seven() {
  std::this_thread::sleep_for(3ms);
  return 7;
}
std::string rename_to_bob() {
  const std::string before = request.get();
  request.set("bob");
  return before + " " + request.get();
}
int fail() { throw std::out_of_range("not a square"); }

}  // namespace conformance
}  // namespace

CONFORMANCE("to_thread gives the value of its function, which may be void or move-only") {
  World world;
  NEEDS(jobs);
  const auto body = []() -> rondo::Coro<std::string> {
    const std::string input = "ha";
    const std::string text = co_await rondo::to_thread(conformance::exclaim, input);
    co_await rondo::to_thread(conformance::nothing);
    const std::unique_ptr<int> boxed = co_await rondo::to_thread(conformance::box, 7);
    co_return text + std::to_string(*boxed);
  };
  CHECK(rondo::run(world.backend, body()) == "ha!7");
}

CONFORMANCE("run_in_executor gives a future of the function's value, on a pool of one's own") {
  World world;
  NEEDS(jobs);
  rondo::ThreadPoolExecutor pool({.threads = 2});
  const auto body = [](rondo::ThreadPoolExecutor* executor) -> rondo::Coro<int> {
    const rondo::Future<int> first = rondo::run_in_executor(*executor, conformance::square, 3);
    const rondo::Future<int> second = rondo::run_in_executor(*executor, conformance::square, 4);
    const int a = co_await first;
    const int b = co_await second;
    co_return a + b;
  };
  CHECK(rondo::run(world.backend, body(&pool)) == 25);
}

CONFORMANCE("an exception of a job comes out of its await, with its type and its text") {
  World world;
  NEEDS(jobs);
  const auto body = []() -> rondo::Coro<int> {
    const int value = co_await rondo::to_thread(conformance::fail);
    co_return value;
  };
  CHECK_THROWS_AS(rondo::run(world.backend, body()), std::out_of_range);
  CHECK_THROWS_WITH(rondo::run(world.backend, body()), "not a square");
}

CONFORMANCE("a job sees its caller's context variables, and what it sets stays its own") {
  World world;
  NEEDS(jobs);
  const auto body = []() -> rondo::Coro<std::string> {
    conformance::request.set("alice");
    const std::string in_the_job = co_await rondo::to_thread(conformance::rename_to_bob);
    co_return in_the_job + " " + conformance::request.get();
  };
  CHECK(rondo::run(world.backend, body()) == "alice bob alice");
}

CONFORMANCE("no loop runs inside a job") {
  World world;
  NEEDS(jobs);
  const auto body = []() -> rondo::Coro<std::string> {
    const auto asks = [] { static_cast<void>(rondo::this_loop()); };
    co_return co_await ending(rondo::run_in_executor(nullptr, asks));
  };
  CHECK(contains(rondo::run(world.backend, body()), "no loop runs on this thread"));
}

CONFORMANCE("gather of jobs, sleeps and coroutines gives their values in the order given") {
  World world;
  NEEDS(jobs);
  const auto body = []() -> rondo::Coro<std::string> {
    const auto [slow, job, both, yield] =
        co_await rondo::gather(rondo::sleep(2ms, 1), rondo::run_in_executor(nullptr, conformance::square, 2),
                               conformance::sleep_and_square(3), rondo::sleep(0s, 4));
    co_return std::to_string(slow) + std::to_string(job) + std::to_string(both) + std::to_string(yield);
  };
  CHECK(rondo::run(world.backend, body()) == "1494");
}

CONFORMANCE("a hundred jobs at once all come back, each with its own value") {
  World world;
  NEEDS(jobs);
  const auto body = []() -> rondo::Coro<int> {
    std::vector<rondo::Coro<int>> jobs;
    for (int i = 0; i < 100; ++i) jobs.push_back(conformance::square_on_a_thread(i));
    const std::vector<int> values = co_await rondo::gather(std::move(jobs));
    int wrong = 0;
    for (int i = 0; i < 100; ++i) wrong += values.at(static_cast<std::size_t>(i)) == i * i ? 0 : 1;
    co_return wrong;
  };
  CHECK(rondo::run(world.backend, body()) == 0);
}

CONFORMANCE("one failing job ends the gather, and the others still run") {
  World world;
  NEEDS(jobs);
  const auto body = []() -> rondo::Coro<std::string> {
    const auto good = rondo::run_in_executor(nullptr, conformance::square, 5);
    const std::string how =
        co_await ending(rondo::gather(good, rondo::run_in_executor(nullptr, conformance::fail)));
    const int value = co_await good;
    co_return how + ", " + std::to_string(value);
  };
  CHECK(rondo::run(world.backend, body()) == "not a square, 25");
}

CONFORMANCE("a job that is cancelled behind a busy thread never runs") {
  World world;
  NEEDS(jobs);
  rondo::ThreadPoolExecutor pool({.threads = 1});
  bool ran = false;
  const auto body = [](rondo::ThreadPoolExecutor* executor, bool* flag) -> rondo::Coro<std::string> {
    Gate gate;
    Gate* const closed = &gate;
    // A simulated world has no threads: there the first job would wait for ever, so it opens the gate itself.
    const bool threads = rondo::this_loop().backend()->name() != "sim";
    const auto first = rondo::run_in_executor(*executor, [closed, threads] { return !threads || closed->wait(); });
    const auto second = rondo::run_in_executor(*executor, [flag] { *flag = true; });
    second.cancel();
    const std::string how = co_await ending(second);
    co_await rondo::sleep(1ms);
    gate.open();
    const bool opened = co_await first;
    co_return opened ? how : how + ", and the gate was never opened";
  };
  CHECK(rondo::run(world.backend, body(&pool, &ran)) == "cancelled");
  CHECK_FALSE(ran);
}

CONFORMANCE("after a cancelled job, the next one comes back as ever") {
  World world;
  NEEDS(jobs);
  const auto body = []() -> rondo::Coro<int> {
    for (int i = 0; i < 20; ++i) {
      const auto job = rondo::run_in_executor(nullptr, conformance::square, i);
      if (i % 2 == 0) co_await rondo::sleep(0s);
      job.cancel();
      const std::string how = co_await ending(job);
      if (how != "cancelled" && how != std::to_string(i * i)) co_return -1;
    }
    const int value = co_await conformance::square_on_a_thread(6);
    co_return value;
  };
  CHECK(rondo::run(world.backend, body()) == 36);
}

CONFORMANCE("run waits for the jobs of the default executor, and frees what they hold") {
  World world;
  NEEDS(jobs);
  const auto token = std::make_shared<int>(0);
  const auto body = [](std::shared_ptr<int> held) -> rondo::Coro<> {
    for (int i = 0; i < 3; ++i) static_cast<void>(rondo::run_in_executor(nullptr, [held] {}));
    co_await rondo::sleep(0s);
  };
  rondo::run(world.backend, body(token));
  CHECK(token.use_count() == 1);
}

CONFORMANCE("the default executor is there again for the next run") {
  World world;
  NEEDS(jobs);
  CHECK(rondo::run(world.backend, conformance::square_on_a_thread(2)) == 4);
  CHECK(rondo::run(world.backend, conformance::square_on_a_thread(3)) == 9);
}

CONFORMANCE("a job in flight keeps a loop from a deadlock") {
  World world;
  NEEDS(jobs);
  const auto body = []() -> rondo::Coro<int> {
    const int value = co_await rondo::to_thread(conformance::slow_seven);
    co_return value;
  };
  CHECK(rondo::run(world.backend, body()) == 7);
}
