// SPDX-License-Identifier: BSL-1.0
// run_test.cpp - Runner and run(): several runs on one loop, and what happens to what is left over.
#include <csignal>
#include <thread>

#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

/// Notes in `story` how its sleep ended.
Coro<> left_over(std::string* story, std::string name) {
  const auto outcome = co_await as_outcome(sleep(1h));
  *story += name + " " + ending_of(outcome) + ", ";
  outcome.raise();
}

}  // namespace

TEST_CASE("run gives the value or throws the error of its coroutine") {
  const auto fails = []() -> Coro<int> {
    co_await sleep(1s);
    throw std::runtime_error("no");
  };
  const auto cancelled = []() -> Coro<> {
    current_task().cancel("why");
    co_await sleep(1s);
  };
  CHECK(sim::run(turns(3, 7)) == 7);
  CHECK_THROWS_WITH(sim::run(fails()), "no");
  CHECK_THROWS_AS(sim::run(cancelled()), CancelledError);
}

TEST_CASE("a runner runs several coroutines on one loop, and its tasks live on between the runs") {
  sim::SimBackend backend;
  Runner runner(backend);
  std::string story;
  const auto first = [](std::string* s) -> Coro<> {
    const auto background = [](std::string* text) -> Coro<> {
      co_await sleep(2s);
      *text += "background ";
    };
    static_cast<void>(create_task(background(s)));
    co_await sleep(1s);
    *s += "first ";
  };
  const auto second = [](std::string* s) -> Coro<> {
    co_await sleep(2s);
    *s += "second";
  };
  runner.run(first(&story));
  Loop* const loop = &runner.loop();
  runner.run(second(&story));
  CHECK(&runner.loop() == loop);
  CHECK(story == "first background second");
}

TEST_CASE("what is left over is cancelled oldest first and waited for") {
  std::string story;
  const auto body = [](std::string* s) -> Coro<> {
    for (const char* name : {"a", "b", "c"}) static_cast<void>(create_task(left_over(s, name)));
    co_await sleep(0s);
  };
  sim::run(body(&story));
  CHECK(story == "a cancelled, b cancelled, c cancelled, ");
}

TEST_CASE("a left-over task that swallows its cancellation keeps run waiting until it ends") {
  Instant end{};
  const auto body = [](Instant* at) -> Coro<> {
    const auto stubborn = [](Instant* when) -> Coro<> {
      static_cast<void>(co_await as_outcome(sleep(1h)));
      co_await sleep(5s);
      *when = this_loop().time();
    };
    static_cast<void>(create_task(stubborn(at)));
    co_await sleep(0s);
  };
  sim::run(body(&end));
  CHECK(end == Instant(5s));
}

TEST_CASE("an error of what was left over goes to the exception handler") {
  sim::SimBackend backend;
  Runner runner(backend);
  std::vector<ErrorContext> reports;
  runner.loop().set_exception_handler([&reports](const ErrorContext& context) { reports.push_back(context); });
  const auto body = []() -> Coro<> {
    const auto bad = []() -> Coro<> {
      static_cast<void>(co_await as_outcome(sleep(1h)));
      throw std::runtime_error("clean-up");
    };
    static_cast<void>(create_task(bad(), {.name = "bad"}));
    co_await sleep(0s);
  };
  runner.run(body());
  CHECK(reports.empty());
  runner.close();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].message == "a task that was left over failed while run() ended");
  CHECK(ending_of(reports[0].exception) == "clean-up");
  CHECK_THAT(reports[0].subject, Contains("Task 'bad' (made at run_test.cpp:"));
}

TEST_CASE("generators that are left over are closed after the tasks, and their errors are reported") {
  sim::SimBackend backend;
  Runner runner(backend);
  std::string story;
  std::vector<std::string> reports;
  runner.loop().set_exception_handler(
      [&reports](const ErrorContext& context) { reports.push_back(describe(context.exception)); });
  const auto generates = [](std::string* s) -> AsyncGenerator<int> {
    bool closed = false;
    try {
      co_yield 1;
    } catch (const GeneratorExit&) {
      closed = true;
    }
    if (closed) co_await sleep(1s);
    *s += "generator closed";
    throw std::runtime_error("in the clean-up");
  };
  auto generator = generates(&story);
  const auto body = [](AsyncGenerator<int>* gen, std::string* s) -> Coro<> {
    co_await gen->next();
    static_cast<void>(create_task(left_over(s, "task")));
    co_await sleep(0s);
  };
  runner.run(body(&generator, &story));
  runner.close();
  CHECK(story == "task cancelled, generator closed");
  CHECK(reports == std::vector<std::string>{"in the clean-up"});
}

