// SPDX-License-Identifier: BSL-1.0
// async_generator_test.cpp - async generators: values, errors, closing, and what is refused.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

AsyncGenerator<int> count_to(int last) {
  for (int i = 1; i <= last; ++i) {
    co_await sleep(1s);
    co_yield i;
  }
}

AsyncGenerator<int> noting(Hops& h) {
  struct Guard {
    Hops* hops;
    ~Guard() { hops->note("destroyed"); }
  };
  const Guard guard{&h};
  bool closed = false;
  h.note("begun");
  try {
    co_yield 1;
    co_yield 2;
  } catch (const GeneratorExit&) {
    closed = true;
  }
  h.note(closed ? "closing" : "ended");
  if (closed) co_await sleep(1s);
}

}  // namespace

TEST_CASE("a generator gives its values one by one, then std::nullopt for ever") {
  const auto body = []() -> Coro<std::string> {
    auto generator = count_to(3);
    std::string text;
    for (int i = 0; i < 5; ++i) {
      const std::optional<int> value = co_await generator.next();
      text += value ? std::to_string(*value) : "-";
    }
    co_return text;
  };
  CHECK(sim::run(body()) == "123--");
}

TEST_CASE("the body of a generator runs in the task that asks, with no hop in between") {
  Hops h;
  const auto yields = []() -> AsyncGenerator<std::string> {
    co_yield current_task().name();
    co_yield current_task().name();
  };
  const auto body = [](Hops& hops, auto make) -> Coro<> {
    auto generator = make();
    hops.note("begin");
    const auto one = co_await generator.next();
    const auto two = co_await generator.next();
    hops.note("end", *one + *two);
  };
  const auto task = h.loop.create_task(body(h, yields), {.name = "asker"});
  h.settle();
  CHECK(h.ending("end") == "askerasker");
  CHECK(h.hops("begin", "end") == 0);
}

TEST_CASE("an error of the body is thrown once and ends the generator") {
  const auto fails = []() -> AsyncGenerator<int> {
    co_yield 1;
    throw std::runtime_error("no");
  };
  const auto body = [fails]() -> Coro<std::string> {
    auto generator = fails();
    std::string text;
    for (int i = 0; i < 3; ++i) {
      const auto outcome = co_await as_outcome(generator.next());
      text += outcome.has_value() ? (outcome.value() ? "value " : "nothing ") : ending_of(outcome) + " ";
    }
    co_return text;
  };
  CHECK(sim::run(body()) == "value no nothing ");
}

TEST_CASE("a cancellation reaches the body where it awaits") {
  Hops h;
  const auto slow = [](Hops& hops) -> AsyncGenerator<int> {
    co_await watch(hops, "body", sleep(1h));
    co_yield 1;
  };
  const auto body = [](Hops& hops, auto make) -> Coro<> {
    auto generator = make(hops);
    const auto outcome = co_await as_outcome(generator.next());
    hops.note("next", ending_of(outcome));
    const auto after = co_await generator.next();
    hops.note("after", after ? "value" : "nothing");
  };
  const auto task = h.start(body(h, slow));
  h.settle();
  task.cancel("why");
  h.settle();
  CHECK(h.ending("body") == "cancelled (why)");
  CHECK(h.ending("next") == "cancelled (why)");
  CHECK(h.ending("after") == "nothing");
}

TEST_CASE("aclose throws GeneratorExit at the co_yield, waits for the clean-up, and does nothing the second time") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    auto generator = noting(hops);
    co_await generator.next();
    co_await generator.aclose();
    hops.note("closed", this_loop().time() == Instant(1s) ? "after 1 s" : "");
    co_await generator.aclose();
    const auto value = co_await generator.next();
    hops.note(value ? "value" : "nothing");
  };
  const auto task = h.start(body(h));
  h.run();
  CHECK(h.story() == "begun closing destroyed closed nothing");
  CHECK(h.ending("closed") == "after 1 s");
}

TEST_CASE("closing a fresh generator ends it without running its body") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    auto generator = noting(hops);
    co_await generator.aclose();
    const auto value = co_await generator.next();
    hops.note(value ? "value" : "nothing");
  };
  const auto task = h.start(body(h));
  h.settle();
  CHECK(h.story() == "nothing");
}

TEST_CASE("a generator that yields while it is closed is refused, and goes on from there") {
  const auto stubborn = []() -> AsyncGenerator<int> {
    try {
      co_yield 1;
    } catch (const GeneratorExit&) {
    }
    co_yield 2;
  };
  const auto body = [stubborn]() -> Coro<std::string> {
    auto generator = stubborn();
    co_await generator.next();
    const auto closed = co_await as_outcome(generator.aclose());
    const auto next = co_await generator.next();
    co_return ending_of(closed) + (next ? ", value" : ", nothing");
  };
  CHECK(sim::run(body()) == "the async generator ignored GeneratorExit, nothing");
}

