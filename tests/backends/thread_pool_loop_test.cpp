// SPDX-License-Identifier: BSL-1.0
// thread_pool_loop_test.cpp - the thread pool behind a loop: what programs see of it.
#include <rondo/backends/epoll.hpp>

#include <atomic>
#include <memory>

#include "catch.hpp"
#include "support.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

template <class T>
T on_epoll(Coro<T> main, EpollOptions options = {}) {
  EpollBackend backend(std::move(options));
  return rondo::run(backend, std::move(main));
}

/// Waits, without blocking the loop, until `flag` is set.
Coro<> until(const std::atomic<bool>* flag) {
  while (!*flag) co_await sleep(100us);
}

}  // namespace

TEST_CASE("a thousand jobs from one gather all come back in order") {
  const auto body = []() -> Coro<int> {
    std::vector<Future<int>> jobs;
    for (int i = 0; i < 1000; ++i) jobs.push_back(run_in_executor(nullptr, [i] { return i; }));
    const std::vector<int> values = co_await gather(std::move(jobs));
    int wrong = 0;
    for (int i = 0; i < 1000; ++i) wrong += values.at(static_cast<std::size_t>(i)) == i ? 0 : 1;
    co_return wrong;
  };
  CHECK(on_epoll(body()) == 0);
}

TEST_CASE("jobs run beside the loop, which goes on meanwhile") {
  const auto body = []() -> Coro<bool> {
    Gate gate;
    Gate* const closed = &gate;
    const auto job = run_in_executor(nullptr, [closed] { return closed->wait(); });
    co_await sleep(1ms);
    gate.open();
    const bool opened = co_await job;
    co_return opened;
  };
  CHECK(on_epoll(body()));
}

TEST_CASE("the await of a job that runs ends at once when it is cancelled, and the job goes on") {
  Gate gate;
  std::atomic<bool> started = false;
  std::atomic<bool> ended = false;
  const auto body = [](Gate* closed, std::atomic<bool>* begins, std::atomic<bool>* ends) -> Coro<std::string> {
    const auto job = run_in_executor(nullptr, [closed, begins, ends] {
      *begins = true;
      closed->wait();
      *ends = true;
    });
    co_await until(begins);
    std::string how = co_await ending(wait_for(job, 1ms));
    how += *ends ? ", ended" : ", still running";
    closed->open();
    co_return how;
  };
  CHECK(on_epoll(body(&gate, &started, &ended)) == "TimeoutError, still running");
  CHECK(ended);
}

TEST_CASE("the end of run waits for jobs that run on the default executor") {
  std::atomic<bool> started = false;
  std::atomic<bool> ended = false;
  const auto body = [](std::atomic<bool>* begins, std::atomic<bool>* ends) -> Coro<> {
    static_cast<void>(run_in_executor(nullptr, [begins, ends] {
      *begins = true;
      std::this_thread::sleep_for(10ms);
      *ends = true;
    }));
    co_await until(begins);
  };
  EpollBackend backend;
  rondo::run(backend, body(&started, &ended));
  CHECK(ended);
}

TEST_CASE("a job on a pool of one's own is not freed by the end of its loop: C2") {
  ThreadPoolExecutor pool({.threads = 1});
  EpollBackend backend;
  std::atomic<bool> started = false;
  std::atomic<bool> ended = false;
  auto token = std::make_shared<int>(0);
  const std::weak_ptr<int> held = token;
  const auto body = [](ThreadPoolExecutor* executor, std::shared_ptr<int> kept, std::atomic<bool>* begins,
                       std::atomic<bool>* ends) -> Coro<> {
    static_cast<void>(run_in_executor(*executor, [kept = std::move(kept), begins, ends] {
      std::atomic<bool>* const flag = ends;  // not from the function object, should that be freed
      *begins = true;
      std::this_thread::sleep_for(10ms);
      *flag = true;
    }));
    co_await until(begins);
  };
  rondo::run(backend, body(&pool, std::move(token), &started, &ended));
  const bool alive = !held.expired();
  CHECK((alive || ended));  // freed only after the job has ended
  pool.shutdown();
  CHECK(ended);
}