TEST_CASE("a task made by the clean-up of a left-over task is dropped in the end") {
  bool ended = false;
  const auto body = [](bool* flag) -> Coro<> {
    const auto spawns = [](bool* late) -> Coro<> {
      static_cast<void>(co_await as_outcome(sleep(1h)));
      const auto never_ends = [](bool* f) -> Coro<> {
        co_await sleep(1h);
        *f = true;
      };
      static_cast<void>(create_task(never_ends(late)));
    };
    static_cast<void>(create_task(spawns(flag)));
    co_await sleep(0s);
  };
  sim::run(body(&ended));
  CHECK_FALSE(ended);
}

TEST_CASE("a closed runner refuses to run, and closing again does nothing") {
  sim::SimBackend backend;
  Runner runner(backend);
  CHECK(runner.run(turns(0, 1)) == 1);
  runner.close();
  runner.close();
  CHECK_THROWS_WITH(runner.run(turns(0, 1)), "the Runner is closed");
  CHECK_THROWS_WITH(runner.loop(), "the Runner is closed");
}

TEST_CASE("a deadlock is an error that lists every task, where it was made, where it waits, and for what") {
  const auto waits = [](Future<int> future) -> Coro<> { co_await future; };
  const auto body = [waits]() -> Coro<> {
    const Future<int> lost = this_loop().create_future<int>();
    const Task<> task = create_task(waits(lost), {.name = "forgotten"});
    co_await task;
  };
  std::string text;
  try {
    sim::run(body());
  } catch (const DeadlockError& error) {
    text = error.what();
  }
  CHECK_THAT(text, Contains("deadlock: nothing can happen any more\n2 tasks:"));
  CHECK_THAT(text, Contains("Task 'forgotten' (made at run_test.cpp:"));
  CHECK_THAT(text, Contains("awaits Future "));
  CHECK_THAT(text, Contains("awaits Task 'forgotten'"));
  CHECK_THAT(text, Contains(" at run_test.cpp:"));
}

TEST_CASE("the first interrupt cancels the main task, and run throws KeyboardInterrupt if that ended it") {
  sim::SimBackend backend;
  const auto interrupted = [](sim::SimBackend* world) -> Coro<> {
    this_loop().call_later(1s, [world] { world->raise_signal(SIGINT); });
    this_loop().call_later(2s, [] {});
    co_await sleep(1h);
  };
  const auto swallows = [](sim::SimBackend* world) -> Coro<int> {
    this_loop().call_soon([world] { world->raise_signal(SIGINT); });
    static_cast<void>(co_await as_outcome(sleep(1h)));
    co_return 7;
  };
  Runner runner(backend);
  CHECK_THROWS_AS(runner.run(interrupted(&backend)), KeyboardInterrupt);
  CHECK(runner.run(swallows(&backend)) == 7);
}

TEST_CASE("an interrupt is reported by KeyboardInterrupt alone: nobody hears of the task that it cancelled") {
  sim::SimBackend backend;
  Runner runner(backend);
  const auto main = [](sim::SimBackend* world) -> Coro<> {
    this_loop().call_soon([world] { world->raise_signal(SIGINT); });
    co_await sleep(1h);
  };
  CHECK_THROWS_AS(runner.run(main(&backend)), KeyboardInterrupt);
  CHECK(runner.loop().take_reports().empty());
}

TEST_CASE("an interrupted main task that others cancelled, too, ends as cancelled; its own error is thrown as it is") {
  sim::SimBackend backend;
  Runner runner(backend);
  const auto main = [](sim::SimBackend* world, bool fails) -> Coro<> {
    this_loop().call_soon([world] { world->raise_signal(SIGINT); });
    const auto outcome = co_await as_outcome(sleep(1h));
    if (fails) throw std::runtime_error("while cleaning up");
    current_task().cancel();
    outcome.raise();
  };
  CHECK_THROWS_AS(runner.run(main(&backend, false)), CancelledError);
  CHECK_THROWS_WITH(runner.run(main(&backend, true)), "while cleaning up");
}

