// SPDX-License-Identifier: BSL-1.0
// context_test.cpp - context variables: who sees which value.
#include "hops.hpp"

#include <stdexcept>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

const ContextVar<std::string> user("nobody");
const ContextVar<int> no_default;

Coro<std::string> read_user() {
  co_await sleep(0s);
  co_return user.get();
}

}  // namespace

TEST_CASE("a variable has its default until it is set, and reset() goes back to the value before") {
  const auto body = []() -> Coro<std::string> {
    std::string text = user.get();
    const auto first = user.set("ann");
    text += " " + user.get();
    const auto second = user.set("bob");
    text += " " + user.get();
    user.reset(second);
    text += " " + user.get();
    user.reset(first);
    text += " " + user.get();
    co_return text;
  };
  CHECK(sim::run(body()) == "nobody ann bob ann nobody");
}

TEST_CASE("a variable without value and default throws, and a token of another variable is refused") {
  const auto body = []() -> Coro<> {
    CHECK_THROWS_AS(no_default.get(), std::out_of_range);
    const auto token = no_default.set(1);
    CHECK(no_default.get() == 1);
    const ContextVar<int> other;
    CHECK_THROWS_AS(other.reset(token), std::invalid_argument);
    no_default.reset(token);
    CHECK_THROWS_AS(no_default.get(), std::out_of_range);
    co_return;
  };
  sim::run(body());
}

TEST_CASE("a task sees the values of the moment in which it was created; later sets stay apart, both ways") {
  const auto child = []() -> Coro<std::string> {
    std::string text = user.get();
    user.set("child");
    co_await sleep(0s);
    co_return text + " " + user.get();
  };
  const auto body = [child]() -> Coro<std::string> {
    user.set("before");
    const Task<std::string> task = create_task(child());
    user.set("after");
    const std::string text = co_await task;
    co_return text + " " + user.get();
  };
  CHECK(sim::run(body()) == "before child after");
}

TEST_CASE("an awaited coroutine and an async generator share the context of their task") {
  const auto sets = []() -> Coro<> {
    user.set("coroutine");
    co_return;
  };
  const auto generates = []() -> AsyncGenerator<std::string> {
    co_yield user.get();
    user.set("generator");
    co_yield user.get();
  };
  const auto body = [sets, generates]() -> Coro<std::string> {
    co_await sets();
    auto generator = generates();
    const auto first = co_await generator.next();
    static_cast<void>(co_await generator.next());
    co_return *first + " " + user.get();
  };
  CHECK(sim::run(body()) == "coroutine generator");
}

TEST_CASE("callbacks see the context of the moment in which they were posted, armed or attached") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    const auto future = this_loop().create_future<int>();
    const auto say = [&hops] { hops.note(user.get()); };
    user.set("soon");
    this_loop().call_soon(say);
    user.set("later");
    this_loop().call_later(1s, say);
    user.set("done");
    future.add_done_callback(say);
    user.set("after");
    future.set_result(1);
    co_return;
  };
  const auto task = h.start(body(h));
  h.run();
  CHECK(h.story() == "soon done later");
}

TEST_CASE("a callback's own set is seen by nobody else") {
  Hops h;
  h.loop.call_soon([&h] {
    user.set("callback");
    h.note(user.get());
  });
  h.loop.call_soon([&h] { h.note(user.get()); });
  h.settle();
  CHECK(h.story() == "callback nobody");
}

TEST_CASE("create_task takes a context of your choice") {
  const auto body = []() -> Coro<std::string> {
    user.set("chosen");
    Context chosen = copy_context();
    user.set("current");
    const std::string text = co_await create_task(read_user(), TaskOptions{.context = &chosen});
    co_return text + " " + user.get();
  };
  CHECK(sim::run(body()) == "chosen current");
}

TEST_CASE("a job sees a copy of its caller's variables, and what it sets stays there") {
  const auto work = [] {
    std::string text = user.get();
    user.set("job");
    return text + " " + user.get();
  };
  const auto body = [work]() -> Coro<std::string> {
    user.set("caller");
    const std::string text = co_await to_thread(work);
    co_return text + " " + user.get();
  };
  CHECK(sim::run(body()) == "caller job caller");
}

TEST_CASE("the runs of a runner share a context: what one main task sets, the next one sees, also after an error") {
  sim::SimBackend backend;
  const auto sets = [](std::string name, bool fails) -> Coro<std::string> {
    const std::string before = user.get();
    user.set(name);
    co_await sleep(1s);
    if (fails) throw std::runtime_error(before);
    co_return before;
  };
  {
    Runner runner(backend);
    CHECK(runner.run(sets("ann", false)) == "nobody");
    CHECK_THROWS_WITH(runner.run(sets("bob", true)), "ann");
    CHECK(runner.run(read_user()) == "bob");
  }
  Runner another(backend);
  CHECK(another.run(read_user()) == "nobody");
}