TEST_CASE("a pool that a coroutine owns may go with it, right after its job was cancelled") {
  const auto body = []() -> Coro<> {
    const auto pool = std::make_unique<ThreadPoolExecutor>();
    co_await wait_for(run_in_executor(*pool, [] { std::this_thread::sleep_for(3ms); }), 1ms);
  };
  // In a child: what touches the pool after its end may end the process.
  CHECK(in_a_child([&body] {
          try {
            on_epoll(body());
          } catch (const TimeoutError&) {
            return 0;
          }
          return 1;
        }) == "exit 0");
}

TEST_CASE("a pool that is shut down makes its jobs fail with RuntimeError, and the text says so") {
  ThreadPoolExecutor pool;
  pool.shutdown();
  const auto body = [](ThreadPoolExecutor* executor) -> Coro<std::string> {
    co_return co_await ending(run_in_executor(*executor, [] { return 7; }));
  };
  CHECK(on_epoll(body(&pool)) == "cannot schedule a job: the executor is shut down");
  const auto throws = [](ThreadPoolExecutor* executor) -> Coro<> { co_await run_in_executor(*executor, [] {}); };
  CHECK_THROWS_AS(on_epoll(throws(&pool)), RuntimeError);
}

TEST_CASE("a bounded default executor refuses with RuntimeError when its queue is full, and the text says so") {
  const auto body = []() -> Coro<std::string> {
    Gate gate;
    Gate* const closed = &gate;
    std::atomic<bool> started = false;
    std::atomic<bool>* const begins = &started;
    const auto first = run_in_executor(nullptr, [closed, begins] {
      *begins = true;
      closed->wait();
    });
    co_await until(&started);
    const auto second = run_in_executor(nullptr, [] {});
    std::string how = co_await ending(run_in_executor(nullptr, [] {}));
    gate.open();
    co_await first;
    co_await second;
    co_return how;
  };
  CHECK(on_epoll(body(), {.default_executor = {.threads = 1, .queue_bound = 1}}) ==
        "cannot schedule a job: the queue of the executor is full");
}

TEST_CASE("a pool shut down with Pending::cancel cancels the awaits of jobs that never started") {
  ThreadPoolExecutor pool({.threads = 1});
  const auto body = [](ThreadPoolExecutor* executor) -> Coro<std::string> {
    Gate gate;
    Gate* const closed = &gate;
    std::atomic<bool> started = false;
    std::atomic<bool>* const begins = &started;
    const auto first = run_in_executor(*executor, [closed, begins] {
      *begins = true;
      return closed->wait();
    });
    const auto second = run_in_executor(*executor, [] { return true; });
    co_await until(&started);
    const auto shut = run_in_executor(nullptr, [executor] { executor->shutdown(ThreadPoolExecutor::Pending::cancel); });
    std::string how = co_await ending(second);
    gate.open();
    how += ", " + co_await ending(first);
    co_await shut;
    co_return how;
  };
  CHECK(on_epoll(body(&pool)) == "cancelled, 1");
}

TEST_CASE("a pool serves two loops on two threads, each with its own jobs") {
  ThreadPoolExecutor pool({.threads = 2});
  const auto body = [](ThreadPoolExecutor* executor, int base) -> Coro<int> {
    int sum = 0;
    for (int i = 0; i < 50; ++i) {
      const int value = co_await run_in_executor(*executor, [base, i] { return base + i; });
      sum += value;
    }
    co_return sum;
  };
  int sums[2] = {0, 0};
  {
    const std::jthread other([&] { sums[1] = on_epoll(body(&pool, 1000)); });
    sums[0] = on_epoll(body(&pool, 0));
  }
  CHECK(sums[0] == 1225);
  CHECK(sums[1] == 51225);
}

TEST_CASE("the threads of the default executor have the name and the number that EpollOptions give") {
  const auto body = []() -> Coro<std::string> {
    const auto name_of_thread = [] {
      char name[16] = {};
      pthread_getname_np(pthread_self(), name, sizeof name);
      return std::string(name);
    };
    const std::string name = co_await to_thread(name_of_thread);
    co_return name;
  };
  CHECK(on_epoll(body()) == "rondo-0");
  CHECK(on_epoll(body(), {.default_executor = {.name = "io"}}) == "io-0");
}
