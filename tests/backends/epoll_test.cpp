// SPDX-License-Identifier: BSL-1.0
// epoll_test.cpp - the epoll backend's clock, fairness and wake-ups, and what belongs to a real process: signals.
#include <rondo/backends/epoll.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

/// Yields until it is told to stop; gives up after some seconds, so that a broken loop fails instead of hanging.
Coro<> spin(const bool* stop, bool* gave_up) {
  const Instant limit = after(this_loop().time(), 5s);
  while (!*stop) {
    if (this_loop().time() > limit) {
      *gave_up = true;
      co_return;
    }
    co_await sleep(0s);
  }
}

/// Runs `body(args...)` while three tasks keep the loop busy. True if it ended while they still did.
template <class Body, class... Args>
Coro<bool> while_busy(Body body, Args... args) {
  bool stop = false;
  bool gave_up = false;
  std::vector<Coro<>> spinners;
  for (int i = 0; i < 3; ++i) spinners.push_back(spin(&stop, &gave_up));
  const auto busy = gather(std::move(spinners));
  co_await body(args...);
  stop = true;
  co_await busy;
  co_return !gave_up;
}

/// An executor that never comes to run anything; it gives jobs back when it is asked to.
struct HeldExecutor final : Executor {
  void submit(Job&, OperationId, JobSink&) noexcept override { ++submits; }
  void cancel(OperationId id, JobSink& sink) noexcept override {
    ++cancels;
    sink.job_done(id, -ECANCELED);
  }
  int submits = 0;
  int cancels = 0;
};

/// What a child process writes to standard error, where RONDO_DEBUG is `debug`, or is not set (null).
template <class F>
std::string complaints(const char* debug, F program) {
  const Ends ends;
  CHECK(in_a_child([&] {
          ::dup2(ends.second(), STDERR_FILENO);
          debug ? ::setenv("RONDO_DEBUG", debug, 1) : ::unsetenv("RONDO_DEBUG");
          program();
          return 0;
        }) == "exit 0");
  std::string text;
  for (std::string piece = read_some(ends.first()); !piece.empty(); piece = read_some(ends.first())) text += piece;
  return text;
}

}  // namespace

TEST_CASE("a sleep of 200 microseconds is not rounded to milliseconds, and never too short") {
  EpollBackend backend;
  Duration shortest = 1h;
  for (int i = 0; i < 100; ++i) {
    const Instant before = backend.now();
    static_cast<void>(backend.reap(before + 200us));
    shortest = std::min(shortest, backend.now() - before);
  }
  CHECK(shortest >= 200us);
  CHECK(shortest < 900us);
}

TEST_CASE("the backend's clock starts near zero and runs as fast as any") {
  EpollBackend backend;
  CHECK(backend.now() >= Instant());
  CHECK(backend.now() < Instant(10s));
  const auto real = std::chrono::steady_clock::now();
  const Instant before = backend.now();
  static_cast<void>(backend.reap(before + 5ms));
  const Duration took = backend.now() - before;
  CHECK(took <= std::chrono::steady_clock::now() - real);
}

TEST_CASE("tasks that never pause do not keep a timer from firing") {
  const auto body = []() -> Coro<> { co_await sleep(2ms); };
  EpollBackend backend;
  CHECK(rondo::run(backend, while_busy(body)));
}

TEST_CASE("tasks that never pause do not keep a descriptor from being read") {
  const auto body = [](const Ends* pipe) -> Coro<> {
    for (int i = 0; i < 5; ++i) {
      write_one(pipe->second());
      co_await readable(pipe->first());
      drain(pipe->first());
    }
  };
  const Ends pipe;
  EpollBackend backend;
  CHECK(rondo::run(backend, while_busy(body, &pipe)));
}

TEST_CASE("tasks that never pause do not keep jobs and posts of other threads from arriving") {
  const auto body = []() -> Coro<> {
    for (int i = 0; i < 5; ++i) co_await to_thread([] {});
  };
  EpollBackend backend;
  CHECK(rondo::run(backend, while_busy(body)));
}

TEST_CASE("posting to a loop that is busy costs no system call") {
  const auto body = []() -> Coro<> {
    const auto all = this_loop().create_future<>();
    int arrived = 0;
    int* const count = &arrived;
    const auto posts = [](Loop* loop, int* seen, const Future<>* done) {
      for (int i = 0; i < 1000; ++i) {
        loop->call_soon_threadsafe([seen, done] {
          if (++*seen == 1000) done->set_result();
        });
      }
    };
    const std::jthread thread(posts, &this_loop(), count, &all);
    co_await all;
  };
  EpollBackend backend;
  CHECK(rondo::run(backend, while_busy(body)));
  CHECK(backend.wakeups() <= 2);
}

