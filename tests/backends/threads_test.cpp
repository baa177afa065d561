// SPDX-License-Identifier: BSL-1.0
// threads_test.cpp - what crosses between threads and loops: coroutines and promises.
#include <rondo/threads.hpp>

#include <atomic>
#include <thread>

#include <rondo/backends/epoll.hpp>
#include <rondo/backends/sim.hpp>
#include <rondo/rondo.hpp>

#include "catch.hpp"
#include "loop_thread.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

Coro<int> add(int a, const std::string& b) {
  co_await sleep(1ms);
  co_return a + static_cast<int>(b.size());
}

Coro<> fail() {
  co_await sleep(1ms);
  throw std::runtime_error("no");
}

}  // namespace

// --- run_coroutine_threadsafe ----------------------------------------------------------------------------------------

TEST_CASE("threads: a coroutine runs in the loop, and a thread waits for its value or error") {
  LoopThread other;
  const auto sum = run_coroutine_threadsafe(other.loop(), add, 1, std::string("abc"));
  CHECK(sum.result() == 4);
  CHECK(sum.done());
  CHECK_THROWS_WITH(run_coroutine_threadsafe(other.loop(), fail).result(), "no");
  CHECK(run_coroutine_threadsafe(other.loop(), add(2, "a")).result() == 3);  // made here, outside of any loop
  const auto where = run_coroutine_threadsafe(other.loop(), []() -> Coro<Loop*> { co_return &this_loop(); });
  CHECK(where.result() == &other.loop());
}

TEST_CASE("threads: a wait has a limit, after which the coroutine goes on") {
  LoopThread other;
  const auto slow = run_coroutine_threadsafe(other.loop(), [] { return sleep(50ms, 5); });
  CHECK_THROWS_AS(slow.result(1ms), TimeoutError);
  CHECK_FALSE(slow.wait_for(1ms));
  CHECK(slow.result() == 5);
  CHECK(slow.wait_for(0s));
}

TEST_CASE("threads: a coroutine is cancelled from outside, also before it has begun, and not after its end") {
  LoopThread other;
  const auto endless = run_coroutine_threadsafe(other.loop(), [] { return sleep(1h); });
  CHECK(endless.cancel());
  CHECK_THROWS_AS(endless.result(), CancelledError);
  CHECK_FALSE(endless.cancel());
  for (int i = 0; i < 100; ++i) {
    const auto early = run_coroutine_threadsafe(other.loop(), [] { return sleep(1h); });
    CHECK(early.cancel());
    CHECK_THROWS_AS(early.result(), CancelledError);
  }
}

TEST_CASE("threads: what a loop leaves undone when it ends has an outcome") {
  std::optional<ThreadsafeFuture<void>> endless;
  {
    LoopThread other;
    endless.emplace(run_coroutine_threadsafe(other.loop(), [] { return sleep(1h); }));
    other.stop();
  }
  CHECK_THROWS_AS(endless->result(), CancelledError);
  CHECK_FALSE(endless->cancel());
  std::optional<ThreadsafeFuture<void>> never_begun;
  {
    sim::SimBackend backend;
    Loop loop;
    loop.attach(backend);
    never_begun.emplace(run_coroutine_threadsafe(loop, [] { return sleep(1h); }));
  }
  CHECK_THROWS_WITH(never_begun->result(), "run_coroutine_threadsafe: the loop ended before the coroutine was done");
}

TEST_CASE("threads: the loop's own thread does not wait for itself") {
  EpollBackend backend;
  Runner runner(backend);
  runner.run([]() -> Coro<> {
    const auto own = run_coroutine_threadsafe(this_loop(), [] { return sleep(1ms, 1); });
    CHECK_THROWS_AS(own.result(), RuntimeError);
    while (!own.done()) co_await sleep(1ms);
    CHECK(own.result() == 1);
  }());
}

TEST_CASE("threads: a loop without a backend takes no coroutine") {
  Loop loop;
  CHECK_THROWS_AS(run_coroutine_threadsafe(loop, fail), RuntimeError);
}

TEST_CASE("threads: many threads ask one loop") {
  LoopThread other;
  std::atomic<int> sum = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 50; ++k) sum += run_coroutine_threadsafe(other.loop(), add, k, std::string(2, 'x')).result();
    });
  }
  for (std::thread& each : threads) each.join();
  CHECK(sum == 4 * (50 * 49 / 2 + 100));
}

// --- Promise ---------------------------------------------------------------------------------------------------------

TEST_CASE("threads: a thread completes a promise, and the loop waits for it without being stuck") {
  const auto body = []() -> Coro<std::string> {
    Promise<std::string> promise;
    const auto future = promise.future();
    std::thread thread([promise = std::move(promise)]() mutable {
      std::this_thread::sleep_for(5ms);
      promise.set_result("brought");
    });
    std::string text = co_await future;
    thread.join();
    co_return text;
  };
  CHECK(run(body()) == "brought");
}

TEST_CASE("threads: a promise may fail, be completed once, and be dropped") {
  const auto body = []() -> Coro<> {
    Promise<> failing;
    const auto failed = failing.future();
    std::thread([&failing] { CHECK(failing.set_exception(std::make_exception_ptr(std::runtime_error("no")))); }).join();
    CHECK_FALSE(failing.set_result());
    CHECK_FALSE(failing.set_exception(std::make_exception_ptr(1)));
    const auto error = co_await as_outcome(failed);
    CHECK_THROWS_WITH(error.raise(), "no");
    CHECK_THROWS_AS(failing.future(), RuntimeError);
    Future<int> broken;
    {
      Promise<int> dropped;
      broken = dropped.future();
      Promise<int> moved = std::move(dropped);
      CHECK_FALSE(dropped.set_result(1));
    }
    const auto reason = co_await as_outcome(broken);
    CHECK_THROWS_WITH(reason.raise(), "the Promise was dropped without an outcome");
  };
  run(body());
}

TEST_CASE("threads: a future that nobody wants any more takes no harm") {
  const auto body = []() -> Coro<> {
    Promise<int> promise;
    promise.future().cancel();
    CHECK(promise.set_result(1));
    Promise<int> forgotten;
    CHECK(forgotten.set_result(2));
    co_await sleep(1ms);
  };
  run(body());
}

TEST_CASE("threads: a promise outlives its loop") {
  std::optional<Promise<std::string>> promise;
  const auto body = [&promise]() -> Coro<> {
    promise.emplace();
    co_return;
  };
  run(body());
  CHECK_FALSE(promise->set_result("late"));
  std::optional<Promise<int>> posted;
  {
    sim::SimBackend backend;
    Loop loop;
    loop.attach(backend);
    posted.emplace(loop);
    CHECK(posted->set_result(1));  // and the loop never looks
  }
  CHECK_FALSE(posted->set_result(2));
}

TEST_CASE("threads: promises are completed while their loops end") {
  for (int round = 0; round < 200; ++round) {
    std::thread thread;
    const auto body = [&thread, round]() -> Coro<> {
      Promise<int> promise;
      thread = std::thread([promise = std::move(promise), round]() mutable {
        for (int i = 0; i < round; ++i) std::this_thread::yield();
        static_cast<void>(promise.set_result(1));
      });
      co_return;
    };
    run(body());
    thread.join();
  }
}
