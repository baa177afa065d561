// SPDX-License-Identifier: BSL-1.0
// hops_combinators_test.cpp - how many batches gather, shield, wait, as_completed, wait_for and timeout take.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

/// Completes `future` in a batch of its own, noted as "done", and runs to the end.
void complete(Hops& h, Future<int> future) {
  h.batch_with([&h, future] {
    h.note("done");
    future.set_result(1);
  });
  h.run();
}

}  // namespace

TEST_CASE("gather gives its results two hops after the last child") {
  Hops h;
  const auto one = h.future<int>();
  const auto two = h.future<int>();
  const auto body = [](Hops& hops, Future<int> a, Future<int> b) -> Coro<> {
    const auto [x, y] = co_await gather(a, b);
    hops.note("gather", std::to_string(10 * x + y));
  };
  const auto task = h.start(body(h, one, two));
  two.set_result(2);
  h.settle();
  CHECK_FALSE(h.happened("gather"));
  complete(h, one);
  CHECK(h.hops("done", "gather") == 2);
  CHECK(h.ending("gather") == "12");
}

TEST_CASE("gather gives the first error, or a child's cancellation, two hops after it") {
  Hops h;
  const auto fails = h.future<int>();
  const auto cancelled = h.future<int>();
  const auto failing = [](Hops& hops, const char* name, Future<int> f, Future<int> never_done) -> Coro<> {
    co_await see(hops, name, gather(f, never_done));
  };
  const auto a = h.start(failing(h, "error", fails, h.future<int>()));
  const auto b = h.start(failing(h, "cancelled", cancelled, h.future<int>()));
  h.settle();
  h.batch_with([&] {
    h.note("done");
    fails.set_exception(std::runtime_error("no"));
    cancelled.cancel();
  });
  h.settle();
  CHECK(h.hops("done", "error") == 2);
  CHECK(h.ending("error") == "no");
  CHECK(h.hops("done", "cancelled") == 2);
  CHECK(h.ending("cancelled") == "cancelled");
}

TEST_CASE("gather with return_exceptions gives its outcomes two hops after the last child") {
  Hops h;
  const auto one = h.future<int>();
  const auto two = h.future<int>();
  const auto body = [](Hops& hops, Future<int> a, Future<int> b) -> Coro<> {
    const auto [x, y] = co_await gather(return_exceptions, a, b);
    hops.note("gather", ending_of(x) + " " + ending_of(y));
  };
  const auto task = h.start(body(h, one, two));
  h.settle();
  two.set_exception(std::runtime_error("no"));
  h.settle();
  complete(h, one);
  CHECK(h.hops("done", "gather") == 2);
  CHECK(h.ending("gather") == "1 no");
}

TEST_CASE("gather of nothing, or of what is done, is done at once") {
  Hops h;
  const auto future = h.future<int>();
  future.set_result(1);
  const auto body = [](Hops& hops, Future<int> f) -> Coro<> {
    hops.note("call");
    co_await gather();
    hops.note("empty");
    co_await gather(f, f);
    hops.note("done");
  };
  const auto task = h.start(body(h, future));
  h.settle();
  CHECK(h.hops("call", "empty") == 0);
  CHECK(h.hops("call", "done") == 0);
}

TEST_CASE("gather of fresh tasks that yield once takes four hops in all") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    hops.note("call");
    co_await gather(turns(1, 1), turns(1, 2));
    hops.note("result");
  };
  const auto task = h.start(body(h));
  h.settle();
  CHECK(h.hops("call", "result") == 4);
}

TEST_CASE("shield gives the value two hops after the inner is done, and costs nothing if it was done before") {
  Hops h;
  const auto inner = h.future<int>();
  const auto body = [](Hops& hops, Future<int> f) -> Coro<> {
    co_await shield(f);
    hops.note("value");
    co_await shield(f);
    hops.note("again");
  };
  const auto task = h.start(body(h, inner));
  h.settle();
  complete(h, inner);
  CHECK(h.hops("done", "value") == 2);
  CHECK(h.hops("value", "again") == 0);
}

TEST_CASE("shield of a fresh coroutine that never suspends takes three hops in all") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    hops.note("call");
    co_await shield(turns(0, 1));
    hops.note("result");
  };
  const auto task = h.start(body(h));
  h.settle();
  CHECK(h.hops("call", "result") == 3);
}

TEST_CASE("somebody cancels what is shielded: the inner task sees it after one hop, the awaiter after three") {
  Hops h;
  const auto inner = h.start(watch(h, "inner", h.future<int>()));
  const auto body = [](Task<int> t) -> Coro<> { co_await shield(t); };
  const auto task = h.start(see(h, "awaiter", body(inner)));
  h.settle();
  cancel_in_batch(h, inner, "lost");
  CHECK(h.hops("cancel", "inner") == 1);
  CHECK(h.hops("cancel", "awaiter") == 3);
  CHECK(h.ending("awaiter") == "cancelled");
}

TEST_CASE("wait goes on two hops after the member that satisfies it, in every mode") {
  Hops h;
  const auto one = h.future<int>();
  const auto two = h.future<int>();
  const std::vector both{one, two};
  const std::vector single{one};
  const auto first = h.start(see(h, "first_completed", wait(both, {.return_when = first_completed})));
  const auto error = h.start(see(h, "first_exception", wait(both, {.return_when = first_exception})));
  const auto all = h.start(see(h, "all_completed", wait(single)));
  h.settle();
  h.batch_with([&] {
    h.note("done");
    one.set_exception(std::runtime_error("no"));
  });
  h.settle();
  CHECK(h.hops("done", "first_completed") == 2);
  CHECK(h.hops("done", "first_exception") == 2);
  CHECK(h.hops("done", "all_completed") == 2);
}

