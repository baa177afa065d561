// SPDX-License-Identifier: BSL-1.0
// destructors_test.cpp - what destructors may ask and do while their task or their loop ends, and destructors that
// throw.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

const ContextVar<std::string> cleanup_user(std::string("nobody"));

/// Notes what it sees when it goes, and begins something else.
class Witness {
 public:
  Witness(std::string* story, std::string name) : story_(story), name_(std::move(name)) {}
  Witness(Witness&& other) noexcept : story_(std::exchange(other.story_, nullptr)), name_(std::move(other.name_)) {}
  Witness(const Witness&) = delete;
  ~Witness() {
    if (!story_) return;
    const AnyTask task = current_task();
    *story_ += name_ + ":" + (task ? task.name() + (task.done() ? " (done) " : " ") : std::string("no task "));
    if (task) *story_ += cleanup_user.get() + " ";
    this_loop().call_soon([story = story_] { *story += "called "; });
    const auto body = [](std::string* text) -> Coro<> {
      *text += "ran ";
      co_return;
    };
    static_cast<void>(create_task(body(story_)));
    static_cast<void>(all_tasks());
    static_cast<void>(dump_tasks());
  }

 private:
  std::string* story_;
  std::string name_;
};

Coro<> with_witness(Witness) {
  cleanup_user.set("alice");
  co_return;
}
Coro<> with_cleanup(std::string* story) {
  const Witness local(story, "local");
  co_return;
}

/// Throws when it goes.
struct Thrower {
  ~Thrower() noexcept(false) { throw std::runtime_error("from a destructor"); }
};
const std::string long_text(100, 'x');
Coro<std::string> fails_late() {
  const Thrower thrower;
  co_return long_text;
}
Coro<std::shared_ptr<int>> fails_late_with(std::shared_ptr<int> value) {
  const Thrower thrower;
  co_return value;
}
Coro<std::string> returns_twice() {
  try {
    const Thrower thrower;
    co_return long_text;
  } catch (const std::runtime_error&) {
    co_return long_text + "y";
  }
}
AsyncGenerator<std::string> yields_and_fails() {
  const Thrower thrower;
  co_yield long_text;
}

}  // namespace

TEST_CASE("a task that ends without handles is still the current one, done, in the destructors of its parameters") {
  std::string story;
  const auto body = [](std::string* text) -> Coro<> {
    static_cast<void>(create_task(with_witness(Witness(text, "parameter")), {.name = "ending"}));
    co_await sleep(1s);
  };
  sim::run(body(&story));
  CHECK(story == "parameter:ending (done) alice called ran ");
}

TEST_CASE("a task is the current one in the destructors of its locals") {
  std::string story;
  const auto body = [](std::string* text) -> Coro<> {
    static_cast<void>(create_task(with_cleanup(text), {.name = "ending"}));
    co_await sleep(1s);
  };
  sim::run(body(&story));
  CHECK(story == "local:ending nobody called ran ");
}

TEST_CASE("the task that drops the last handle of another is the current one meanwhile") {
  std::string story;
  const auto body = [](std::string* text) -> Coro<> {
    auto task = create_task(with_witness(Witness(text, "parameter")), {.name = "ending"});
    co_await task;
    task = {};
    co_await sleep(1s);
  };
  sim::run(body(&story));
  CHECK(story == "parameter:Task-1 nobody called ran ");
}

TEST_CASE("what a task that ends held goes one after the other, and sees that task as the current one") {
  std::string story;
  const auto holder = [](Task<> held) -> Coro<> {
    co_await held;
  };
  const auto body = [&holder](std::string* text) -> Coro<> {
    auto inner = create_task(with_witness(Witness(text, "inner")), {.name = "inner"});
    static_cast<void>(create_task(holder(std::move(inner)), {.name = "holder"}));
    co_await sleep(1s);
  };
  sim::run(body(&story));
  CHECK(story == "inner:holder (done) nobody called ran ");
}

TEST_CASE("a handle that a destructor takes of its own task outlives the coroutine") {
  AnyTask kept;
  struct Keeper {
    AnyTask* to;
    explicit Keeper(AnyTask* t) : to(t) {}
    Keeper(Keeper&& other) noexcept : to(std::exchange(other.to, nullptr)) {}
    ~Keeper() {
      if (to) *to = current_task();
    }
  };
  const auto work = [](Keeper) -> Coro<> { co_return; };
  const auto body = [&](AnyTask* to) -> Coro<std::string> {
    static_cast<void>(create_task(work(Keeper(to)), {.name = "kept"}));
    co_await sleep(1s);
    co_return kept.name() + (kept.done() ? " done" : " pending");
  };
  CHECK(sim::run(body(&kept)) == "kept done");
  CHECK(kept.done());
}

