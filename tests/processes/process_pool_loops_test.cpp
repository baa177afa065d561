// SPDX-License-Identifier: BSL-1.0
// process_pool_loops_test.cpp - pools and loops that go while something runs.
#include <rondo/executors/process_pool.hpp>

#include "pool_run.hpp"

using namespace processes;

namespace {

constexpr auto destroyed_text = "the process pool was destroyed before the job was done";

Coro<int> ask(ProcessPoolExecutor& pool, int number) { co_return co_await pool.run<&work::twice>(number); }

}  // namespace

// --- pools that go ---------------------------------------------------------------------------------------------------

TEST_CASE("a pool that is destroyed kills its workers: what runs and what waits fails") {
  const auto body = []() -> Coro<std::string> {
    auto pool = std::make_unique<ProcessPoolExecutor>(ProcessPoolOptions{.max_workers = 2});
    const auto done = pool->run<&work::twice>(1);
    const auto running = pool->run<&work::loop>();
    static_cast<void>(co_await done);
    const auto also = pool->run<&work::loop>();
    const auto waiting = pool->run<&work::twice>(2);
    co_await sleep(10ms);
    const std::vector<int> workers = pool->pids();
    pool.reset();
    std::string story = co_await ending(done);
    story += "|" + co_await ending(running) + "|" + co_await ending(also) + "|" + co_await ending(waiting);
    const bool gone = co_await until([&] { return !exists(workers.at(0)) && !exists(workers.at(1)); });
    co_return story + (gone ? "|gone" : "|there");
  };
  const std::string text = destroyed_text;
  CHECK(here(body()) == "2|" + text + "|" + text + "|" + text + "|gone");
}

TEST_CASE("a pool may be destroyed in the turn in which it was made, and at any moment of its workers' start") {
  const auto body = []() -> Coro<std::string> {
    std::string story;
    for (int turns = 0; turns < 12; ++turns) {
      auto pool = std::make_unique<ProcessPoolExecutor>(ProcessPoolOptions{.max_workers = 2});
      const auto first = pool->run<&work::twice>(1);
      const auto second = pool->run<&work::twice>(1);
      for (int i = 0; i < turns; ++i) co_await sleep(std::chrono::microseconds(turns > 6 ? 500 : 0));
      pool.reset();
      for (const auto& job : {first, second}) {
        const std::string end = co_await ending(job);
        if (end != destroyed_text && end != "2") story += end;
      }
    }
    co_await sleep(10ms);
    co_return story;
  };
  CHECK(here(body()) == "");
}

TEST_CASE("a pool may be destroyed while it is shut down") {
  const auto body = []() -> Coro<std::string> {
    auto pool = std::make_unique<ProcessPoolExecutor>(ProcessPoolOptions{.max_workers = 1});
    const auto job = pool->run<&work::loop>();
    const auto stopping = create_task(pool->shutdown());
    co_await sleep(20ms);
    pool.reset();
    std::string story = co_await ending(job);
    story += "|" + co_await ending(stopping);
    co_return story;
  };
  CHECK(here(body()) == std::string(destroyed_text) + "|void");
}

TEST_CASE("a pool that was never used needs no loop") {
  const ProcessPoolExecutor pool;
  CHECK(pool.pids().empty());
}

// --- loops that go ---------------------------------------------------------------------------------------------------

TEST_CASE("a pool that was made before run() is used in it, and in the next one") {
  ProcessPoolExecutor pool({.max_workers = 2});
  CHECK(here(ask(pool, 1)) == 2);
  CHECK(pool.pids().empty());
  CHECK(here(ask(pool, 2)) == 4);
  CHECK(here(ask(pool, 3)) == 6);
}