TEST_CASE("an error in the clean-up comes out of aclose") {
  const auto fails = []() -> AsyncGenerator<int> {
    try {
      co_yield 1;
    } catch (const GeneratorExit&) {
      throw std::runtime_error("clean-up");
    }
  };
  const auto body = [fails]() -> Coro<std::string> {
    auto generator = fails();
    co_await generator.next();
    const auto outcome = co_await as_outcome(generator.aclose());
    co_return ending_of(outcome);
  };
  CHECK(sim::run(body()) == "clean-up");
}

TEST_CASE("a generator runs in one task at a time: others are refused") {
  Hops h;
  const auto asks = [](AsyncGenerator<int>* generator) -> Coro<> { co_await generator->next(); };
  const auto closes = [](AsyncGenerator<int>* generator) -> Coro<> { co_await generator->aclose(); };
  auto generator = count_to(2);
  const auto one = h.start(see(h, "one", asks(&generator)));
  const auto two = h.start(see(h, "two", asks(&generator)));
  const auto three = h.start(see(h, "close", closes(&generator)));
  h.run();
  CHECK(h.ending("one") == "void");
  CHECK(h.ending("two") == "next: the async generator is already running");
  CHECK(h.ending("close") == "aclose: the async generator is already running");
}

TEST_CASE("as_outcome gives the refusal of a generator that runs in another task as an error") {
  Hops h;
  auto generator = count_to(2);
  const auto asks = [](Hops& hops, const char* name, AsyncGenerator<int>* gen) -> Coro<> {
    const auto outcome = co_await as_outcome(gen->next());
    hops.note(name, ending_of(outcome));
  };
  const auto closes = [](Hops& hops, AsyncGenerator<int>* gen) -> Coro<> {
    const auto outcome = co_await as_outcome(gen->aclose());
    hops.note("close", ending_of(outcome));
  };
  const auto one = h.start(asks(h, "one", &generator));
  const auto two = h.start(asks(h, "two", &generator));
  const auto three = h.start(closes(h, &generator));
  h.run();
  CHECK(h.happened("one"));
  CHECK(h.happened("two"));
  CHECK(h.happened("close"));
}

TEST_CASE("a generator that is dropped is destroyed: destructors run, clean-up that awaits does not") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    {
      auto generator = noting(hops);
      co_await generator.next();
    }
    hops.note("dropped");
  };
  const auto task = h.start(body(h));
  h.run();
  CHECK(h.story() == "begun destroyed dropped");
}

TEST_CASE("a generator may await another generator") {
  const auto doubled = [](int last) -> AsyncGenerator<int> {
    auto inner = count_to(last);
    for (;;) {
      const std::optional<int> value = co_await inner.next();
      if (!value) break;
      co_yield 2 * *value;
    }
  };
  const auto body = [doubled]() -> Coro<int> {
    auto generator = doubled(4);
    int sum = 0;
    for (;;) {
      const std::optional<int> value = co_await generator.next();
      if (!value) break;
      sum += *value;
    }
    co_return sum;
  };
  CHECK(sim::run(body()) == 20);
}

