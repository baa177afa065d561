// SPDX-License-Identifier: BSL-1.0
// task_group_test.cpp - task groups: children that end together, errors in groups, cancellation from outside.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

Coro<> fails_after(Duration delay, const char* text) {
  co_await sleep(delay);
  throw std::runtime_error(text);
}

/// The texts of the errors in a group, with a space between them.
std::string errors_in(const std::exception_ptr& error) {
  std::string text;
  try {
    std::rethrow_exception(error);
  } catch (const ExceptionGroup& group) {
    for (const auto& one : group.exceptions()) text += (text.empty() ? "" : " ") + describe(one);
  }
  return text;
}

/// Runs the group, and notes its errors as `name`.
template <class Body>
Coro<> errors(Hops& h, const char* name, Body body) {
  const auto outcome = co_await as_outcome(task_group(body, &h));
  h.note(name, outcome.failed() ? errors_in(outcome.error()) : ending_of(outcome));
  h.note("count", std::to_string(current_task().cancelling()));
}

/// A group whose child and body fail, and how its ExceptionGroup tells of it.
Coro<> failing_child() { co_await fails_after(0s, "child"); }
Coro<> failing_body(TaskGroup& group) {
  static_cast<void>(group.create_task(failing_child()));
  static_cast<void>(group.create_task(sleep(0s)));
  const auto outcome = co_await as_outcome(sleep(1s));  // cancelled by the child
  static_cast<void>(outcome);
  co_await fails_after(0s, "body");
}
Coro<> catches_both(std::vector<AwaitStack>* stacks, std::string* text) {
  try {
    co_await task_group(&failing_body);
  } catch (const ExceptionGroup& group) {
    *stacks = group.await_stacks();
    *text = group.what();
  }
}

}  // namespace

TEST_CASE("a group waits for all its children and gives the value of its body") {
  const auto body = [](TaskGroup& group, int* done) -> Coro<std::string> {
    const auto child = [](int* count, Duration delay) -> Coro<> {
      co_await sleep(delay);
      ++*count;
    };
    static_cast<void>(group.create_task(child(done, 1s)));
    static_cast<void>(group.create_task(child(done, 3s)));
    co_return "body";
  };
  const auto main = [body]() -> Coro<std::string> {
    int done = 0;
    const std::string value = co_await task_group(body, &done);
    co_return value + std::to_string(done) + (this_loop().time() == Instant(3s) ? " after 3 s" : "");
  };
  CHECK(sim::run(main()) == "body2 after 3 s");
}

TEST_CASE("children that fail in one batch are all reported, in that order, and the body's own error comes last") {
  Hops h;
  const auto body = [](TaskGroup& group, Hops*) -> Coro<> {
    static_cast<void>(group.create_task(fails_after(1s, "one")));
    static_cast<void>(group.create_task(fails_after(1s, "two")));
    static_cast<void>(co_await as_outcome(sleep(1h)));
    throw std::runtime_error("body");
  };
  const auto task = h.start(errors(h, "errors", body));
  h.run();
  CHECK(h.ending("errors") == "one two body");
  CHECK(h.ending("count") == "0");
}

TEST_CASE("a child whose wake-up is pending when the group aborts is cancelled: its own error never surfaces") {
  Hops h;
  const auto body = [](TaskGroup& group, Hops*) -> Coro<> {
    const auto yields = [](int count, const char* text) -> Coro<> {
      co_await turns(count, 0);
      throw std::runtime_error(text);
    };
    static_cast<void>(group.create_task(yields(1, "first")));
    static_cast<void>(group.create_task(yields(2, "too late")));  // its turn is behind the news of the first
    co_return;
  };
  const auto task = h.start(errors(h, "errors", body));
  h.run();
  CHECK(h.ending("errors") == "first");
}

TEST_CASE("a child that is merely cancelled does not count") {
  Hops h;
  const auto body = [](TaskGroup& group, Hops* hops) -> Coro<> {
    const Task<> child = group.create_task(watch(*hops, "child", sleep(1h)));
    co_await sleep(0s);
    child.cancel();
    co_await see(*hops, "body", sleep(1s));
  };
  const auto task = h.start(errors(h, "errors", body));
  h.run();
  CHECK(h.ending("child") == "cancelled");
  CHECK(h.ending("body") == "void");
  CHECK(h.ending("errors") == "void");
}

TEST_CASE("a body that awaits a child which somebody cancels leaves with CancelledError and count 0") {
  Hops h;
  const auto body = [](TaskGroup& group, Hops* hops) -> Coro<> {
    const Task<> child = group.create_task(watch(*hops, "child", sleep(1h)));
    static_cast<void>(group.create_task(watch(*hops, "sibling", sleep(1h))));
    this_loop().call_soon([child] { child.cancel("why"); });
    co_await sleep(0s);
    co_await child;
  };
  const auto task = h.start(errors(h, "errors", body));
  h.run();
  CHECK(h.ending("sibling") == "cancelled");
  CHECK(h.ending("errors") == "cancelled (why)");
  CHECK(h.ending("count") == "0");
}

