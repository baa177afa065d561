// SPDX-License-Identifier: BSL-1.0
// bad_use_test.cpp - what is wrong to do, and what rondo says about it: the thing, and where it was made.
#include <coroutine>
#include <exception>
#include <thread>

#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

std::string place(int line) { return "(made at bad_use_test.cpp:" + std::to_string(line) + ")"; }

/// Somebody else's coroutine type.
struct Foreign {
  struct promise_type {
    std::exception_ptr error;
    Foreign get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void unhandled_exception() { error = std::current_exception(); }
    void return_void() {}
  };
  std::coroutine_handle<promise_type> handle;
  std::string finish() {
    const std::string text = handle.promise().error ? describe(handle.promise().error) : "";
    handle.destroy();
    return text;
  }
};

Foreign foreign_sleep() { co_await sleep(1s); }
Foreign foreign_coro(Coro<int> coro) { co_await coro; }
Foreign foreign_future(Future<int> future) { co_await future; }
Foreign foreign_lock(Lock* lock) { co_await lock->acquire(); }
Foreign foreign_get(Queue<int>* queue) { co_await queue->get(); }
Foreign foreign_put(Queue<int>* queue) { co_await queue->put(1); }

}  // namespace

TEST_CASE("a Coro can be awaited once, and be made a task once") {
  const auto body = []() -> Coro<> {
    Coro<int> coro = turns(0, 1);
    co_await coro;
    CHECK_FALSE(static_cast<bool>(coro));
    CHECK_THROWS_WITH(create_task(std::move(coro)), StartsWith("the Coro is empty: it was awaited or made a task"));
    co_await coro;
  };
  CHECK_THROWS_WITH(sim::run(body()), StartsWith("the Coro is empty: it was awaited or made a task before"));
}

TEST_CASE("a coroutine type of somebody else cannot await what needs a rondo task") {
  const std::string text = "co_await outside a rondo task: only a Coro or an AsyncGenerator can await this";
  CHECK(foreign_sleep().finish() == text);
  CHECK(foreign_coro(turns(0, 1)).finish() == text);
  Loop loop;
  auto future = loop.create_future<int>();
  CHECK(foreign_future(future).finish() == text);
  future.set_result(1);
  CHECK(foreign_future(future).finish() == text);  // also where there would be nothing to wait for
  Lock lock;
  CHECK(foreign_lock(&lock).finish() == text);
  CHECK_FALSE(lock.locked());
  Queue<int> queue;
  CHECK(foreign_put(&queue).finish() == text);
  queue.put_nowait(1);
  CHECK(foreign_get(&queue).finish() == text);
  CHECK(queue.qsize() == 1);
}

TEST_CASE("the result of a pending future or task is refused, and the error names it") {
  Loop loop;
  const auto future = loop.create_future<int>();
  const int line = __LINE__ - 1;
  const auto task = loop.create_task(turns(1, 1), {.name = "slow"});
  CHECK_THROWS_AS(future.result(), InvalidStateError);
  CHECK_THROWS_WITH(future.result(), Contains("Future ") && Contains(place(line)) && Contains("is not done"));
  CHECK_THROWS_WITH(future.exception(), Contains("is not done"));
  CHECK_THROWS_WITH(future.outcome(), Contains("is not done"));
  CHECK_THROWS_WITH(task.result(), StartsWith("Task 'slow' " + place(line + 2)));
  loop.drop_tasks_silently();
}

TEST_CASE("a future has one result: the second is refused, and a task sets its own") {
  Loop loop;
  const auto future = loop.create_future<int>();
  const int line = __LINE__ - 1;
  future.set_result(1);
  CHECK_THROWS_AS(future.set_result(2), InvalidStateError);
  CHECK_THROWS_WITH(future.set_result(2), StartsWith("set_result: Future ") && Contains(place(line)));
  CHECK_THROWS_WITH(future.set_exception(std::runtime_error("no")), StartsWith("set_exception: Future "));
  CHECK(future.result() == 1);
  const auto task = loop.create_task(turns(1, 1), {.name = "mine"});
  CHECK_THROWS_AS(task.set_result(1), RuntimeError);
  CHECK_THROWS_WITH(task.set_result(1), StartsWith("set_result: Task 'mine' ") && Contains("sets its own result"));
  const auto fresh = loop.create_future<int>();
  CHECK_THROWS_AS(fresh.set_exception(std::exception_ptr()), std::invalid_argument);
  CHECK_FALSE(fresh.done());
  loop.drop_tasks_silently();
}