TEST_CASE("a run that ended with a deadlock leaves nothing behind that would stop the next") {
  sim::SimBackend backend;
  Runner runner(backend);
  Future<> late;
  const auto waits = [](Future<>* future) -> Coro<> {
    *future = this_loop().create_future();
    co_await *future;
  };
  const auto naps = []() -> Coro<int> {
    for (int i = 0; i < 3; ++i) co_await sleep(1s);
    co_return 7;
  };
  CHECK_THROWS_AS(runner.run(waits(&late)), DeadlockError);
  late.set_result();  // the first main task ends during the second run
  CHECK(runner.run(naps()) == 7);
  CHECK(runner.loop().time() == Instant(3s));
}

TEST_CASE("a main task whose loop was stopped is still there in the next run, and can be cancelled and waited for") {
  sim::SimBackend backend;
  Runner runner(backend);
  const auto stopped = []() -> Coro<> {
    this_loop().call_later(1s, [] { this_loop().stop(); });
    co_await sleep(1h);
  };
  const auto cancels = []() -> Coro<std::string> {
    const std::vector<AnyTask> left{all_tasks().front()};
    CHECK_FALSE(left[0].done());
    left[0].cancel();
    co_await wait(left);
    co_return left[0].cancelled() ? "cancelled" : "not cancelled";
  };
  CHECK_THROWS_WITH(runner.run(stopped()), "the loop was stopped before its main task was done");
  CHECK(runner.run(cancels()) == "cancelled");
  CHECK(runner.loop().time() == Instant(1s));
}

TEST_CASE("equal runs have equal hashes, and another order has another hash") {
  const auto hash_of = [](int first, int second) {
    Hops h;
    const auto one = h.start(turns(first, 1));
    const auto two = h.start(turns(second, 1));
    h.run();
    return h.loop.kernel().hash();
  };
  CHECK(hash_of(1, 2) == hash_of(1, 2));
  CHECK(hash_of(1, 2) != hash_of(2, 1));
}

// --- misuse ----------------------------------------------------------------------------------------------------------

TEST_CASE("a Runner cannot be closed or finished inside its own run, which goes on") {
  sim::SimBackend backend;
  Runner runner(backend);
  const auto body = [](Runner* r) -> Coro<std::string> {
    std::string story;
    for (const bool closes : {true, false}) {
      try {
        closes ? r->close() : r->finish();
      } catch (const RuntimeError& error) {
        story += std::string(error.what()) + "; ";
      }
    }
    co_await sleep(1s);
    co_return story;
  };
  const std::string text = "called inside the run of this Runner; let that end first; ";
  CHECK(runner.run(body(&runner)) == "close: " + text + "finish: " + text);
  CHECK(runner.run(turns(1, 7)) == 7);
}

TEST_CASE("a Runner that is destroyed inside its own run is reported; the run goes on, and throws in the end") {
  sim::SimBackend backend;
  auto runner = std::make_unique<Runner>(backend);
  std::string story;
  runner->loop().set_exception_handler([&story](const ErrorContext& context) { story += context.message + " | "; });
  const auto left = [](std::string* text) -> Coro<> { co_await left_over(text, "left"); };
  const auto body = [&](std::unique_ptr<Runner>* r, std::string* text) -> Coro<int> {
    static_cast<void>(create_task(left(text)));
    r->reset();
    co_await sleep(1s);
    *text += "went on | ";
    co_return 1;
  };
  Runner& alias = *runner;
  CHECK_THROWS_WITH(alias.run(body(&runner, &story)), "run: the Runner was destroyed inside its own run");
  CHECK(runner == nullptr);
  CHECK(story == "a Runner was destroyed inside its own run; the run goes on, and throws in the end | went on | "
                 "left cancelled, ");
}

TEST_CASE("a Runner that what is left over destroys during close() or finish() is there until that has ended, and throws") {
  for (const bool closes : {true, false}) {
    CAPTURE(closes);
    sim::SimBackend backend;
    auto runner = std::make_unique<Runner>(backend);
    bool cleaned = false;
    const auto left_over = [](std::unique_ptr<Runner>* owner, bool* done) -> Coro<> {
      static_cast<void>(co_await as_outcome(sleep(1h)));
      owner->reset();
      *done = true;
    };
    const auto main = [&]() -> Coro<> {
      static_cast<void>(create_task(left_over(&runner, &cleaned)));
      co_await sleep(1s);
    };
    runner->run(main());
    const auto leave = [&] { return closes ? runner->close() : runner->finish(); };
    CHECK_THROWS_AS(leave(), RuntimeError);
    CHECK(cleaned);
    CHECK_FALSE(runner);
  }
}