TEST_CASE("an outside cancellation comes out as CancelledError, with its message, when all children are done") {
  Hops h;
  const auto body = [](TaskGroup& group, Hops* hops) -> Coro<> {
    const auto slow = [](Hops* inside) -> Coro<> {
      co_await see(*inside, "child", sleep(1h));
      co_await sleep(5s);
    };
    static_cast<void>(group.create_task(slow(hops)));
    co_await sleep(1h);
  };
  const auto task = h.start(errors(h, "left", body));
  h.settle();
  task.cancel("why");
  h.run();
  CHECK(h.ending("child") == "cancelled");
  CHECK(h.ending("left") == "cancelled (why)");
  CHECK(h.ending("count") == "1");
  CHECK(h.loop.time() == Instant(5s));
}

TEST_CASE("while a group ends, further cancellations do not reach its children, and deadlines do not cut it short") {
  Hops h;
  const auto body = [](TaskGroup& group, Hops* hops) -> Coro<> {
    const auto stubborn = [](Hops* inside) -> Coro<> {
      co_await see(*inside, "first", sleep(1h));
      co_await see(*inside, "second", sleep(10s));
    };
    static_cast<void>(group.create_task(stubborn(hops)));
    co_return;
  };
  const auto limited = [](Hops* hops, auto inside) -> Coro<> { co_await task_group(inside, hops); };
  const auto task = h.start(see(h, "left", timeout(1s, limited, &h, body)));
  h.loop.call_later(2s, [&] { task.cancel(); });
  h.run();
  CHECK(h.ending("first") == "cancelled");
  CHECK(h.ending("second") == "void");
  CHECK(h.loop.time() == Instant(11s));
  CHECK(h.ending("left") == "cancelled");  // the request from outside is left over: no TimeoutError
  CHECK(task.cancelling() == 1);
}

TEST_CASE("errors and an outside cancellation are both honoured: the errors now, CancelledError at the next await") {
  Hops h;
  const auto body = [](TaskGroup& group, Hops*) -> Coro<> {
    const auto bad_cleanup = []() -> Coro<> {
      static_cast<void>(co_await as_outcome(sleep(1h)));
      throw std::runtime_error("clean-up");
    };
    static_cast<void>(group.create_task(bad_cleanup()));
    co_await sleep(1h);
  };
  const auto main = [](Hops& hops, auto inside) -> Coro<> {
    co_await errors(hops, "errors", inside);
    co_await see(hops, "next await", sleep(1s));
  };
  const auto task = h.start(main(h, body));
  h.settle();
  task.cancel();
  h.run();
  CHECK(h.ending("errors") == "clean-up");
  CHECK(h.ending("count") == "1");
  CHECK(h.ending("next await") == "cancelled");
}

TEST_CASE("children may create children as long as one of them runs") {
  Hops h;
  const auto body = [](TaskGroup& group, Hops* hops) -> Coro<> {
    const auto parent = [](TaskGroup* g, Hops* inside) -> Coro<> {
      co_await sleep(1s);
      static_cast<void>(g->create_task(watch(*inside, "grandchild", sleep(1s))));
    };
    static_cast<void>(group.create_task(parent(&group, hops)));
    co_return;
  };
  const auto task = h.start(errors(h, "errors", body));
  h.run();
  CHECK(h.ending("grandchild") == "void");
  CHECK(h.loop.time() == Instant(2s));
}

TEST_CASE("create_task is refused before the block, while the group shuts down, and after its end") {
  Hops h;
  TaskGroup fresh;
  CHECK_THROWS_WITH(fresh.create_task(turns(0, 1)), "create_task: the TaskGroup has not been entered");
  const auto shutting = [](TaskGroup& group, Hops* hops) -> Coro<> {
    static_cast<void>(group.create_task(fails_after(1s, "no")));
    static_cast<void>(co_await as_outcome(sleep(1h)));
    try {
      static_cast<void>(group.create_task(turns(0, 1)));
    } catch (const RuntimeError& error) {
      hops->note("shutting", error.what());
    }
  };
  const auto main = [](Hops& hops) -> Coro<> {
    TaskGroup group;
    group.enter();
    CHECK_THROWS_WITH(group.enter(), "the TaskGroup has already been entered");
    group.leave(nullptr, false);
    co_await join(group);
    try {
      static_cast<void>(group.create_task(turns(0, 1)));
    } catch (const RuntimeError& error) {
      hops.note("finished", error.what());
    }
  };
  const auto a = h.start(errors(h, "errors", shutting));
  const auto b = h.start(main(h));
  h.run();
  CHECK(h.ending("shutting") == "create_task: the TaskGroup is shutting down");
  CHECK(h.ending("finished") == "create_task: the TaskGroup is finished");
}