TEST_CASE("many posts to a loop that sleeps wake it with one system call") {
  EpollBackend backend;
  Loop loop;
  loop.attach(backend);
  for (auto until_it_sleeps = 2ms; backend.wakeups() == 0 && until_it_sleeps < 3s; until_it_sleeps *= 10) {
    int ran = 0;
    {
      const std::jthread thread([&] {
        std::this_thread::sleep_for(until_it_sleeps);
        for (int i = 0; i < 100; ++i) loop.call_soon_threadsafe([&ran] { ++ran; });
      });
      loop.step(backend.now(), backend.reap(backend.now() + 10s), {});
    }
    loop.step(backend.now(), backend.reap(Instant::min()), {});
    CHECK(ran == 100);
  }
  CHECK(backend.wakeups() == 1);
}

TEST_CASE("a second Ctrl-C aborts a program that does not end at the first") {
  const auto body = []() -> Coro<> {
    for (int i = 0; i < 2; ++i) {
      this_loop().call_soon([] { std::raise(SIGINT); });
      static_cast<void>(co_await as_outcome(sleep(2s)));
    }
  };
  CHECK(in_a_child([&body] {
          EpollBackend backend;
          rondo::run(backend, body());
          return 0;
        }) == "signal " + std::to_string(SIGINT));
}

TEST_CASE("a second Ctrl-C aborts a program that is stuck and never returns to its loop") {
  const auto body = []() -> Coro<> {
    std::raise(SIGINT);
    std::raise(SIGINT);
    co_return;
  };
  CHECK(in_a_child([&body] {
          EpollBackend backend;
          rondo::run(backend, body());
          return 0;
        }) == "signal " + std::to_string(SIGINT));
}

TEST_CASE("without handle_interrupts Ctrl-C ends the process, as before and after a run") {
  const auto body = []() -> Coro<> { co_await sleep(1ms); };
  const auto raises = []() -> Coro<> {
    std::raise(SIGINT);
    co_return;
  };
  const std::string killed = "signal " + std::to_string(SIGINT);
  CHECK(in_a_child([&raises] {
          EpollBackend backend;
          rondo::run(backend, raises(), {.handle_interrupts = false});
          return 0;
        }) == killed);
  CHECK(in_a_child([&body] {
          EpollBackend backend;
          rondo::run(backend, body());
          std::raise(SIGINT);
          return 0;
        }) == killed);
}

TEST_CASE("a handler of one's own for SIGINT hears every Ctrl-C, and the process lives on") {
  const auto body = []() -> Coro<int> {
    int heard = 0;
    int* const count = &heard;
    this_loop().add_signal_handler(SIGINT, [count] { ++*count; });
    for (int i = 0; i < 3; ++i) {
      co_await sleep(1ms);
      std::raise(SIGINT);
    }
    co_await sleep(1ms);
    co_return heard;
  };
  CHECK(in_a_child([&body] {
          EpollBackend backend;
          return rondo::run(backend, body());
        }) == "exit 3");
}

TEST_CASE("a program that handles or ignores SIGINT by itself keeps its way over a run") {
  const DefaultAction restore(SIGINT);
  std::signal(SIGINT, SIG_IGN);
  const auto body = []() -> Coro<int> {
    std::raise(SIGINT);
    co_await sleep(1ms);
    co_return 7;
  };
  EpollBackend backend;
  CHECK(rondo::run(backend, body()) == 7);
  CHECK(std::signal(SIGINT, SIG_DFL) == SIG_IGN);
}

TEST_CASE("a handler for a signal that cannot be handled is reported and never called") {
  bool called = false;
  int reports = 0;
  const auto body = [](bool* flag, int* count) -> Coro<> {
    this_loop().set_exception_handler([count](const ErrorContext&) { ++*count; });
    try {
      this_loop().add_signal_handler(SIGKILL, [flag] { *flag = true; });
    } catch (const std::exception&) {
      ++*count;
    }
    co_await sleep(1ms);
  };
  EpollBackend backend;
  rondo::run(backend, body(&called, &reports));
  CHECK_FALSE(called);
  CHECK(reports == 1);
}