TEST_CASE("a hundred thousand values without a suspension do not grow the stack") {
  const auto many = []() -> AsyncGenerator<int> {
    for (int i = 0; i < 100'000; ++i) co_yield 1;
  };
  const auto body = [many]() -> Coro<int> {
    auto generator = many();
    int sum = 0;
    for (;;) {
      const std::optional<int> value = co_await generator.next();
      if (!value) break;
      sum += *value;
    }
    co_return sum;
  };
  CHECK(sim::run(body()) == 100'000);
}

// --- generators that outlive their loop ------------------------------------------------------------------------------

namespace {

AsyncGenerator<int> with_locals(std::string* story, Future<>* unset) {
  struct Guard {
    std::string* text;
    ~Guard() { *text += "destroyed "; }
  };
  const Guard guard{story};
  co_yield 1;
  if (unset) co_await *unset;
  co_await sleep(1h);
  co_yield 2;
}

template <class T>
Coro<std::string> next_of(AsyncGenerator<T>* generator) {
  const auto outcome = co_await as_outcome(generator->next());
  if (!outcome.has_value()) co_return ending_of(outcome);
  co_return outcome.value() ? std::to_string(*outcome.value()) : std::string("over");
}
template <class T>
Coro<std::string> aclose_of(AsyncGenerator<T>* generator) {
  const auto outcome = co_await as_outcome(generator->aclose());
  co_return ending_of(outcome);
}
/// Takes an hour to clean up when it is closed.
AsyncGenerator<int> slow_to_close(std::string* story) {
  bool closed = false;
  try {
    co_yield 1;
  } catch (const GeneratorExit&) {
    closed = true;
  }
  *story += closed ? "closing " : "ended ";
  co_await sleep(1h);
  *story += "closed ";
}
Coro<> take(AsyncGenerator<int>* generator) { static_cast<void>(co_await generator->next()); }

}  // namespace

TEST_CASE("a generator that stands at a co_yield when its loop goes is over for its handles, and its locals are gone") {
  std::string story;
  AsyncGenerator<int> generator;
  {
    Hops h;
    generator = with_locals(&story, nullptr);
    static_cast<void>(h.start(take(&generator)));
    h.settle();
    CHECK(story.empty());
  }
  CHECK(story == "destroyed ");
  CHECK(sim::run(next_of(&generator)) == "over");
  CHECK(sim::run(aclose_of(&generator)) == "void");
  generator = {};
  CHECK(story == "destroyed ");
}

TEST_CASE("a generator that sleeps when its loop goes is over, and the handle that goes later reaches nothing of the loop") {
  std::string story;
  AsyncGenerator<int> generator;
  {
    Hops h;
    generator = with_locals(&story, nullptr);
    const auto body = [](AsyncGenerator<int>* g) -> Coro<> {
      co_await take(g);
      co_await take(g);
    };
    static_cast<void>(h.start(body(&generator)));
    h.settle();
  }
  CHECK(story == "destroyed ");
  CHECK(sim::run(next_of(&generator)) == "over");
}

TEST_CASE("a generator that awaits a future of its loop may be dropped by the next run") {
  std::string story;
  auto generator = std::make_unique<AsyncGenerator<int>>();
  {
    Hops h;
    auto unset = h.future<>();
    *generator = with_locals(&story, &unset);
    const auto body = [](AsyncGenerator<int>* g) -> Coro<> {
      co_await take(g);
      co_await take(g);
    };
    static_cast<void>(h.start(body(generator.get())));
    h.settle();
  }
  const auto drops = [](std::unique_ptr<AsyncGenerator<int>> kept) -> Coro<> {
    kept.reset();
    co_await sleep(1s);
  };
  sim::run(drops(std::move(generator)));
  CHECK(story == "destroyed ");
}

TEST_CASE("a generator that is being closed when its loop goes is over") {
  AsyncGenerator<int> generator;
  std::string story;
  {
    Hops h;
    generator = slow_to_close(&story);
    const auto body = [](AsyncGenerator<int>* g) -> Coro<> {
      co_await take(g);
      co_await g->aclose();
    };
    static_cast<void>(h.start(body(&generator)));
    h.settle();
  }
  CHECK(story == "closing ");
  CHECK(sim::run(next_of(&generator)) == "over");
}

TEST_CASE("a generator that has ended stays over when its loop is gone, and one that has not begun begins in the next") {
  std::string story;
  AsyncGenerator<int> ended;
  AsyncGenerator<int> fresh;
  {
    Hops h;
    ended = count_to(0);
    fresh = with_locals(&story, nullptr);
    static_cast<void>(h.start(take(&ended)));
    h.run();
  }
  CHECK(sim::run(next_of(&ended)) == "over");
  CHECK(sim::run(next_of(&fresh)) == "1");
  CHECK(story == "destroyed ");  // run() closes it
}

TEST_CASE("a generator of generators of any depth is dropped without recursion") {
  struct Chain {
    static AsyncGenerator<int> over(AsyncGenerator<int> inner) {
      co_yield 1;
      if (inner) co_await take(&inner);
    }
  };
  const auto body = []() -> Coro<> {
    AsyncGenerator<int> outermost;
    for (int i = 0; i < 100'000; ++i) {
      outermost = Chain::over(std::move(outermost));
      co_await take(&outermost);
    }
    outermost = {};
    co_await sleep(1s);
  };
  sim::run(body());
}

TEST_CASE("an async generator is refused in another loop as long as its own one lives, begun or not") {
  const auto numbers = []() -> AsyncGenerator<int> {
    co_yield 1;
    co_yield 2;
  };
  AsyncGenerator<int> begun;
  AsyncGenerator<int> fresh;
  const auto make = [&]() -> Coro<> {
    begun = numbers();
    fresh = numbers();
    static_cast<void>(co_await begun.next());
  };
  const auto ask = [](AsyncGenerator<int>* generator) -> Coro<std::string> {
    const auto value = co_await as_outcome(generator->next());
    co_return value.failed() ? ending_of(value) : "a value";
  };
  sim::SimBackend first;
  sim::SimBackend second;
  auto home = std::make_unique<Runner>(first);
  Runner other(second);
  home->run(make());
  CHECK_THAT(other.run(ask(&begun)), Catch::Matchers::Contains("next: the async generator belongs to another loop"));
  CHECK_THAT(other.run(ask(&fresh)), Catch::Matchers::Contains("next: the async generator belongs to another loop"));
  home.reset();
  CHECK(other.run(ask(&fresh)) == "a value");
}
