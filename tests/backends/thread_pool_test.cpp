// SPDX-License-Identifier: BSL-1.0
// thread_pool_test.cpp - the thread pool by itself, with jobs and a sink made by hand.
#include <rondo/executors/thread_pool.hpp>

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <functional>
#include <memory>

#include "catch.hpp"
#include "support.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

class FunctionJob final : public Job {
 public:
  explicit FunctionJob(std::function<void()> function) : function_(std::move(function)) {}
  void run() noexcept override { function_(); }

 private:
  std::function<void()> function_;
};

/// Hears how jobs ended, and waits for them.
class Sink final : public JobSink {
 public:
  void job_done(OperationId id, std::int32_t result) noexcept override {
    const std::lock_guard lock(mutex_);
    results_.emplace_back(id.slot, result);
    changed_.notify_all();
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return results_.size() >= count; });
  }
  /// The results of job `slot`, all of them: a correct pool gives one.
  std::vector<std::int32_t> of(std::uint32_t slot) {
    const std::lock_guard lock(mutex_);
    std::vector<std::int32_t> found;
    for (const auto& [at, result] : results_) {
      if (at == slot) found.push_back(result);
    }
    return found;
  }
  std::size_t count(std::int32_t result) {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::count_if(results_.begin(), results_.end(), [&](const auto& entry) { return entry.second == result; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<std::uint32_t, std::int32_t>> results_;
};

/// Jobs that live as long as the test, numbered from 0.
class Jobs {
 public:
  void submit(Executor& executor, std::function<void()> function) {
    jobs_.push_back(std::make_unique<FunctionJob>(std::move(function)));
    executor.submit(*jobs_.back(), {static_cast<std::uint32_t>(jobs_.size() - 1), 1}, sink);
  }
  Sink sink;

 private:
  std::vector<std::unique_ptr<FunctionJob>> jobs_;
};

using Results = std::vector<std::int32_t>;

std::string thread_name() {
  char name[16] = {};
  pthread_getname_np(pthread_self(), name, sizeof name);
  return name;
}

}  // namespace

TEST_CASE("by default a pool has at most four threads more than there are cores, and never more than 32") {
  const ThreadPoolExecutor pool;
  CHECK(pool.max_threads() == std::min<std::size_t>(32, std::max(1U, std::thread::hardware_concurrency()) + 4));
  CHECK(ThreadPoolExecutor({.threads = 3}).max_threads() == 3);
}

TEST_CASE("threads are started when jobs come, one more while the others are busy, and no more than allowed") {
  Jobs jobs;
  Gate gate;
  ThreadPoolExecutor pool({.threads = 3});
  CHECK(pool.threads() == 0);
  for (std::size_t i = 0; i < 5; ++i) {
    jobs.submit(pool, [&gate] { gate.wait(); });
    CHECK(pool.threads() == std::min<std::size_t>(i + 1, 3));
  }
  gate.open();
  CHECK(jobs.sink.wait_for(5));
  CHECK(pool.threads() == 3);
}

TEST_CASE("threads are called by the pool's name and their number") {
  Jobs jobs;
  Gate gates[2];
  std::string names[2];
  ThreadPoolExecutor pool({.threads = 2, .name = "worker"});
  for (const std::size_t i : {0U, 1U}) {
    jobs.submit(pool, [&gates, &names, i] {
      names[i] = thread_name();
      gates[i].open();
      gates[1 - i].wait();
    });
  }
  REQUIRE(jobs.sink.wait_for(2));
  std::sort(std::begin(names), std::end(names));
  CHECK(names[0] == "worker-0");
  CHECK(names[1] == "worker-1");
}

TEST_CASE("a name that is longer than the system's 15 characters is cut") {
  Jobs jobs;
  std::string name;
  ThreadPoolExecutor pool({.threads = 1, .name = "a-name-of-twenty-two-c"});
  jobs.submit(pool, [&name] { name = thread_name(); });
  REQUIRE(jobs.sink.wait_for(1));
  CHECK(name == "a-name-of-twent");
}

TEST_CASE("jobs start in the order in which they came, and each is reported once") {
  Jobs jobs;
  std::string story;
  ThreadPoolExecutor pool({.threads = 1});
  for (char name = 'a'; name <= 'j'; ++name) jobs.submit(pool, [&story, name] { story += name; });
  pool.shutdown();
  CHECK(story == "abcdefghij");
  for (std::uint32_t i = 0; i < 10; ++i) CHECK(jobs.sink.of(i) == Results{0});
}

TEST_CASE("a bounded queue refuses the job that is one too many, and takes jobs again when there is room") {
  Jobs jobs;
  Gate gate;
  Gate started;
  ThreadPoolExecutor pool({.threads = 1, .queue_bound = 2});
  jobs.submit(pool, [&] {
    started.open();
    gate.wait();
  });
  REQUIRE(started.wait());
  for (int i = 0; i < 3; ++i) jobs.submit(pool, [] {});
  CHECK(jobs.sink.of(3) == Results{-ENOBUFS});
  CHECK(jobs.sink.count(0) == 0);
  gate.open();
  REQUIRE(jobs.sink.wait_for(4));
  jobs.submit(pool, [] {});
  REQUIRE(jobs.sink.wait_for(5));
  CHECK(jobs.sink.of(4) == Results{0});
}

TEST_CASE("the bound counts jobs that wait for a thread: what the threads can take at once comes on top") {
  Jobs jobs;
  Gate gate;
  ThreadPoolExecutor pool({.threads = 2, .queue_bound = 3});
  for (int i = 0; i < 6; ++i) jobs.submit(pool, [&gate] { gate.wait(); });
  CHECK(jobs.sink.count(-ENOBUFS) == 1);
  CHECK(jobs.sink.of(5) == Results{-ENOBUFS});
  gate.open();
  pool.shutdown();
  CHECK(jobs.sink.count(0) == 5);
}

TEST_CASE("shutdown runs what is queued and waits for it") {
  Jobs jobs;
  std::atomic<int> ran = 0;
  ThreadPoolExecutor pool({.threads = 2});
  for (int i = 0; i < 20; ++i) {
    jobs.submit(pool, [&ran] {
      std::this_thread::sleep_for(100us);
      ++ran;
    });
  }
  pool.shutdown();
  CHECK(ran == 20);
  CHECK(jobs.sink.count(0) == 20);
}

TEST_CASE("shutdown(Pending::cancel) waits for the job that runs, and cancels those that have not started") {
  Jobs jobs;
  Gate started;
  std::atomic<bool> ended = false;
  std::atomic<int> others = 0;
  ThreadPoolExecutor pool({.threads = 1});
  jobs.submit(pool, [&] {
    started.open();
    std::this_thread::sleep_for(5ms);
    ended = true;
  });
  for (int i = 0; i < 4; ++i) jobs.submit(pool, [&others] { ++others; });
  REQUIRE(started.wait());
  pool.shutdown(ThreadPoolExecutor::Pending::cancel);
  CHECK(ended);
  CHECK(others == 0);
  CHECK(jobs.sink.of(0) == Results{0});
  for (std::uint32_t i = 1; i < 5; ++i) CHECK(jobs.sink.of(i) == Results{-ECANCELED});
}

TEST_CASE("a second shutdown waits as well, even while the first one still does") {
  Jobs jobs;
  Gate gate;
  Gate started;
  ThreadPoolExecutor pool({.threads = 1});
  jobs.submit(pool, [&] {
    started.open();
    gate.wait();
  });
  REQUIRE(started.wait());
  std::jthread first([&pool] { pool.shutdown(); });
  while (jobs.sink.count(-ESHUTDOWN) == 0) {  // until the first has begun
    jobs.submit(pool, [] {});
    std::this_thread::sleep_for(1ms);
  }
  std::atomic<bool> returned = false;
  std::jthread second([&] {
    pool.shutdown();
    returned = true;
  });
  std::this_thread::sleep_for(20ms);
  CHECK_FALSE(returned);
  gate.open();
  second.join();
  CHECK(returned);
  CHECK(jobs.sink.of(0) == Results{0});
}

TEST_CASE("a pool that was shut down refuses jobs, and shutting down again does nothing") {
  Jobs jobs;
  ThreadPoolExecutor pool;
  pool.shutdown();
  pool.shutdown(ThreadPoolExecutor::Pending::cancel);
  bool ran = false;
  jobs.submit(pool, [&ran] { ran = true; });
  CHECK(jobs.sink.of(0) == Results{-ESHUTDOWN});
  CHECK_FALSE(ran);
}

TEST_CASE("a job that shuts its own pool down is refused, and the pool goes on") {
  Jobs jobs;
  ThreadPoolExecutor pool({.threads = 2});
  std::string said;
  bool ran = false;
  jobs.submit(pool, [&] {
    try {
      pool.shutdown();
    } catch (const RuntimeError& error) {
      said = error.what();
    }
  });
  CHECK(jobs.sink.wait_for(1));
  CHECK(said == "shutdown: called by a job of this very pool, which would wait for itself");
  jobs.submit(pool, [&ran] { ran = true; });
  CHECK(jobs.sink.wait_for(2));
  CHECK(ran);
}

TEST_CASE("cancel withdraws a job that waits, and leaves alone one that runs, has run, or is another sink's") {
  Jobs jobs;
  Sink stranger;
  Gate gate;
  Gate started;
  int ran = 0;
  ThreadPoolExecutor pool({.threads = 1});
  jobs.submit(pool, [&] {
    started.open();
    gate.wait();
  });
  for (int i = 0; i < 2; ++i) jobs.submit(pool, [&ran] { ++ran; });
  REQUIRE(started.wait());
  pool.cancel({0, 1}, jobs.sink);
  pool.cancel({1, 1}, jobs.sink);
  pool.cancel({1, 1}, jobs.sink);
  pool.cancel({2, 1}, stranger);
  pool.cancel({2, 2}, jobs.sink);
  CHECK(jobs.sink.of(1) == Results{-ECANCELED});
  gate.open();
  REQUIRE(jobs.sink.wait_for(3));
  pool.cancel({0, 1}, jobs.sink);
  pool.shutdown();
  CHECK(ran == 1);
  CHECK(jobs.sink.of(0) == Results{0});
  CHECK(jobs.sink.of(1) == Results{-ECANCELED});
  CHECK(jobs.sink.of(2) == Results{0});
}

TEST_CASE("threads of a pool take no signals: those are the loop's") {
  Jobs jobs;
  int blocked = 0;
  ThreadPoolExecutor pool({.threads = 1});
  jobs.submit(pool, [&blocked] {
    sigset_t mask;
    sigemptyset(&mask);
    pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    for (const int signal : {SIGINT, SIGTERM, SIGURG}) blocked += sigismember(&mask, signal);
  });
  REQUIRE(jobs.sink.wait_for(1));
  CHECK(blocked == 3);
}
