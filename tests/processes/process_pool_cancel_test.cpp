// SPDX-License-Identifier: BSL-1.0
// process_pool_cancel_test.cpp - jobs that somebody does not want any more.
#include <rondo/executors/process_pool.hpp>

#include "pool_run.hpp"

using namespace processes;

namespace {

/// Fills the only worker of a pool; true when it runs.
Coro<Future<int>> busy(ProcessPoolExecutor& pool, int duration_ms) {
  static_cast<void>(co_await pool.run<&work::twice>(0));
  Future<int> job = pool.run<&work::sleep_ms>(duration_ms);
  co_await sleep(10ms);
  co_return job;
}

}  // namespace

// --- before it starts ------------------------------------------------------------------------------------------------

TEST_CASE("a job that is cancelled before it starts never runs") {
  static const TemporaryFile file;
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const auto first = co_await busy(pool, 50);
    const auto unwanted = pool.run<&work::note>(file.path(), "unwanted");
    const auto wanted = pool.run<&work::note>(file.path(), "wanted");
    unwanted.cancel();
    std::string story = co_await ending(unwanted);
    co_await wanted;
    co_return story + ", " + file.text();
  });
  CHECK(told == "cancelled, wanted\n");
}

TEST_CASE("a job that is cancelled in the turn in which it was made starts no function") {
  static const TemporaryFile file;
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const auto unwanted = pool.run<&work::note>(file.path(), "unwanted");
    unwanted.cancel();
    std::string story = co_await ending(unwanted);
    story += ", " + std::to_string(co_await pool.run<&work::twice>(1));
    co_return story + ", " + file.text();
  });
  CHECK(told == "cancelled, 2, ");
}

TEST_CASE("a task that is cancelled while it waits for its job cancels the job") {
  static const TemporaryFile file;
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const auto first = co_await busy(pool, 50);
    const auto waits = [](ProcessPoolExecutor* on) -> Coro<> {
      co_await on->run<&work::note>(file.path(), "unwanted");
    };
    const auto task = create_task(waits(&pool));
    co_await sleep(5ms);
    task.cancel();
    std::string story = co_await ending(task);
    co_await first;
    co_await pool.run<&work::note>(file.path(), "after");
    co_return story + ", " + file.text();
  });
  CHECK(told == "cancelled, after\n");
}

TEST_CASE("wait_for takes out a job that has not started in time") {
  static const TemporaryFile file;
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const auto first = co_await busy(pool, 60);
    std::string story = co_await ending(wait_for(pool.run<&work::note>(file.path(), "late"), 10ms));
    co_await first;
    static_cast<void>(co_await pool.run<&work::pid>());
    co_return story + ", " + file.text();
  });
  CHECK(told == "TimeoutError, ");
}

TEST_CASE("a future that is dropped does not stop its job") {
  static const TemporaryFile file;
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    static_cast<void>(pool.run<&work::note>(file.path(), "done all the same"));
    co_await pool.shutdown();
    co_return file.text();
  });
  CHECK(told == "done all the same\n");
}

// --- while it runs ---------------------------------------------------------------------------------------------------

TEST_CASE(
    "a job that is cancelled while it runs is let go: it goes on, and its worker takes the next when it is done") {
  static const TemporaryFile file;
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const int before = co_await pool.run<&work::pid>();
    const auto slow = pool.run<&work::note_and_sleep>(file.path(), "begun", 40);
    std::string story = co_await ending(wait_for(slow, 15ms));
    story += ", " + file.text();
    const int after = co_await pool.run<&work::pid>();
    co_return story + (before == after ? "same worker" : "another worker");
  });
  CHECK(told == "TimeoutError, begun\nsame worker");
}

TEST_CASE("a function that loops for ever is ended by kill_on_cancel: its worker is killed and replaced") {
  const std::string told =
      on_pool({.max_workers = 1, .kill_on_cancel = true}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
        std::string story;
        for (int i = 0; i < 3; ++i) {
          const int before = co_await pool.run<&work::pid>();
          story += co_await ending(wait_for(pool.run<&work::loop>(), 10ms));
          const int after = co_await pool.run<&work::pid>();
          story += before != after && !runs(before) ? " replaced; " : " not replaced; ";
        }
        co_return story;
      });
  CHECK(told == "TimeoutError replaced; TimeoutError replaced; TimeoutError replaced; ");
}

TEST_CASE("kill_on_cancel kills no worker for a job that waits, or is done") {
  const std::string told =
      on_pool({.max_workers = 1, .kill_on_cancel = true}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
        const int before = co_await pool.run<&work::pid>();
        const auto running = pool.run<&work::sleep_ms>(30);
        const auto waiting = pool.run<&work::twice>(1);
        co_await sleep(5ms);
        waiting.cancel();
        std::string story = co_await ending(running);
        running.cancel();
        const int after = co_await pool.run<&work::pid>();
        co_return story + (before == after ? ", same worker" : ", another worker");
      });
  CHECK(told == "30, same worker");
}

TEST_CASE("kill_on_cancel does no harm to what waits behind the job") {
  const std::string told =
      on_pool({.max_workers = 1, .kill_on_cancel = true}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
        const auto looping = pool.run<&work::loop>();
        std::vector<Future<int>> behind;
        for (int i = 0; i < 4; ++i) behind.push_back(pool.run<&work::twice>(i));
        co_await sleep(20ms);
        looping.cancel();
        std::string story = co_await ending(looping);
        for (const auto& job : behind) story += " " + co_await ending(job);
        co_return story;
      });
  CHECK(told == "cancelled 0 2 4 6");
}

TEST_CASE("kill_on_cancel does not break a pool that breaks when a worker dies") {
  const std::string told = on_pool({.max_workers = 1, .on_death = OnDeath::break_pool, .kill_on_cancel = true},
                                   [](ProcessPoolExecutor& pool) -> Coro<std::string> {
                                     static_cast<void>(co_await pool.run<&work::pid>());
                                     std::string story;
                                     for (int i = 0; i < 30; ++i) {
                                       // Some are cancelled while they run, some when their answers are on the way.
                                       const auto cancelled = pool.run<&work::sleep_ms>(i % 3);
                                       const auto next = pool.run<&work::twice>(i);
                                       co_await sleep(std::chrono::microseconds(i * 100));
                                       cancelled.cancel();
                                       const std::string end = co_await ending(next);
                                       if (end != std::to_string(2 * i)) story += end + "\n";
                                     }
                                     co_return story;
                                   });
  CHECK(told == "");
}