TEST_CASE("RONDO_DEBUG=1 turns debug mode on, and RONDO_DEBUG=0 does not") {
  const auto body = []() -> Coro<bool> { co_return this_loop().debug(); };
  EpollBackend backend;
  ::setenv("RONDO_DEBUG", "1", 1);
  CHECK(rondo::run(backend, body()));
  ::setenv("RONDO_DEBUG", "0", 1);
  CHECK_FALSE(rondo::run(backend, body()));
  ::unsetenv("RONDO_DEBUG");
}

TEST_CASE("the end of run withdraws a job that has not started from an executor of one's own") {
  HeldExecutor executor;
  bool ran = false;
  const auto body = [](HeldExecutor* held, bool* flag) -> Coro<> {
    static_cast<void>(run_in_executor(*held, [flag] { *flag = true; }));
    co_await sleep(1ms);
  };
  EpollBackend backend;
  rondo::run(backend, body(&executor, &ran));
  CHECK(executor.submits == 1);
  CHECK(executor.cancels == 1);
  CHECK_FALSE(ran);
}

TEST_CASE("RONDO_DEBUG=1 tells on standard error who held the loop for 100 ms, and with which place") {
  const auto main = [](EpollBackend* backend) -> Coro<> {
    const auto holds = [backend](Duration time) {
      const Instant end = backend->now() + time;
      while (backend->now() < end) {
      }
    };
    this_loop().call_soon([holds] { holds(101ms); });
    co_await sleep(1ms);
  };
  const int line = __LINE__ - 3;
  const std::string text = complaints("1", [main] {
    EpollBackend backend;
    rondo::run(backend, main(&backend));
  });
  CHECK(contains(text, "rondo: held the loop for "));
  const std::string place = "(made at epoll_test.cpp:" + std::to_string(line) + ")\n";
  CHECK(contains(text, " ms (slow is 100 ms and more): callback " + place));
}

TEST_CASE("RONDO_DEBUG that is empty or 0 is as none: nobody looks at how long a callback takes") {
  const auto tells = [] {
    EpollBackend backend;
    Runner runner(backend);
    std::fputs(runner.loop().debug() ? "debug" : "quiet", stderr);
    std::fflush(stderr);
  };
  CHECK(complaints(nullptr, tells) == "quiet");
  CHECK(complaints("", tells) == "quiet");
  CHECK(complaints("0", tells) == "quiet");
  CHECK(complaints("1", tells) == "debug");
}

TEST_CASE("another backend that comes and goes leaves Ctrl-C to the run that watches it") {
  const DefaultAction interrupt(SIGINT);
  const auto body = []() -> Coro<> {
    { EpollBackend other; }
    std::raise(SIGINT);
    co_await sleep(10s);
  };
  EpollBackend backend;
  CHECK_THROWS_AS(rondo::run(backend, body()), KeyboardInterrupt);
}

TEST_CASE("a handler that the program sets while a run watches Ctrl-C stays when the run ends") {
  const DefaultAction interrupt(SIGINT);
  const auto body = []() -> Coro<> {
    std::signal(SIGINT, SIG_IGN);
    co_return;
  };
  EpollBackend backend;
  rondo::run(backend, body());
  struct sigaction current {};
  sigaction(SIGINT, nullptr, &current);
  CHECK(current.sa_handler == SIG_IGN);
}

TEST_CASE("a Ctrl-C that came at the end of one run does not end the next one") {
  const DefaultAction interrupt(SIGINT);
  const auto interrupted = []() -> Coro<int> {
    std::raise(SIGINT);
    co_return 1;
  };
  const auto sleeps = []() -> Coro<int> {
    co_await sleep(2ms);
    co_return 2;
  };
  EpollBackend backend;
  Runner runner(backend);
  CHECK(runner.run(interrupted()) == 1);
  CHECK(runner.run(sleeps()) == 2);
}

TEST_CASE("a signal is never without a handler while one takes the place of another") {
  const std::string how = in_a_child([] {
    const auto body = []() -> Coro<> {
      Loop& loop = this_loop();
      loop.add_signal_handler(SIGUSR1, [] {});
      co_await sleep(1ms);
      std::atomic<bool> stop = false;
      std::jthread raiser([&stop] {
        while (!stop) ::kill(::getpid(), SIGUSR1);
      });
      for (int i = 0; i < 300; ++i) {
        loop.add_signal_handler(SIGUSR1, [] {});
        co_await sleep(0s);
      }
      stop = true;
      raiser.join();
      co_await sleep(5ms);  // what is on its way arrives
    };
    EpollBackend backend;
    rondo::run(backend, body(), {.handle_interrupts = false});
    return 0;
  });
  CHECK(how == "exit 0");
}
