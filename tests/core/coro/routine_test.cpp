// SPDX-License-Identifier: BSL-1.0
// routine_test.cpp - tasks written by hand: what a step may want, cancellation, errors.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

/// Does one thing after another, and notes each step.
class Script : public Routine<int> {
 public:
  Script(Hops& h, std::vector<Next<int>> steps) : h_(&h), steps_(std::move(steps)) {}
  Next<int> step() override {
    h_->note("step " + std::to_string(at_));
    if (at_ == steps_.size()) throw std::runtime_error("no step is left");
    return std::move(steps_[at_++]);
  }

 private:
  Hops* h_;
  std::vector<Next<int>> steps_;
  std::size_t at_ = 0;
};

/// Goes on with another step when it is cancelled.
class Stubborn : public Routine<int> {
 public:
  explicit Stubborn(Hops& h) : h_(&h) {}
  Next<int> step() override { return cancelled_ ? Next<int>::finish(7) : Next<int>::sleep(1h); }
  Next<int> cancelled(const CancelledError& error) override {
    h_->note("cancelled", std::string(error.message()));
    cancelled_ = true;
    return Next<int>::yield();
  }

 private:
  Hops* h_;
  bool cancelled_ = false;
};

Task<int> start(Hops& h, std::vector<Next<int>> steps) {
  const Loop::Scope scope(h.loop);
  return create_task(std::make_unique<Script>(h, std::move(steps)));
}

}  // namespace

TEST_CASE("a routine yields, sleeps, waits for a future, and finishes with a value") {
  Hops h;
  const auto future = h.future<int>();
  h.loop.call_later(5s, [&] {
    h.note("set");
    future.set_result(1);
  });
  const auto task = start(h, {Next<int>::yield(), Next<int>::sleep(1s), Next<int>::sleep(0s),
                              Next<int>::wait(future), Next<int>::wait(future), Next<int>::finish(7)});
  h.run();
  CHECK(task.result() == 7);
  CHECK(h.story() == "step 0 step 1 step 2 step 3 set step 4 step 5");
  CHECK(h.hops("step 0", "step 1") == 1);
  CHECK(h.hops("step 1", "step 2") == 2);
  CHECK(h.hops("step 2", "step 3") == 1);
  CHECK(h.hops("set", "step 4") == 1);
  CHECK(h.hops("step 4", "step 5") == 1);  // done already: one turn through the queue
}

TEST_CASE("what a step throws ends the routine with that error, and a CancelledError cancels it") {
  Hops h;
  class Throws : public Routine<> {
    Next<void> step() override { throw CancelledError("by hand"); }
  };
  const auto failed = start(h, {});
  Task<> cancelled;
  {
    const Loop::Scope scope(h.loop);
    cancelled = create_task(std::make_unique<Throws>());
  }
  h.run();
  CHECK_THROWS_WITH(failed.result(), "no step is left");
  CHECK(cancelled.cancelled());
}

TEST_CASE("a cancelled routine ends as cancelled, while it sleeps, waits, or stands in the queue") {
  Hops h;
  const auto future = h.future<int>();
  const auto sleeps = start(h, {Next<int>::sleep(1h)});
  const auto waits = start(h, {Next<int>::wait(future)});
  h.settle();
  const auto fresh = start(h, {Next<int>::finish(1)});
  sleeps.cancel("a");
  waits.cancel("b");
  fresh.cancel("c");
  h.run();
  CHECK(ending_of(sleeps.outcome()) == "cancelled (a)");
  CHECK(ending_of(waits.outcome()) == "cancelled (b)");
  CHECK(ending_of(fresh.outcome()) == "cancelled (c)");
  CHECK(future.cancelled());
  CHECK(h.loop.time() == Instant());
}

TEST_CASE("a routine may answer a cancellation and go on") {
  Hops h;
  Task<int> task;
  {
    const Loop::Scope scope(h.loop);
    task = create_task(std::make_unique<Stubborn>(h), {.name = "stubborn"});
  }
  h.settle();
  CHECK_THAT(dump_tasks(h.loop), Contains("Task 'stubborn' (made at routine_test.cpp:") && Contains("sleeps"));
  task.cancel("why");
  h.run();
  CHECK(h.ending("cancelled") == "why");
  CHECK(task.result() == 7);
  CHECK(task.cancelling() == 1);
}

TEST_CASE("a routine can be awaited and gathered like any task") {
  Hops h;
  const auto one = start(h, {Next<int>::sleep(1s), Next<int>::finish(1)});
  const auto two = start(h, {Next<int>::finish(2)});
  const auto body = [](Task<int> a, Task<int> b) -> Coro<int> {
    const auto [x, y] = co_await gather(a, b);
    co_return 10 * x + y;
  };
  const auto task = h.start(body(one, two));
  h.run();
  CHECK(task.result() == 12);
}

TEST_CASE("a routine that is a null pointer is refused; one that is left over goes with its loop") {
  struct Counts : Routine<> {
    explicit Counts(int& counter) : count(&counter) {}
    ~Counts() override { ++*count; }
    Next<void> step() override { return Next<void>::sleep(1h); }
    int* count;
  };
  int destroyed = 0;
  Task<> kept;
  {
    Hops h;
    const Loop::Scope scope(h.loop);
    CHECK_THROWS_WITH(create_task(std::unique_ptr<Counts>()), "create_task: the routine is a null pointer");
    kept = create_task(std::make_unique<Counts>(destroyed));
    h.settle();
  }
  CHECK(destroyed == 1);
  CHECK(kept.cancelled());
}

namespace {

/// Waits for what it is given.
struct Waits : Routine<int> {
  explicit Waits(Future<int>& awaited) : target(&awaited) {}
  Next<int> step() override { return Next<int>::wait(*target); }
  Future<int>* target;
};

}  // namespace

TEST_CASE("a routine that waits for itself, for another loop's future or for nothing gets what a coroutine gets") {
  Loop other;
  Future<int> strange = other.create_future<int>();
  const auto body = [&strange]() -> Coro<> {
    Future<int> me;
    const auto self = create_task(std::make_unique<Waits>(me));
    me = self;
    const auto of_self = co_await as_outcome(self);
    CHECK_THAT(describe(of_self.error()), Catch::Contains("cannot await itself"));
    me = Future<int>();
    const auto of_strange = co_await as_outcome(create_task(std::make_unique<Waits>(strange)));
    CHECK_THAT(describe(of_strange.error()), Catch::Contains("of another loop"));
    Future<int> empty;
    const auto of_empty = co_await as_outcome(create_task(std::make_unique<Waits>(empty)));
    CHECK_THAT(describe(of_empty.error()), Catch::Contains("the handle is empty"));
  };
  sim::run(body());
}