TEST_CASE("run() returns while jobs run and wait: the workers are killed") {
  const auto body = [](ProcessPoolExecutor* pool, std::vector<int>* workers) -> Coro<int> {
    static_cast<void>(co_await pool->run<&work::twice>(1));
    for (int i = 0; i < 5; ++i) static_cast<void>(pool->run<&work::loop>());
    co_await sleep(10ms);
    *workers = pool->pids();
    co_return 1;
  };
  ProcessPoolExecutor pool({.max_workers = 2});
  std::vector<int> workers;
  CHECK(here(body(&pool, &workers)) == 1);
  REQUIRE(workers.size() == 2);
  for (const int worker : workers) CHECK_FALSE(exists(worker));
  CHECK(here(ask(pool, 4)) == 8);
}

TEST_CASE("run() returns at any moment of the workers' start, and of a job") {
  const auto body = [](ProcessPoolExecutor* pool, int moment) -> Coro<> {
    for (int i = 0; i < 3; ++i) static_cast<void>(pool->run<&work::sleep_ms>(1));
    for (int i = 0; i < moment; ++i) co_await sleep(std::chrono::microseconds(moment > 5 ? 400 : 0));
  };
  for (int moment = 0; moment < 20; ++moment) {
    INFO("moment " << moment);
    ProcessPoolExecutor pool({.max_workers = 2});
    here(body(&pool, moment));
    CHECK(here(ask(pool, 4)) == 8);
  }
}

TEST_CASE("jobs of a loop that has gone are cancelled") {
  const auto body = [](ProcessPoolExecutor* pool, std::vector<Future<void>>* jobs) -> Coro<> {
    for (int i = 0; i < 3; ++i) jobs->push_back(pool->run<&work::loop>());
    co_await sleep(20ms);
  };
  ProcessPoolExecutor pool({.max_workers = 1});
  std::vector<Future<void>> jobs;
  {
    const Census census;
    const auto backend = make_test_backend();
    Runner runner(*backend);
    runner.run(body(&pool, &jobs));
    runner.close();
    jobs.clear();
  }
  CHECK(here(ask(pool, 4)) == 8);
}

TEST_CASE("an exception that ends the program ends its workers, whether the pool goes before the loop or after it") {
  const auto inside = []() -> Coro<> {
    ProcessPoolExecutor pool({.max_workers = 2});
    static_cast<void>(pool.run<&work::loop>());
    static_cast<void>(co_await pool.run<&work::twice>(1));
    throw std::runtime_error("the program fails");
  };
  CHECK_THROWS_WITH(here(inside()), "the program fails");
  const auto outside = [](ProcessPoolExecutor* pool) -> Coro<> {
    static_cast<void>(pool->run<&work::loop>());
    static_cast<void>(co_await pool->run<&work::twice>(1));
    throw std::runtime_error("the program fails");
  };
  ProcessPoolExecutor pool({.max_workers = 2});
  CHECK_THROWS_WITH(here(outside(&pool)), "the program fails");
}

TEST_CASE("a main task that is cancelled while it waits for a job ends at once") {
  const auto body = []() -> Coro<std::string> {
    const auto inner = []() -> Coro<> {
      ProcessPoolExecutor pool({.max_workers = 1});
      co_await pool.run<&work::loop>();
    };
    const auto task = create_task(inner());
    co_await sleep(20ms);
    task.cancel();
    std::string story = co_await ending(task);
    const bool alone = co_await until([] { return children() == "none"; });
    co_return story + (alone ? ", alone" : ", not alone");
  };
  CHECK(here(body()) == "cancelled, alone");
}

TEST_CASE("two pools in one loop do not know each other") {
  const auto body = []() -> Coro<std::string> {
    ProcessPoolExecutor first({.max_workers = 1, .name = "a"});
    ProcessPoolExecutor second({.max_workers = 1, .name = "b"});
    const int one = co_await first.run<&work::pid>();
    const int two = co_await second.run<&work::pid>();
    co_await first.shutdown();
    const int three = co_await second.run<&work::pid>();
    co_return std::string(one != two ? "two" : "one") + (two == three ? ", and on" : ", not on");
  };
  CHECK(here(body()) == "two, and on");
}
