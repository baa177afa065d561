// SPDX-License-Identifier: BSL-1.0
// process_pool_test.cpp - who runs what: jobs and workers, and how a pool is shut down.
#include <rondo/executors/process_pool.hpp>

#include <algorithm>
#include <set>
#include <sstream>

#include "pool_run.hpp"

using namespace processes;

namespace work {

int next_number() {
  static int number = 0;
  return ++number;
}
int kept = 0;
void keep(int number) { kept += number; }
int what_is_kept() { return kept; }
void refuse_to_begin(const std::string& why) { throw std::invalid_argument(why); }
void begin_with_death() { std::abort(); }
void complain() { throw std::runtime_error("complaint"); }
void nothing_much() {}

}  // namespace work

namespace {

/// The worker that answers.
Coro<std::string> worker_of(Future<void> failed) {
  const auto outcome = co_await as_outcome(failed);
  try {
    outcome.raise();
  } catch (const std::runtime_error& error) {
    co_return dynamic_cast<const RemoteOrigin&>(error).worker();
  }
  co_return "none";
}

template <class T>
Coro<std::string> endings(std::vector<Future<T>> futures) {
  std::string story;
  for (const auto& future : futures) {
    if (!story.empty()) story += ", ";
    story += co_await ending(future);
  }
  co_return story;
}

}  // namespace

// --- jobs ------------------------------------------------------------------------------------------------------------

TEST_CASE("a function runs in another process, and its result comes back") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const int number = co_await pool.run<&work::twice>(21);
    const int process = co_await pool.run<&work::pid>();
    co_return std::to_string(number) + (process == ::getpid() ? " here" : " elsewhere");
  });
  CHECK(told == "42 elsewhere");
}

TEST_CASE("jobs start in the order in which they came") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::vector<Future<int>> jobs;
    for (int i = 0; i < 10; ++i) jobs.push_back(pool.run<&work::next_number>());
    co_return co_await endings(jobs);
  });
  CHECK(told == "1, 2, 3, 4, 5, 6, 7, 8, 9, 10");
}

TEST_CASE("a worker keeps what its functions have kept, until it ends") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_await pool.run<&work::keep>(3);
    co_await pool.run<&work::keep>(4);
    co_return std::to_string(co_await pool.run<&work::what_is_kept>()) + std::to_string(work::kept);
  });
  CHECK(told == "70");
}

// --- workers ---------------------------------------------------------------------------------------------------------

TEST_CASE("a pool starts no worker before there is a job") {
  const std::string told = on_pool({.max_workers = 4}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_await sleep(5ms);
    co_return std::to_string(pool.pids().size());
  });
  CHECK(told == "0");
}

TEST_CASE("a worker that has nothing to do takes the next job, and no other is started") {
  const std::string told = on_pool({.max_workers = 4}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::set<int> processes;
    for (int i = 0; i < 10; ++i) processes.insert(co_await pool.run<&work::pid>());
    std::string story = std::to_string(processes.size()) + " of " + std::to_string(pool.pids().size());
    if (pool.pids().front() != *processes.begin()) story += ", and the pool knows another";
    co_return story;
  });
  CHECK(told == "1 of 1");
}

TEST_CASE("there are never more workers than max_workers, and so many if there is work for them") {
  const std::string told = on_pool({.max_workers = 3}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::vector<Future<int>> jobs;
    for (int i = 0; i < 9; ++i) jobs.push_back(pool.run<&work::sleep_ms>(30));
    std::size_t most = 0;
    for (bool all = false; !all;) {
      co_await sleep(1ms);
      most = std::max(most, pool.pids().size());
      all = std::all_of(jobs.begin(), jobs.end(), [](const auto& job) { return job.done(); });
    }
    co_return std::to_string(most) + " at most, " + std::to_string(pool.pids().size()) + " now";
  });
  CHECK(told == "3 at most, 3 now");
}

