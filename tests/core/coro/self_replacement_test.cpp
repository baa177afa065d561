// SPDX-License-Identifier: BSL-1.0
// self_replacement_test.cpp - callables that end, replace or remove themselves while they run.
#include <csignal>

#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

/// Says when it is destroyed; what it captures must be alive until the call has ended.
struct ReplacedProbe {
  explicit ReplacedProbe(std::string* text) : alive(std::make_shared<std::string>("alive")), story(text) {}
  void note(const std::string& what) const { *story += what + ":" + *alive + " "; }
  std::shared_ptr<std::string> alive;
  std::string* story;
};

/// Raises SIGURG three times before the loop looks.
Coro<> burst(sim::SimBackend* backend) {
  co_await sleep(1ms);
  for (int i = 0; i < 3; ++i) backend->raise_signal(SIGURG);
  co_await sleep(1ms);
}

}  // namespace

TEST_CASE("a signal handler that removes itself with more signals pending is not called again, and lives until it returns") {
  sim::SimBackend backend;
  Runner runner(backend);
  std::string story;
  runner.loop().add_signal_handler(SIGURG, [probe = ReplacedProbe(&story), &runner] {
    CHECK(runner.loop().remove_signal_handler(SIGURG));
    probe.note("first");
  });
  runner.run(burst(&backend));
  CHECK(story == "first:alive ");
}

TEST_CASE("a signal handler that replaces itself leaves the other arrivals to the new one") {
  sim::SimBackend backend;
  Runner runner(backend);
  std::string story;
  runner.loop().add_signal_handler(SIGURG, [probe = ReplacedProbe(&story), &runner] {
    runner.loop().add_signal_handler(SIGURG, [other = ReplacedProbe(probe.story)] { other.note("second"); });
    probe.note("first");
  });
  runner.run(burst(&backend));
  runner.loop().remove_signal_handler(SIGURG);
  CHECK(story == "first:alive second:alive second:alive ");
}

TEST_CASE("an exception handler may replace itself while it is called") {
  Loop loop;
  std::string story;
  loop.set_exception_handler([probe = ReplacedProbe(&story), &loop](const ErrorContext& context) {
    loop.set_exception_handler([other = ReplacedProbe(probe.story)](const ErrorContext& next) { other.note(next.message); });
    probe.note(context.message);
  });
  loop.call_exception_handler({"one", nullptr, "test"});
  loop.call_exception_handler({"two", nullptr, "test"});
  CHECK(story == "one:alive two:alive ");
}

TEST_CASE("an exception handler that reports something itself is called for that, too") {
  Loop loop;
  std::string story;
  loop.set_exception_handler([probe = ReplacedProbe(&story), &loop](const ErrorContext& context) {
    if (context.message == "one") loop.call_exception_handler({"inner", nullptr, "test"});
    probe.note(context.message);
  });
  loop.call_exception_handler({"one", nullptr, "test"});
  CHECK(story == "inner:alive one:alive ");
}

TEST_CASE("a callback that cancels its own handle and drops it while it runs finishes its run") {
  Hops h;
  std::string story;
  Handle handle;
  handle = h.loop.call_soon([probe = ReplacedProbe(&story), &handle] {
    handle.cancel();
    handle = Handle();
    probe.note("ran");
  });
  TimerHandle timer;
  timer = h.loop.call_later(1s, [probe = ReplacedProbe(&story), &timer] {
    timer.cancel();
    timer = TimerHandle();
    probe.note("timer");
  });
  h.run();
  CHECK(story == "ran:alive timer:alive ");
}

TEST_CASE("a done-callback may remove itself and drop the last handle of its future") {
  Hops h;
  std::string story;
  auto future = h.future<int>();
  Handle handle;
  handle = future.add_done_callback([probe = ReplacedProbe(&story), &future, &handle] {
    CHECK_FALSE(future.remove_done_callback(handle));
    future = {};
    probe.note("done");
  });
  future.set_result(1);
  h.run();
  CHECK(story == "done:alive ");
}

TEST_CASE("a callable that is dropped may cancel its own handle in its destructor") {
  struct Canceller {
    explicit Canceller(Handle* h) : handle(h) {}
    Canceller(Canceller&& other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
    ~Canceller() {
      if (handle) handle->cancel();
    }
    void operator()() const {}
    Handle* handle;
  };
  Hops h;
  Handle handle;
  handle = h.loop.call_soon(Canceller(&handle));
  handle.cancel();
  h.run();
  CHECK(handle.cancelled());
}

TEST_CASE("a signal handler that goes may remove and set others in its destructor") {
  struct Guard {
    Guard(Loop* l, int s, bool a) : loop(l), signal(s), adds(a) {}
    Guard(Guard&& other) noexcept : loop(std::exchange(other.loop, nullptr)), signal(other.signal), adds(other.adds) {}
    ~Guard() {
      if (loop && adds) loop->add_signal_handler(signal, [] {});
      if (loop && !adds) loop->remove_signal_handler(signal);
    }
    void operator()() const {}
    Loop* loop;
    int signal;
    bool adds;
  };
  Hops h;
  h.loop.add_signal_handler(SIGUSR1, Guard(&h.loop, SIGUSR2, false));
  h.loop.add_signal_handler(SIGUSR2, [] {});
  CHECK(h.loop.remove_signal_handler(SIGUSR1));
  CHECK_FALSE(h.loop.remove_signal_handler(SIGUSR2));  // it went with the other
  h.loop.add_signal_handler(SIGUSR1, Guard(&h.loop, SIGUSR2, true));
  CHECK(h.loop.remove_signal_handler(SIGUSR1));
  CHECK(h.loop.remove_signal_handler(SIGUSR2));
  h.loop.add_signal_handler(SIGUSR1, Guard(&h.loop, SIGUSR1, true));
  h.loop.add_signal_handler(SIGUSR1, [] {});
  CHECK(h.loop.remove_signal_handler(SIGUSR1));
  CHECK_FALSE(h.loop.remove_signal_handler(SIGUSR1));  // one handler a signal
}

TEST_CASE("an exception handler may use its loop in its destructor, also when that is the end of the loop") {
  struct Caller {
    explicit Caller(Loop* l) : loop(l) {}
    Caller(Caller&& other) noexcept : loop(std::exchange(other.loop, nullptr)) {}
    ~Caller() {
      if (loop) loop->call_soon([] {});
    }
    void operator()(const ErrorContext&) const {}
    Loop* loop;
  };
  auto loop = std::make_unique<Loop>();
  loop->set_exception_handler(Caller(loop.get()));
  loop.reset();
  CHECK_FALSE(loop);
}
