// SPDX-License-Identifier: BSL-1.0
// process_pool_ahead_test.cpp - the job that is laid ahead of a worker while it runs another: found, taken back, given
// to others, and run once whatever happens.
#include <rondo/executors/process_pool.hpp>

#include <csignal>
#include <numeric>

#include "pool_run.hpp"

using namespace processes;

TEST_CASE("a job that lies ahead of a busy worker is run by one that has nothing to do") {
  static const TemporaryFile file;
  const std::string told = on_pool({.max_workers = 2}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_await gather(pool.run<&work::sleep_ms>(20), pool.run<&work::sleep_ms>(20));  // both workers are there
    const auto slow = pool.run<&work::sleep_ms>(300);
    const auto quick = pool.run<&work::sleep_ms>(50);
    const auto first = pool.run<&work::note>(file.path(), "first");    // ahead of the slow one
    const auto second = pool.run<&work::note>(file.path(), "second");  // ahead of the quick one
    co_await quick;
    co_await gather(first, second);
    const bool waited = slow.done();
    co_await slow;
    co_return waited ? "waited for the slow job" : "ran beside the slow job";
  });
  CHECK(told == "ran beside the slow job");
  const std::string text = file.text();
  CHECK((text == "first\nsecond\n" || text == "second\nfirst\n"));
}

TEST_CASE("of many jobs each is run once, and one worker runs them in their order") {
  static const TemporaryFile file;
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::vector<Future<>> jobs;
    for (int i = 0; i < 200; ++i) jobs.push_back(pool.run<&work::note>(file.path(), std::to_string(i)));
    for (const auto& job : jobs) co_await job;
    std::string expected;
    for (int i = 0; i < 200; ++i) expected += std::to_string(i) + "\n";
    co_return file.text() == expected ? "in order" : file.text();
  });
  CHECK(told == "in order");
}

TEST_CASE("jobs that lie ahead and are cancelled never run, whatever the moment") {
  static const TemporaryFile file;
  const std::string told = on_pool({.max_workers = 2}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::size_t ran = 0;
    std::size_t cancelled = 0;
    for (int round = 0; round < 100; ++round) {
      std::vector<Future<>> jobs;
      for (int i = 0; i < 8; ++i) jobs.push_back(pool.run<&work::note>(file.path(), "x"));
      if (round % 3 == 1) co_await sleep(Duration(round * 10'000));
      if (round % 3 == 2) co_await jobs.front();
      for (std::size_t i = 4; i < jobs.size(); ++i) jobs[i].cancel();
      for (const auto& job : jobs) {
        const auto outcome = co_await as_outcome(job);
        ++(outcome.cancelled() ? cancelled : ran);
      }
    }
    co_await pool.shutdown();  // those that were let go have ended
    const std::string text = file.text();
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    // One that runs is let go: at most the two that were running in each round.
    co_return lines >= ran && lines <= ran + 200 && ran >= 400 ? "good" : std::to_string(ran) + " " + std::to_string(lines);
  });
  CHECK(told == "good");
}

TEST_CASE("what lies ahead of a worker that is killed runs elsewhere") {
  static const TemporaryFile file;
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    static_cast<void>(co_await pool.run<&work::twice>(0));
    const auto doomed = pool.run<&work::sleep_ms>(10'000);
    const auto ahead = pool.run<&work::note>(file.path(), "ahead");
    co_await sleep(20ms);
    ::kill(pool.pids().front(), SIGKILL);
    const std::string story = co_await ending(doomed);
    co_await ahead;
    const bool of_signal = story.find("was killed by signal 9 (Killed) while it ran work::sleep_ms") != std::string::npos;
    co_return (of_signal ? "killed" : story) + ", " + file.text();
  });
  CHECK(told == "killed, ahead\n");
}

TEST_CASE("a worker takes no job ahead that is one more than it may do") {
  const std::string told = on_pool({.max_workers = 1, .max_tasks_per_child = 2},
                                   [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::vector<Future<int>> jobs;
    for (int i = 0; i < 6; ++i) jobs.push_back(pool.run<&work::pid>());
    std::vector<int> pids;
    for (const auto& job : jobs) pids.push_back(co_await job);
    const bool twos = pids[0] == pids[1] && pids[2] == pids[3] && pids[4] == pids[5];
    co_return twos && pids[1] != pids[2] && pids[3] != pids[4] ? "two each" : "not two each";
  });
  CHECK(told == "two each");
}

TEST_CASE("shutdown(cancel) takes back what lies ahead") {
  static const TemporaryFile file;
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    static_cast<void>(co_await pool.run<&work::twice>(0));
    const auto runs_on = pool.run<&work::sleep_ms>(50);
    const auto ahead = pool.run<&work::note>(file.path(), "ahead");
    co_await sleep(10ms);
    co_await pool.shutdown(ProcessPoolExecutor::Pending::cancel);
    co_return std::to_string(co_await runs_on) + " " + co_await ending(ahead) + file.text();
  });
  CHECK(told == "50 cancelled");
}

TEST_CASE("arguments that are too long to lie ahead wait for their turn, and what comes after them stays behind") {
  static const TemporaryFile file;
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    static_cast<void>(co_await pool.run<&work::twice>(0));
    const auto first = pool.run<&work::sleep_ms>(20);
    const auto large = pool.run<&work::note>(file.path(), std::string(200'000, 'x'));
    const auto last = pool.run<&work::note>(file.path(), "last");
    co_await gather(first, large, last);
    const std::string text = file.text();
    co_return std::to_string(text.size()) + " " + text.substr(text.size() - 5);
  });
  CHECK(told == "200006 last\n");
}