TEST_CASE("without max_workers there are as many as there are cores") {
  const std::string told = on_pool({}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::vector<Future<int>> jobs;
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < cores + 1; ++i) jobs.push_back(pool.run<&work::sleep_ms>(100));
    const bool there = co_await until([&] { return pool.pids().size() >= cores; });
    co_await sleep(5ms);
    std::string story = there && pool.pids().size() == cores ? "as many" : "others";
    for (const auto& job : jobs) co_await job;
    co_return story;
  });
  CHECK(told == "as many");
}

TEST_CASE("workers are called name-0, name-1, and a number that is free is taken again") {
  const auto body = [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const TemporaryFile file;
    co_await pool.run<&work::nothing_much>();
    const auto slow = pool.run<&work::await_note>(file.path());
    std::string story = co_await worker_of(pool.run<&work::complain>());
    work::note(file.path(), "enough");
    co_await slow;
    co_return without_pids(story);
  };
  CHECK(on_pool({.max_workers = 2}, body) == "rondo-1 (pid N)");
  CHECK(on_pool({.max_workers = 2, .name = "math"}, body) == "math-1 (pid N)");
  const std::string told = on_pool({.max_workers = 2, .name = "m", .max_tasks_per_child = 1},
                                   [](ProcessPoolExecutor& pool) -> Coro<std::string> {
                                     std::string story;
                                     for (int i = 0; i < 3; ++i) {
                                       story += co_await worker_of(pool.run<&work::complain>());
                                       static_cast<void>(co_await until([&] { return pool.pids().empty(); }));
                                     }
                                     co_return without_pids(story);
                                   });
  CHECK(told == "m-0 (pid N)m-0 (pid N)m-0 (pid N)");
}

TEST_CASE("after max_tasks_per_child jobs another process takes the worker's place") {
  const std::string told =
      on_pool({.max_workers = 1, .max_tasks_per_child = 2}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
        std::vector<Future<int>> jobs;
        for (int i = 0; i < 6; ++i) jobs.push_back(pool.run<&work::pid>());
        std::vector<int> processes;
        for (const auto& job : jobs) processes.push_back(co_await job);
        std::string story;
        for (std::size_t i = 1; i < processes.size(); ++i) {
          story += processes[i] == processes[i - 1] ? "same " : "new ";
        }
        co_return story;
      });
  CHECK(told == "same new same new same ");
}

TEST_CASE("jobs that fail and jobs that are cancelled while they run count for max_tasks_per_child") {
  const std::string told =
      on_pool({.max_workers = 1, .max_tasks_per_child = 2}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
        const int first = co_await pool.run<&work::pid>();
        static_cast<void>(co_await worker_of(pool.run<&work::complain>()));
        const int second = co_await pool.run<&work::pid>();
        const auto slow = pool.run<&work::sleep_ms>(20);
        co_await sleep(5ms);
        slow.cancel();
        const int third = co_await pool.run<&work::pid>();
        co_return std::string(first != second ? "new, " : "same, ") + (second != third ? "new" : "same");
      });
  CHECK(told == "new, new");
}

TEST_CASE("pids() are the workers that are there: none before, none after") {
  const std::string told = on_pool({.max_workers = 2}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::string story = std::to_string(pool.pids().size());
    const auto first = pool.run<&work::pid>();
    const auto second = pool.run<&work::sleep_ms>(5);
    const int process = co_await first;
    co_await second;
    const std::vector<int> pids = pool.pids();
    story += std::count(pids.begin(), pids.end(), process) == 1 ? ", " : ", not there, ";
    story += std::to_string(pids.size());
    co_await pool.shutdown();
    co_return story + ", " + std::to_string(pool.pids().size());
  });
  CHECK(told == "0, 2, 0");
}

// --- the initializer -------------------------------------------------------------------------------------------------

TEST_CASE("each worker begins with the initializer, once") {
  const std::string told =
      on_pool({.max_workers = 1, .initializer = remote_call<&work::keep>(7), .max_tasks_per_child = 3},
              [](ProcessPoolExecutor& pool) -> Coro<std::string> {
                std::vector<Future<int>> jobs;
                for (int i = 0; i < 5; ++i) jobs.push_back(pool.run<&work::what_is_kept>());
                co_return co_await endings(jobs);
              });
  CHECK(told == "7, 7, 7, 7, 7");
}