TEST_CASE("the context is the task's again after every switch") {
  Hops h;
  const auto body = [](Hops& hops, const char* name) -> Coro<> {
    user.set(name);
    for (int i = 0; i < 2; ++i) {
      co_await sleep(0s);
      hops.note(user.get());
    }
  };
  const auto one = h.start(body(h, "one"));
  const auto two = h.start(body(h, "two"));
  h.settle();
  CHECK(h.story() == "one two one two");
}

// --- tokens ----------------------------------------------------------------------------------------------------------

TEST_CASE("a token is used once, and in the context in which it was made") {
  const auto body = []() -> Coro<> {
    const auto token = user.set("ann");
    const auto child = [](const ContextVar<std::string>::Token& from_outside) -> Coro<> {
      CHECK_THROWS_WITH(user.reset(from_outside),
                        "this Token was made in another context: a task resets what it has set itself");
      co_return;
    };
    co_await create_task(child(token));
    user.reset(token);
    CHECK_THROWS_WITH(user.reset(token), "this Token has been used already");
    CHECK(user.get() == "nobody");
    auto moved = user.set("bob");
    const auto to = std::move(moved);
    CHECK_THROWS_AS(user.reset(moved), RuntimeError);
    user.reset(to);
    CHECK(user.get() == "nobody");
  };
  sim::run(body());
}

TEST_CASE("a token that was made in a context of its own is used there, by whichever task runs in it") {
  const auto body = []() -> Coro<> {
    Context context = copy_context();
    const auto token = context.run([] { return user.set("inside"); });
    CHECK_THROWS_AS(user.reset(token), std::invalid_argument);
    co_await create_task([&token]() -> Coro<> {
      user.reset(token);
      co_return;
    }, {.context = &context});
    CHECK(context.run([] { return user.get(); }) == "nobody");
  };
  sim::run(body());
}

// --- contexts of one's own -------------------------------------------------------------------------------------------

TEST_CASE("what a task sets in the context that it was given is seen there, and by those that run in it later") {
  const auto body = []() -> Coro<std::string> {
    Context context = copy_context();
    const auto sets = [](std::string value) -> Coro<> {
      user.set(value);
      co_await sleep(0s);
    };
    co_await create_task(sets("task"), {.context = &context});
    std::string text = context.run([] { return user.get(); });
    Context handle = context;  // to the same values
    co_await create_task(sets("again"), {.context = &handle});
    co_return text + " " + co_await create_task(read_user(), {.context = &context}) + " " + user.get();
  };
  CHECK(sim::run(body()) == "task again nobody");
}

TEST_CASE("a task that is created in such a context inherits its values, and changes them for itself alone") {
  const auto body = []() -> Coro<std::string> {
    Context context = copy_context();
    const auto outer = []() -> Coro<std::string> {
      user.set("outer");
      const auto inner = []() -> Coro<std::string> {
        std::string text = user.get();
        user.set("inner");
        co_return text;
      };
      std::string text = co_await create_task(inner());
      co_return text + " " + user.get();
    };
    std::string text = co_await create_task(outer(), {.context = &context});
    co_return text + " " + context.run([] { return user.get(); });
  };
  CHECK(sim::run(body()) == "outer outer outer");
}

TEST_CASE("callbacks run in the context that they are given") {
  Hops h;
  Context context = copy_context();
  const auto says = [&h] { h.note(user.get()); };
  context.run([] { user.set("chosen"); });
  h.loop.call_soon([] { user.set("changed"); }, {.context = &context});
  h.loop.call_soon(says, {.context = &context});
  h.loop.call_later(1ms, says, {.context = &context});
  const auto future = h.loop.create_future<int>();
  future.add_done_callback(says, {.context = &context});
  h.loop.call_soon(says);
  future.set_result(1);
  h.run();
  CHECK(h.story() == "changed nobody changed changed");
}

TEST_CASE("run() puts back what was there, also after an error") {
  const auto body = []() -> Coro<> {
    Context context = copy_context();
    user.set("here");
    CHECK_THROWS_WITH(context.run([] {
      user.set("there");
      throw std::runtime_error("no");
    }), "no");
    CHECK(user.get() == "here");
    CHECK(context.run([] { return user.get(); }) == "there");
    co_return;
  };
  sim::run(body());
}

TEST_CASE("where no loop runs a variable has its default, and is set in a context alone") {
  CHECK(user.get() == "nobody");
  CHECK_THROWS_AS(no_default.get(), std::out_of_range);
  CHECK_THROWS_AS(user.set("ann"), RuntimeError);
  Context context = copy_context();
  CHECK(context.run([] {
    user.set("ann");
    return user.get();
  }) == "ann");
  CHECK(user.get() == "nobody");
}