TEST_CASE("a value of main's context may use the loop in its destructor, when the Runner is closed") {
  struct Witness {
    explicit Witness(int* count) : seen(count) {}
    Witness(const Witness&) = delete;
    ~Witness() { *seen += this_loop().create_future<>().done() ? 0 : 1; }
    int* seen;
  };
  int seen = 0;
  ContextVar<std::shared_ptr<Witness>> variable;
  const auto main = [&]() -> Coro<> {
    variable.set(std::make_shared<Witness>(&seen));
    co_await sleep(1s);
  };
  sim::run(main());
  CHECK(seen == 1);
}

TEST_CASE("a Runner of another loop may be closed inside a run") {
  sim::SimBackend other_backend;
  auto other = std::make_unique<Runner>(other_backend);
  std::string story;
  const auto starts = [](std::string* text) -> Coro<> {
    static_cast<void>(create_task(left_over(text, "left")));
    co_await sleep(1s);
  };
  other->run(starts(&story));
  const auto body = [&other]() -> Coro<> {
    other.reset();
    co_await sleep(1s);
  };
  sim::run(body());
  CHECK(story == "left cancelled, ");
}

TEST_CASE("two threads cannot run one Runner, nor two Runners on one backend: the second is refused, the first goes on") {
  sim::SimBackend backend;
  Runner runner(backend);
  Runner neighbour(backend);
  const auto body = [](Runner* mine, Runner* next) -> Coro<std::string> {
    std::string story;
    std::thread thread([&story, mine, next] {
      for (Runner* const other : {mine, next}) {
        try {
          story += std::to_string(other->run(turns(0, 1))) + "; ";
        } catch (const RuntimeError& error) {
          story += std::string(error.what()) + "; ";
        }
      }
      try {
        mine->close();
      } catch (const RuntimeError& error) {
        story += error.what();
      }
    });
    thread.join();
    co_await sleep(1s);
    co_return story;
  };
  const std::string text = ": another thread runs this Runner, or another one on its backend";
  CHECK(runner.run(body(&runner, &neighbour)) == "run" + text + "; run" + text + "; close" + text);
  CHECK(neighbour.run(turns(1, 7)) == 7);
}

namespace {

/// A simulated world that throws once, when it has taken what it is told, or is asked for inputs.
class Throwing final : public Backend {
 public:
  std::string_view name() const override { return "throwing"; }
  Instant now() noexcept override { return world_.now(); }
  std::span<const Input> reap(Instant deadline) override {
    if (std::exchange(reap_throws, false) || reap_is_broken) throw std::runtime_error("reap");
    return world_.reap(deadline);
  }
  void submit(std::span<const Output> outputs) override {
    world_.submit(outputs);
    if (std::exchange(submit_throws, false)) throw std::runtime_error("submit");
  }
  Poster& poster() noexcept override { return world_.poster(); }
  Features features() const noexcept override { return world_.features(); }
  bool reap_throws = false;
  bool reap_is_broken = false;
  bool submit_throws = false;

 private:
  sim::SimBackend world_;
};

}  // namespace

TEST_CASE("a backend that throws when it is asked to watch Ctrl-C ends that run, and no other one") {
  Throwing backend;
  Runner runner(backend);
  backend.submit_throws = true;
  CHECK_THROWS_WITH(runner.run(turns(0, 1)), "submit");
  CHECK(runner.run(turns(0, 2)) == 2);
  runner.close();
}

TEST_CASE("what a backend throws first when a Runner is closed comes out of close(), and the loop ends all the same") {
  Throwing backend;
  Runner runner(backend);
  CHECK(runner.run(turns(0, 1)) == 1);
  backend.reap_throws = true;
  CHECK_THROWS_WITH(runner.close(), "reap");
  CHECK_THROWS_WITH(runner.run(turns(0, 1)), "the Runner is closed");
}

TEST_CASE("a backend that does nothing but throw is not waited for when a Runner is closed") {
  Throwing backend;
  Runner runner(backend);
  CHECK(runner.run(turns(0, 1)) == 1);
  std::vector<std::string> reports;
  runner.loop().set_exception_handler([&reports](const ErrorContext& context) { reports.push_back(context.message); });
  backend.reap_is_broken = true;
  CHECK_THROWS_WITH(runner.close(), "reap");
  REQUIRE_FALSE(reports.empty());
  CHECK(reports.back() == "the backend fails again and again; what it had begun is not waited for");
  CHECK_THROWS_WITH(runner.run(turns(0, 1)), "the Runner is closed");
}