TEST_CASE("an initializer that throws breaks the pool, with its text and where it was") {
  const std::string text =
      on_pool({.max_workers = 1, .initializer = remote_call<&work::refuse_to_begin>("no luck today")},
              [](ProcessPoolExecutor& pool) -> Coro<std::string> {
                const auto first = pool.run<&work::pid>();
                const auto second = pool.run<&work::pid>();
                std::string story = co_await ending(first);
                const std::string other = co_await ending(second);
                const std::string later = co_await ending(pool.run<&work::pid>());
                if (other != story || later != story) story += " | " + other + " | " + later;
                co_return story;
              });
  CHECK(contains(without_pids(text),
                 "worker rondo-0 (pid N) of the process pool could not be initialised: no luck today (in "
                 "work::refuse_to_begin, worker rondo-0 (pid N))"));
  CHECK_FALSE(contains(text, "|"));
}

TEST_CASE("an initializer that kills its worker breaks the pool") {
  const std::string text = on_pool(
      {.max_workers = 2, .initializer = remote_call<&work::begin_with_death>()},
      [](ProcessPoolExecutor& pool) -> Coro<std::string> { co_return co_await ending(pool.run<&work::pid>()); });
  CHECK(contains(without_pids(text), "worker rondo-0 (pid N) of the process pool was killed by signal 6 (Aborted)"));
}

// --- the end ---------------------------------------------------------------------------------------------------------

TEST_CASE("shutdown waits until all that was asked for is done, and until the workers have ended") {
  const std::string told = on_pool({.max_workers = 2}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::vector<Future<int>> jobs;
    for (int i = 1; i <= 5; ++i) jobs.push_back(pool.run<&work::sleep_ms>(i));
    co_await pool.shutdown();
    std::string story;
    for (const auto& job : jobs) story += job.done() ? "done " : "open ";
    story += co_await endings(jobs);
    co_return story + ", " + children();
  });
  CHECK(told == "done done done done done 1, 2, 3, 4, 5, none");
}

TEST_CASE("shutdown may cancel what has not started; what runs is waited for") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_await pool.run<&work::nothing_much>();
    std::vector<Future<int>> jobs;
    for (int i = 1; i <= 3; ++i) jobs.push_back(pool.run<&work::sleep_ms>(20));
    co_await sleep(5ms);
    co_await pool.shutdown(ProcessPoolExecutor::Pending::cancel);
    co_return co_await endings(jobs);
  });
  CHECK(told == "20, cancelled, cancelled");
}

TEST_CASE("a pool that is shut down takes no more jobs") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_await pool.shutdown();
    const auto refused = pool.run<&work::pid>();
    std::string story = refused.done() ? "at once: " : "later: ";
    story += co_await ending(refused);
    co_return story;
  });
  CHECK(told == "at once: cannot schedule a job: the process pool is shut down");
}

TEST_CASE("shutdown may be called again, by several, and on a pool that was never used") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    ProcessPoolExecutor unused;
    co_await unused.shutdown();
    co_await unused.shutdown(ProcessPoolExecutor::Pending::cancel);
    const auto job = pool.run<&work::sleep_ms>(5);
    static_cast<void>(co_await gather(pool.shutdown(), pool.shutdown(), pool.shutdown()));
    co_await pool.shutdown();
    co_return co_await ending(job);
  });
  CHECK(told == "5");
}

TEST_CASE("a shutdown that is cancelled goes on without its caller") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const auto job = pool.run<&work::sleep_ms>(60);
    std::string story = co_await ending(wait_for(pool.shutdown(), 5ms));
    story += ", " + co_await ending(pool.run<&work::pid>());
    story += ", " + co_await ending(job);
    co_return story;
  });
  CHECK(told == "TimeoutError, cannot schedule a job: the process pool is shut down, 60");
}
