// SPDX-License-Identifier: BSL-1.0
// process_pool_faults_test.cpp - calls of the system that fail once, at any moment of a pool's life.
#include <rondo/executors/process_pool.hpp>

#include <cerrno>

#include "pool_run.hpp"

using namespace processes;

namespace {

/// "+" for a result, "b" for BrokenProcessPool, else the error.
Coro<std::string> letter(Future<int> job, int expected) {
  const auto outcome = co_await as_outcome(job);
  if (outcome.has_value()) co_return outcome.value() == expected ? "+" : "wrong";
  try {
    outcome.raise();
  } catch (const BrokenProcessPool&) {
    co_return "b";
  } catch (const std::exception& error) {
    co_return error.what();
  }
  co_return "neither";
}

Coro<std::string> four_jobs() {
  ProcessPoolExecutor pool({.max_workers = 2, .max_tasks_per_child = 2});
  std::vector<Future<int>> jobs;
  for (int i = 0; i < 4; ++i) jobs.push_back(pool.run<&work::twice>(i));
  std::string story;
  for (int i = 0; i < 4; ++i) story += co_await letter(jobs[static_cast<std::size_t>(i)], 2 * i);
  co_await pool.shutdown();
  co_return story;
}

/// The fault may be met in the first of the pools.
Coro<std::string> two_pools() {
  std::string story = co_await four_jobs();
  story += " " + co_await four_jobs();
  co_return story;
}

/// One of the first calls of a kind, and then each seventh, fails in a run of its own. Empty if all went as it should.
std::string fail_each(SystemCall call, int error) {
  for (int skipped = 0; skipped < 40; skipped += skipped < 5 ? 1 : 7) {
    Failing seam(call, error, 1, skipped);
    std::string story;
    try {
      story = here(two_pools(), &seam);
    } catch (const std::system_error&) {
      continue;  // the backend itself could not begin
    }
    if (story.find_first_not_of("+b ") != std::string::npos || story.size() != 9) {
      return std::to_string(skipped) + ": " + story;
    }
    if (seam.calls() <= skipped) break;
  }
  return {};
}

}  // namespace

TEST_CASE("a worker whose descriptors cannot be made breaks the pool, or is done without") {
  CHECK(fail_each(SystemCall::pipe, EMFILE) == "");
}

TEST_CASE("a worker that the system has no memory or no number for breaks the pool, or is done without") {
  CHECK(fail_each(SystemCall::spawn, EAGAIN) == "");
  CHECK(fail_each(SystemCall::pidfd, EMFILE) == "");
}

TEST_CASE("a channel that cannot be watched, read or written costs a worker, and no more") {
  CHECK(fail_each(SystemCall::watch, ENOMEM) == "");
  CHECK(fail_each(SystemCall::recv, ECONNRESET) == "");
  CHECK(fail_each(SystemCall::send, EPIPE) == "");
}

TEST_CASE("a worker that cannot be started while another works costs nothing: its jobs run there") {
  const auto body = []() -> Coro<std::string> {
    ProcessPoolExecutor pool({.max_workers = 2});
    std::string story = co_await letter(pool.run<&work::twice>(1), 2);
    std::vector<Future<int>> jobs;
    for (int i = 0; i < 6; ++i) jobs.push_back(pool.run<&work::twice>(i));
    for (int i = 0; i < 6; ++i) story += co_await letter(jobs[static_cast<std::size_t>(i)], 2 * i);
    co_await pool.shutdown();
    co_return story;
  };
  Failing seam(SystemCall::spawn, EAGAIN, 1000, 1);
  CHECK(here(body(), &seam) == "+++++++");
  CHECK(seam.calls() < 10);
}