TEST_CASE("run inside run is refused") {
  const auto body = []() -> Coro<int> { co_return sim::run(turns(0, 1)); };
  CHECK_THROWS_AS(sim::run(body()), RuntimeError);
  CHECK_THROWS_WITH(sim::run(body()), StartsWith("run: called while a loop runs on this thread"));
}

TEST_CASE("a run that is refused inside another leaves the outer loop as it was") {
  const auto body = []() -> Coro<std::string> {
    Loop* const outer = &this_loop();
    std::string text;
    try {
      sim::run(turns(0, 1));
    } catch (const RuntimeError&) {
      text = current_task().name();
    }
    co_await sleep(1s);
    text += &this_loop() == outer ? " goes on" : "";
    co_return text + (co_await create_task(turns(1, 1)) == 1 ? ", with its tasks" : "");
  };
  CHECK(sim::run(body()) == "Task-1 goes on, with its tasks");
}

TEST_CASE("a task cannot await itself") {
  Hops h;
  Task<> self;
  const auto body = [](Task<>* me) -> Coro<> { co_await *me; };
  self = h.loop.create_task(body(&self), {.name = "snake"});
  const int line = __LINE__ - 1;
  h.settle();
  CHECK_THROWS_AS(self.result(), RuntimeError);
  CHECK_THROWS_WITH(self.result(), StartsWith("Task 'snake' " + place(line) + " cannot await itself"));
}

TEST_CASE("a task cannot await a future of another loop") {
  Loop other;
  const auto future = other.create_future<int>();
  const int line = __LINE__ - 1;
  Hops h;
  const auto task = h.start(watch(h, "await", future));
  h.settle();
  CHECK_THAT(h.ending("await"), Contains("cannot await Future ") && Contains(place(line) + " of another loop"));
  CHECK_FALSE(future.done());
}

TEST_CASE("a negative budget is refused") {
  Loop loop;
  CHECK_THROWS_AS(loop.step(Instant(), {}, {}, -1), std::invalid_argument);
  CHECK_THROWS_WITH(loop.step(Instant(), {}, {}, -1), "step: the budget must be 0 or more, not -1");
  CHECK(loop.state() == rondo::machines::loop::State::idle);
}

TEST_CASE("a loop that is destroyed reports the tasks that live, by name and place, and destroys their frames") {
  struct Guard {
    int* count;
    ~Guard() { ++*count; }
  };
  const auto body = [](int* count) -> Coro<> {
    const Guard guard{count};
    co_await sleep(1h);
  };
  int destroyed = 0;
  std::vector<ErrorContext> reports;
  Task<> kept;
  {
    Loop loop;
    loop.set_exception_handler([&](const ErrorContext& context) { reports.push_back(context); });
    kept = loop.create_task(body(&destroyed), {.name = "kept"});
    static_cast<void>(loop.create_task(body(&destroyed), {.name = "alone"}));
    loop.step(Instant(), {}, {});
    static_cast<void>(loop.create_task(body(&destroyed), {.name = "fresh"}));
  }
  REQUIRE(reports.size() == 3);
  CHECK(reports[0].message == "a task was destroyed while it was pending");
  CHECK_THAT(reports[0].subject, StartsWith("Task 'kept' (made at bad_use_test.cpp:"));
  CHECK_THAT(reports[1].subject, StartsWith("Task 'alone'"));
  CHECK_THAT(reports[2].subject, StartsWith("Task 'fresh'"));
  CHECK(destroyed == 2);  // the third never ran
  CHECK(kept.cancelled());
  CHECK(ending_of(kept.outcome()) == "cancelled (the loop was closed)");
}

TEST_CASE("a callback that throws is reported with its place, and the others run") {
  Hops h;
  h.loop.call_soon([] { throw std::runtime_error("broken"); });
  const int line = __LINE__ - 1;
  h.loop.call_soon([] { throw CancelledError("too"); });
  h.loop.call_soon([&h] { h.note("next"); });
  h.settle();
  const auto reports = h.loop.take_reports();
  REQUIRE(reports.size() == 2);
  CHECK(reports[0].message == "a callback threw an exception");
  CHECK(ending_of(reports[0].exception) == "broken");
  CHECK(reports[0].subject == "callback " + place(line));
  CHECK(ending_of(reports[1].exception) == "cancelled (too)");
  CHECK(h.story() == "next");
}