TEST_CASE("a group outside a task is refused") {
  TaskGroup group;
  CHECK_THROWS_WITH(group.enter(), Contains("no loop runs"));
  Loop loop;
  const Loop::Scope scope(loop);
  CHECK_THROWS_WITH(group.enter(), "task_group: must be used inside a task");
}

TEST_CASE("a group tells of each error how it came up, of the body's too, in what() and as places") {
  std::vector<AwaitStack> stacks;
  std::string text;
  sim::run(catches_both(&stacks, &text));
  REQUIRE(stacks.size() == 2);
  REQUIRE(stacks[0].size() == 2);
  CHECK(function_of(stacks[0][1]) == "failing_child");
  REQUIRE(stacks[1].size() == 2);
  CHECK(function_of(stacks[1][1]) == "failing_body");
  CHECK_THAT(text, Contains("\n  - child\n    from " + describe(stacks[0]) + "\n  - body\n    from " + describe(stacks[1])));
}

TEST_CASE("groups nest: the inner group's errors are one error of the outer") {
  Hops h;
  const auto outer = [](TaskGroup& group, Hops* hops) -> Coro<> {
    static_cast<void>(group.create_task(watch(*hops, "sibling", sleep(1h))));
    const auto inner = [](TaskGroup& g) -> Coro<> {
      static_cast<void>(g.create_task(fails_after(1s, "deep")));
      co_return;
    };
    co_await task_group(inner);
  };
  const auto task = h.start(errors(h, "errors", outer));
  h.run();
  CHECK_THAT(h.ending("errors"), Contains("unhandled errors in a TaskGroup (1 sub-exception)\n  - deep"));
  CHECK(h.ending("sibling") == "cancelled");
}

TEST_CASE("an error of the outer of two groups cancels the inner, whose children are not to blame") {
  Hops h;
  const auto outer = [](TaskGroup& group, Hops* hops) -> Coro<> {
    static_cast<void>(group.create_task(fails_after(1s, "outer")));
    const auto inner = [](TaskGroup& g, Hops* inside) -> Coro<> {
      static_cast<void>(g.create_task(watch(*inside, "grandchild", sleep(1h))));
      co_return;
    };
    co_await watch(*hops, "inner", task_group(inner, hops));
  };
  const auto task = h.start(errors(h, "errors", outer));
  h.run();
  CHECK(h.ending("grandchild") == "cancelled");
  CHECK(h.ending("inner") == "cancelled");
  CHECK(h.ending("errors") == "outer");
  CHECK(h.ending("count") == "0");
}

TEST_CASE("nested groups that fail together: who handles the inner's errors is still cancelled for the outer") {
  Hops h;
  const auto outer = [](TaskGroup& group, Hops* hops) -> Coro<> {
    const auto inner = [](TaskGroup& g, TaskGroup* around) -> Coro<> {
      static_cast<void>(g.create_task(fails_after(1s, "inner")));
      static_cast<void>(around->create_task(fails_after(1s, "outer")));
      co_return;
    };
    const auto outcome = co_await as_outcome(task_group(inner, &group));
    hops->note("inner", outcome.failed() ? errors_in(outcome.error()) : ending_of(outcome));
    hops->note("between", std::to_string(current_task().cancelling()));
    co_await see(*hops, "next await", sleep(1s));
  };
  const auto task = h.start(errors(h, "errors", outer));
  h.run();
  CHECK(h.ending("inner") == "inner");
  CHECK(h.ending("between") == "1");
  CHECK(h.ending("next await") == "cancelled");
  CHECK(h.ending("errors") == "outer");
  CHECK(h.ending("count") == "0");
}

TEST_CASE("a child that fails while the cancelled body cleans up interrupts the clean-up, and its error is thrown") {
  Hops h;
  const auto body = [](TaskGroup& group, Hops* hops) -> Coro<> {
    static_cast<void>(group.create_task(fails_after(3s, "child")));
    co_await see(*hops, "work", sleep(1h));
    co_await watch(*hops, "clean-up", sleep(5s));
  };
  const auto task = h.start(errors(h, "errors", body));
  h.loop.call_later(1s, [&] { task.cancel(); });
  h.run();
  CHECK(h.ending("work") == "cancelled");
  CHECK(h.ending("clean-up") == "cancelled");
  CHECK(h.ending("errors") == "child");
  CHECK(h.ending("count") == "1");
  CHECK(h.loop.time() == Instant(3s));
}