TEST_CASE("wait takes two hops even if all its members are done, or its timeout is zero") {
  Hops h;
  const auto done = h.future<int>();
  const auto pending = h.future<int>();
  done.set_result(1);
  const auto body = [](Hops& hops, Future<int> d, Future<int> p) -> Coro<> {
    const std::vector ready{d};
    const std::vector open{p};
    hops.note("call");
    co_await wait(ready);
    hops.note("all done");
    const WaitOptions at_once{.timeout = 0s};
    co_await wait(open, at_once);
    hops.note("timeout 0");
  };
  const auto task = h.start(body(h, done, pending));
  h.settle();
  CHECK(h.hops("call", "all done") == 2);
  CHECK(h.hops("all done", "timeout 0") == 2);
}

TEST_CASE("wait goes on one hop after the timer of its timeout") {
  Hops h;
  note_timer(h, 1s);
  const std::vector open{h.future<int>()};
  const auto task = h.start(see(h, "wait", wait(open, {.timeout = 1s})));
  h.run();
  CHECK(h.hops("timer", "wait") == 1);
}

TEST_CASE("a step of as_completed goes on two hops after a member is done, and after the call if it was done before") {
  Hops h;
  const auto one = h.future<int>();
  const auto two = h.future<int>();
  two.set_result(2);
  const auto body = [](Hops& hops, Future<int> a, Future<int> b) -> Coro<> {
    hops.note("call");
    auto completed = as_completed(std::vector{a, b});
    const int first = co_await *completed.next();
    hops.note("first", std::to_string(first));
    const int second = co_await *completed.next();
    hops.note("second", std::to_string(second));
  };
  const auto task = h.start(body(h, one, two));
  h.settle();
  CHECK(h.hops("call", "first") == 2);
  CHECK(h.ending("first") == "2");
  complete(h, one);
  CHECK(h.hops("done", "second") == 2);
}

TEST_CASE("as_completed gives TimeoutError one hop after its timer") {
  Hops h;
  const auto body = [](Hops& hops, Future<int> f) -> Coro<> {
    auto completed = as_completed(std::vector{f}, 1s);
    co_await see(hops, "step", std::move(*completed.next()));
  };
  note_timer(h, 1s);
  const auto task = h.start(body(h, h.future<int>()));
  h.run();
  CHECK(h.hops("timer", "step") == 1);
  CHECK(h.ending("step") == "TimeoutError");
}

TEST_CASE("wait_for adds no hop to a coroutine, and a future or task goes on one hop after it is done") {
  Hops h;
  const auto future = h.future<int>();
  const auto body = [](Hops& hops, Future<int> f) -> Coro<> {
    hops.note("call");
    co_await wait_for(turns(0, 1), 1h);
    hops.note("coroutine");
    co_await wait_for(f, 1h);
    hops.note("future");
  };
  const auto task = h.start(body(h, future));
  h.settle();
  CHECK(h.hops("call", "coroutine") == 0);
  complete(h, future);
  CHECK(h.hops("done", "future") == 1);
}

TEST_CASE("wait_for gives TimeoutError 1 hop after the timer for a coroutine, 2 for a task, 3 for a gather") {
  Hops h;
  note_timer(h, 1s);
  const auto inner = h.start(watch(h, "inner task", h.future<int>()));
  const auto a = h.start(see(h, "coroutine", wait_for(watch(h, "inner coroutine", h.future<int>()), 1s)));
  const auto b = h.start(see(h, "task", wait_for(inner, 1s)));
  const auto body = [](Task<int> t) -> Coro<> { co_await wait_for(gather(t), 1s); };
  const auto c = h.start(see(h, "gather", body(h.start(watch(h, "child", h.future<int>())))));
  h.run();
  CHECK(h.hops("timer", "inner coroutine") == 1);
  CHECK(h.hops("timer", "coroutine") == 1);
  CHECK(h.hops("timer", "inner task") == 1);
  CHECK(h.hops("timer", "task") == 2);
  CHECK(h.hops("timer", "child") == 1);
  CHECK(h.hops("timer", "gather") == 3);
  CHECK(h.ending("coroutine") == "TimeoutError");
  CHECK(h.ending("task") == "TimeoutError");
  CHECK(h.ending("gather") == "TimeoutError");
}

TEST_CASE("wait_for with no time left: 0 hops for what is done, 2 for a pending future, 3 for a task") {
  Hops h;
  const auto done = h.future<int>();
  done.set_result(1);
  const auto body = [](Hops& hops, Future<int> d, Future<int> pending, Task<int> task) -> Coro<> {
    hops.note("call");
    co_await wait_for(d, 0s);
    hops.note("done");
    co_await see(hops, "pending", wait_for(pending, 0s));
    co_await see(hops, "task", wait_for(task, 0s));
    co_await see(hops, "coroutine", wait_for(watch(hops, "body", sleep(1s)), -1s));
  };
  const auto started = h.start(watch(h, "inner", h.future<int>()));
  const auto task = h.start(body(h, done, h.future<int>(), started));
  h.settle();
  CHECK(h.hops("call", "done") == 0);
  CHECK(h.hops("done", "pending") == 2);
  CHECK(h.hops("pending", "task") == 3);
  CHECK(h.hops("task", "coroutine") == 3);
  CHECK_FALSE(h.happened("body"));
  CHECK(h.ending("coroutine") == "TimeoutError");
}