TEST_CASE("an exception handler that throws is as good as none: the report is kept") {
  Hops h;
  h.loop.set_exception_handler([](const ErrorContext&) { throw std::runtime_error("handler"); });
  h.loop.call_soon([] { throw std::runtime_error("broken"); });
  h.settle();
  const auto reports = h.loop.take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(ending_of(reports[0].exception) == "broken");
  CHECK(h.loop.take_reports().empty());
}

TEST_CASE("in debug mode call_soon, call_later and create_task from another thread are refused") {
  Hops h;
  h.loop.set_debug(true);
  h.batch();
  std::vector<std::string> texts;
  std::thread([&] {
    const auto attempt = [&texts](auto action) {
      try {
        action();
      } catch (const RuntimeError& error) {
        texts.push_back(error.what());
      }
    };
    attempt([&] { h.loop.call_soon([] {}); });
    attempt([&] { h.loop.call_later(1s, [] {}); });
    attempt([&] { static_cast<void>(h.loop.create_task(turns(0, 1))); });
  }).join();
  const std::string rest = ": called from a thread that is not the loop's; use call_soon_threadsafe";
  CHECK(texts == std::vector{"call_soon" + rest, "call_later" + rest, "create_task" + rest});
}

TEST_CASE("empty handles say that they are empty") {
  const Task<> task;
  const Future<int> future;
  const AnyTask any;
  const AsyncGenerator<int> generator;
  Handle handle;
  handle.cancel();  // this alone is harmless
  CHECK_FALSE(handle.cancelled());
  CHECK_FALSE(static_cast<bool>(task));
  const std::string text = "the handle is empty: it was default-constructed or moved from";
  CHECK_THROWS_WITH(task.done(), text);
  CHECK_THROWS_WITH(task.cancelling(), text);
  CHECK_THROWS_WITH(future.cancel(), text);
  CHECK_THROWS_WITH(future.set_result(1), text);
  CHECK_THROWS_WITH(future.add_done_callback([] {}), text);
  CHECK_THROWS_WITH(any.name(), text);
  CHECK_THROWS_WITH(generator.next(), text);
  const auto body = [](Future<int> f) -> Coro<int> { co_return co_await f; };
  CHECK_THROWS_WITH(sim::run(body(future)), text);
  CHECK_THROWS_WITH(sim::run(Coro<>()), StartsWith("the Coro is empty"));
}

TEST_CASE("wait and its relatives refuse what makes no sense") {
  const auto body = []() -> Coro<> {
    const std::vector<Future<int>> nothing;
    co_await wait(nothing);
  };
  CHECK_THROWS_AS(sim::run(body()), std::invalid_argument);
  CHECK_THROWS_WITH(sim::run(body()), "wait: the vector of tasks and futures is empty");
}

TEST_CASE("where no loop runs, what needs one says its name") {
  CHECK_THROWS_WITH(create_task(turns(0, 1)), "create_task: no loop runs on this thread");
  CHECK_THROWS_WITH(this_loop(), "this_loop: no loop runs on this thread");
  CHECK_THROWS_WITH(current_task(), "current_task: no loop runs on this thread");
  CHECK_THROWS_WITH(all_tasks(), "all_tasks: no loop runs on this thread");
  CHECK_THROWS_WITH(gather(), "gather: no loop runs on this thread");
  CHECK_THROWS_WITH(as_completed(std::vector<Future<int>>()), "as_completed: no loop runs on this thread");
  CHECK_THROWS_WITH(run_in_executor(nullptr, [] {}), "run_in_executor: no loop runs on this thread");
  CHECK_THROWS_WITH(current_context(), Catch::Matchers::StartsWith("ContextVar: no task, callback or job runs on this thread"));
}

TEST_CASE("a loop without a backend has nobody to wake for a call from another thread") {
  Loop loop;
  CHECK_THROWS_WITH(loop.call_soon_threadsafe([] {}), StartsWith("call_soon_threadsafe: the loop has no backend"));
}

TEST_CASE("a loop that is stopped before its main task is done is an error of run") {
  const auto body = []() -> Coro<> {
    this_loop().stop();
    co_await sleep(1h);
  };
  CHECK_THROWS_WITH(sim::run(body()), "the loop was stopped before its main task was done");
}