TEST_CASE("run() leaves the value of main to tasks that await it and live on") {
  sim::SimBackend backend;
  Runner runner(backend);
  std::string seen;
  const auto body = [&seen]() -> Coro<std::string> {
    const auto reads = [](AnyTask main, std::string* into) -> Coro<> {
      static_cast<void>(co_await as_outcome(sleep(1h)));
      *into = Future<std::string>(Ref<FutureCore>(main.core())).result();
    };
    static_cast<void>(create_task(reads(current_task(), &seen)));
    co_await sleep(1s);
    co_return "a value that is longer than a short string";
  };
  CHECK(runner.run(body()) == "a value that is longer than a short string");
  runner.close();
  CHECK(seen == "a value that is longer than a short string");
}

TEST_CASE("a callback cannot be added to a future whose loop is closed, done or not") {
  Future<int> pending;
  Future<int> done;
  Task<int> task;
  {
    Hops h;
    pending = h.future<int>();
    done = h.future<int>();
    done.set_result(1);
    task = h.start(turns(5, 1));
    h.settle();
  }
  for (const Future<int>& each : {pending, done, static_cast<const Future<int>&>(task)}) {
    CHECK_THROWS_WITH(each.add_done_callback([] {}), Contains("add_done_callback: the loop of") && Contains("is closed"));
  }
  pending.set_result(2);
  CHECK(pending.result() == 2);
}

TEST_CASE("futures of a loop that is closed, or of another one, are refused where somebody would wait for them") {
  Future<int> stale;
  {
    Hops h;
    stale = h.future<int>();
  }
  Hops other;
  const Future<int> foreign = other.future<int>();
  foreign.set_result(1);
  const Future<int> pending = other.future<int>();
  const auto body = [&]() -> Coro<std::string> {
    std::string story;
    const auto tries = [&story](auto call) {
      try {
        call();
        story += "accepted\n";
      } catch (const RuntimeError& error) {
        story += std::string(error.what()) + "\n";
      }
    };
    for (const Future<int>& future : {stale, foreign, pending}) {
      tries([&] { static_cast<void>(gather(future)); });
      tries([&] { static_cast<void>(gather(std::vector<Future<int>>{future})); });
      tries([&] { static_cast<void>(as_completed(std::vector<Future<int>>{future})); });
    }
    tries([&] { static_cast<void>(shield(stale)); });
    tries([&] { static_cast<void>(shield(pending)); });
    std::vector<Future<int>> one{foreign};
    const auto outcome = co_await as_outcome(wait(one));
    co_return story + ending_of(outcome);
  };
  const std::string text = sim::run(body());
  CHECK_THAT(text, !Contains("accepted"));
  CHECK_THAT(text, Contains("gather: the loop of Future") && Contains("as_completed: Future") && Contains("is of another loop"));
  CHECK_THAT(text, Contains("shield: the loop of Future") && Contains("wait: Future"));
}

TEST_CASE("blocks that are left twice, or were not entered, say so") {
  const auto body = []() -> Coro<std::string> {
    std::string story;
    const auto tries = [&story](auto call) {
      try {
        call();
      } catch (const RuntimeError& error) {
        story += std::string(error.what()) + "\n";
      }
    };
    Timeout timeout(std::nullopt);
    tries([&] { timeout.leave(); });
    timeout.enter();
    static_cast<void>(timeout.leave());
    tries([&] { timeout.leave(); });
    TaskGroup group;
    tries([&] { group.leave(nullptr, false); });
    tries([&] { group.close(); });
    group.enter();
    tries([&] { group.close(); });
    static_cast<void>(group.create_task(turns(1, 1)));
    tries([&] { group.close(); });
    group.leave(nullptr, false);
    tries([&] { group.leave(nullptr, false); });
    co_await join(group);
    tries([&] { group.close(); });
    co_return story;
  };
  CHECK(sim::run(body()) ==
        "leave: the Timeout has not been entered\n"
        "leave: the Timeout was left before\n"
        "leave: the TaskGroup has not been entered\n"
        "close: the TaskGroup has not been left, or is closed already\n"
        "close: the TaskGroup has not been left, or is closed already\n"
        "close: the TaskGroup still has children; wait for them with join()\n"
        "leave: the TaskGroup was left before\n"
        "close: the TaskGroup has not been left, or is closed already\n");
}