TEST_CASE("a routine is still the current task in its destructor") {
  struct Short final : Routine<> {
    explicit Short(std::string* story) : witness(story, "routine") {}
    Next<void> step() override { return Next<void>::finish(); }
    Witness witness;
  };
  std::string story;
  const auto body = [](std::string* text) -> Coro<> {
    static_cast<void>(create_task(std::make_unique<Short>(text), {.name = "ending"}));
    co_await sleep(1s);
  };
  sim::run(body(&story));
  CHECK(story == "routine:ending (done) nobody called ran ");
}

TEST_CASE("the exception handler may look at the task whose error nobody retrieved") {
  std::string story;
  sim::SimBackend backend;
  Runner runner(backend);
  runner.loop().set_exception_handler([&story](const ErrorContext&) {
    const AnyTask task = current_task();
    story += task ? task.name() : "no task";
  });
  const auto fails = []() -> Coro<> {
    throw std::runtime_error("no");
    co_return;
  };
  const auto body = [&fails]() -> Coro<> {
    static_cast<void>(create_task(fails(), {.name = "failing"}));
    co_await sleep(1s);
  };
  runner.run(body());
  CHECK(story == "failing");
}

TEST_CASE("a task cancelled before its first step is the current one in the destructors of its parameters") {
  std::string story;
  const auto body = [](std::string* text) -> Coro<> {
    {
      const auto task = create_task(with_witness(Witness(text, "parameter")), {.name = "never begun"});
      task.cancel();
    }
    co_await sleep(1s);
  };
  sim::run(body(&story));
  CHECK(story == "parameter:never begun (done) nobody called ran ");
}

TEST_CASE("destructors that run with the loop's end may begin things, which go as well") {
  std::string story;
  {
    Hops h;
    const auto waits = [](Witness, std::string* text) -> Coro<> {
      const Witness local(text, "local");
      co_await sleep(1h);
    };
    static_cast<void>(h.start(waits(Witness(&story, "parameter"), &story)));
    h.loop.call_later(1h, [witness = Witness(&story, "callback")] { static_cast<void>(witness); });
    h.settle();
  }
  CHECK(story == "local:no task parameter:no task callback:no task ");
}

// --- destructors that throw ------------------------------------------------------------------------------------------

TEST_CASE("a destructor that throws after co_return replaces the value by its error, and the value is not leaked") {
  const auto value = std::make_shared<int>(7);
  CHECK_THROWS_WITH(sim::run(fails_late()), "from a destructor");
  CHECK_THROWS_WITH(sim::run(fails_late_with(value)), "from a destructor");
  CHECK(value.use_count() == 1);
  const auto awaits = [](std::shared_ptr<int> v) -> Coro<std::string> {
    const auto outcome = co_await as_outcome(fails_late_with(v));
    co_return ending_of(outcome) + " " + std::to_string(v.use_count());
  };
  CHECK(sim::run(awaits(value)) == "from a destructor 2");
}

TEST_CASE("a task whose destructor throws after co_return has failed, and its value is gone") {
  const auto value = std::make_shared<int>(7);
  const auto body = [](std::shared_ptr<int> v) -> Coro<std::string> {
    auto task = create_task(fails_late_with(v));
    const auto outcome = co_await as_outcome(task);
    task = {};
    co_return ending_of(outcome) + " " + std::to_string(v.use_count());
  };
  CHECK(sim::run(body(value)) == "from a destructor 2");
}

TEST_CASE("a second co_return, from the catch block of the first, is the one that counts") {
  CHECK(sim::run(returns_twice()) == long_text + "y");
}

TEST_CASE("a generator whose destructor throws at its end fails there, once") {
  const auto body = []() -> Coro<std::string> {
    auto generator = yields_and_fails();
    std::string story = *(co_await generator.next()) == long_text ? "value " : "no value ";
    const auto end = co_await as_outcome(generator.next());
    story += ending_of(end) + " ";
    const auto after_it = co_await as_outcome(generator.next());
    story += after_it.value() ? "more" : "over";
    co_return story;
  };
  CHECK(sim::run(body()) == "value from a destructor over");
}