TEST_CASE("a child that would fail and is cancelled before it runs leaves no error: CancelledError it is") {
  Hops h;
  TaskGroup* group = nullptr;
  const auto body = [](TaskGroup& g, TaskGroup** out) -> Coro<> {
    *out = &g;
    co_await sleep(1h);
  };
  const auto fails = []() -> Coro<> {
    throw std::runtime_error("never thrown");
    co_return;
  };
  const auto task = h.start(watch(h, "left", task_group(body, &group)));
  h.settle();
  h.batch_with([&] {
    task.cancel("why");
    static_cast<void>(group->create_task(fails()));
  });
  h.settle();
  CHECK(h.ending("left") == "cancelled (why)");
  CHECK(task.cancelling() == 1);
}

TEST_CASE("children that create children go on until one of them fails, and then all are gone") {
  Hops h;
  struct Hydra {
    static Coro<> heads(TaskGroup* group, int* count) {
      ++*count;
      co_await sleep(1s);
      for (int i = 0; i < 2; ++i) static_cast<void>(group->create_task(heads(group, count)));
    }
    static Coro<> hercules(const int* count) {
      while (*count < 10) co_await sleep(1500ms);
      throw std::runtime_error("enough");
    }
  };
  int count = 0;
  const auto body = [](TaskGroup& group, Hops*, int* heads) -> Coro<> {
    static_cast<void>(group.create_task(Hydra::heads(&group, heads)));
    static_cast<void>(group.create_task(Hydra::hercules(heads)));
    co_return;
  };
  const auto main = [body](Hops& hops, int* heads) -> Coro<> {
    const auto outcome = co_await as_outcome(task_group(body, &hops, heads));
    hops.note("errors", errors_in(outcome.error()));
  };
  const auto task = h.start(main(h, &count));
  h.run();
  CHECK(h.ending("errors") == "enough");
  CHECK(count == 31);  // at 3 s there were 7, for heads grow behind him
  CHECK(h.peek().tasks == 0);
}

TEST_CASE("a failed group leaves the count of requests as it was; an old one that was swallowed is asked for again") {
  Hops h;
  const auto body = [](TaskGroup& group, Hops*) -> Coro<> {
    static_cast<void>(group.create_task(fails_after(1s, "no")));
    co_return;
  };
  const auto main = [body](Hops& hops) -> Coro<> {
    co_await errors(hops, "before", body);
    co_await see(hops, "undisturbed", sleep(1s));
    current_task().cancel();
    co_await see(hops, "swallowed", sleep(1s));
    co_await errors(hops, "after", body);
    hops.note("kept", std::to_string(current_task().cancelling()));
    co_await see(hops, "next await", sleep(1s));  // as asyncio does since 3.13, which cannot tell old requests from new
  };
  const auto task = h.start(main(h));
  h.run();
  CHECK(h.ending("before") == "no");
  CHECK(h.ending("count") == "0");
  CHECK(h.ending("undisturbed") == "void");
  CHECK(h.ending("after") == "no");
  CHECK(h.ending("kept") == "1");
  CHECK(h.ending("next await") == "cancelled");
}

TEST_CASE("the children of a group are cancelled oldest first") {
  Hops h;
  const auto body = [](TaskGroup& group, Hops* hops) -> Coro<> {
    for (const char* name : {"a", "b", "c"}) static_cast<void>(group.create_task(watch(*hops, name, sleep(1h))));
    co_await sleep(1s);
    throw std::runtime_error("no");
  };
  const auto task = h.start(errors(h, "errors", body));
  h.run();
  CHECK(h.story() == "a b c errors count");
}

TEST_CASE("a KeyboardInterrupt of the body or of a child comes out as it is, and the children are cancelled") {
  Hops h;
  const auto of_body = [](TaskGroup& group, Hops* hops) -> Coro<> {
    static_cast<void>(group.create_task(watch(*hops, "child", sleep(1h))));
    co_await sleep(1s);
    throw KeyboardInterrupt();
  };
  const auto of_child = [](TaskGroup& group) -> Coro<> {
    static_cast<void>(group.create_task([]() -> Coro<> {
      co_await sleep(1s);
      throw KeyboardInterrupt();
    }));
    static_cast<void>(group.create_task([]() -> Coro<> {
      co_await sleep(2s);
      throw std::runtime_error("never");
    }));
    co_await sleep(1h);
  };
  const auto body = [of_body, of_child](Hops& hops) -> Coro<> {
    int interrupts = 0;
    try {
      co_await task_group(of_body, &hops);
    } catch (const KeyboardInterrupt&) {
      ++interrupts;
    }
    try {
      co_await task_group(of_child);
    } catch (const KeyboardInterrupt&) {
      ++interrupts;
    }
    hops.note("interrupts", std::to_string(interrupts));
    hops.note("asked", std::to_string(current_task().cancelling()));
  };
  const auto task = h.start(body(h));
  h.run();
  CHECK(h.ending("child") == "cancelled");
  CHECK(h.ending("interrupts") == "2");
  CHECK(h.ending("asked") == "0");
}
