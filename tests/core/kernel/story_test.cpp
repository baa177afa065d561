// SPDX-License-Identifier: BSL-1.0
// story_test.cpp - the story of an error: shared, counted, and bounded however far it goes.
#include <rondo/kernel/story.hpp>

#include <rondo/kernel/words.hpp>

#include <algorithm>
#include <array>
#include <memory_resource>

#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

/// The lines of a few places, again and again.
Place line(std::uint32_t number) {
  static constexpr std::array places = {
      Place::here(),
      Place::here(),
      Place::here(),
      Place::here(),
      Place::here(),
      Place::here(),
      Place::here(),
  };
  return places[number % places.size()];
}
std::uint32_t number_of(std::uint32_t n) { return line(n).line(); }

Coro<> fails() {
  co_await sleep(1s);
  throw std::runtime_error("no");
}
Coro<> passes_on(Future<> before) { co_await before; }

}  // namespace

TEST_CASE("a story of up to 64 places is told in full") {
  Story story;
  CHECK(story.places().empty());
  for (std::uint32_t i = 1; i <= 64; ++i) story.add(line(i));
  const AwaitStack stack = story.places();
  REQUIRE(stack.size() == 64);
  CHECK(stack.left_out == 0);
  CHECK(stack.front().line() == number_of(1));
  CHECK(stack.back().line() == number_of(64));
}

TEST_CASE("of a longer story the first and the last 32 places are kept, and the others are counted") {
  Story story;
  for (std::uint32_t i = 1; i <= 10'000; ++i) story.add(line(i));
  const AwaitStack stack = story.places();
  REQUIRE(stack.size() == 64);
  CHECK(stack.left_out == 9'936);
  CHECK(stack[31].line() == number_of(32));
  CHECK(stack[32].line() == number_of(9'969));
  CHECK(stack.back().line() == number_of(10'000));
  const std::string text = describe(stack);
  const auto words = [](std::uint32_t n) { return "story_test.cpp:" + std::to_string(number_of(n)) + " (line)"; };
  CHECK_THAT(text, Catch::Matchers::Contains(words(32) + " < ... (9936 more) < " + words(9'969)));
}

TEST_CASE("copies of a story share it until one of them goes on") {
  Story story;
  story.add(line(1));
  Story copy = story;
  copy.add(line(2));
  CHECK(story.places().size() == 1);
  CHECK(copy.places().size() == 2);
  copy = Story();
  CHECK(copy.places().empty());
}

TEST_CASE("an error that passes through a row of 10,000 tasks is told by its beginning and its end") {
  const auto body = []() -> Coro<std::string> {
    Future<> last = create_task(fails());
    for (int i = 0; i < 10'000; ++i) last = create_task(passes_on(last));
    AwaitStack stack;
    try {
      co_await last;
    } catch (const std::runtime_error&) {
      stack = await_stack();
    }
    co_return std::to_string(stack.size()) + " and " + std::to_string(stack.left_out);
  };
  CHECK(sim::run(body()) == "64 and 9937");
}

TEST_CASE("a failed future that is awaited again and again does not make the story longer") {
  const auto looks = [](Future<> failed) -> Coro<> { co_await failed; };
  const auto body = [&looks]() -> Coro<std::string> {
    const auto failed = this_loop().create_future<>();
    failed.set_exception(std::runtime_error("no"));
    std::size_t longest = 0;
    for (int i = 0; i < 1'000; ++i) {
      try {
        co_await looks(failed);
      } catch (const std::runtime_error&) {
        longest = std::max(longest, await_stack().size());
      }
    }
    const auto task = create_task(looks(failed));
    for (int i = 0; i < 1'000; ++i) {
      try {
        co_await task;
      } catch (const std::runtime_error&) {
        longest = std::max(longest, await_stack().size());
      }
    }
    co_return std::to_string(longest);
  };
  CHECK(sim::run(body()) == "1");
}

TEST_CASE("an error that is kept and thrown again for ever keeps a story of 64 places") {
  const auto throws = [](std::exception_ptr error) -> Coro<> {
    co_await sleep(0s);
    std::rethrow_exception(error);
  };
  const auto body = [&throws]() -> Coro<std::size_t> {
    const auto error = std::make_exception_ptr(std::runtime_error("no"));
    for (int i = 0; i < 1'000; ++i) {
      const auto outcome = co_await as_outcome(throws(error));
      if (!outcome.failed()) co_return std::size_t{0};
    }
    try {
      std::rethrow_exception(error);
    } catch (const std::runtime_error&) {
      co_return await_stack().size();
    }
  };
  CHECK(sim::run(body()) == 64);
}

TEST_CASE("a coroutine that fails before it has awaited anything adds no line") {
  const auto throws = []() -> Coro<> {
    throw std::runtime_error("no");
    co_return;
  };
  const auto body = [&throws]() -> Coro<std::size_t> {
    const auto outcome = co_await as_outcome(throws());
    co_return outcome.failed() ? await_stack().size() : 100;
  };
  CHECK(sim::run(body()) == 0);
}

// --- where it is told ------------------------------------------------------------------------------------------------

namespace {

Coro<> middle() { co_await fails(); }
Coro<> outer() { co_await middle(); }

bool tells_of(const AwaitStack& stack, std::initializer_list<const char*> functions) {
  if (stack.size() != functions.size()) return false;
  return std::equal(stack.begin(), stack.end(), functions.begin(),
                    [](Place place, const char* function) { return function_of(place) == function; });
}

}  // namespace

TEST_CASE("a function's name is told without its types, its arguments and unnamed namespaces") {
  CHECK(function_of(Place()) == "");
  CHECK(tells_of({}, {}));
  const auto in_lambda = [] { return Place::here(); };
  CHECK_THAT(function_of(in_lambda()), Catch::Matchers::StartsWith("a lambda in "));
  CHECK(function_of(line(1)) == "line");
}

TEST_CASE("what run() throws has its story in main, while it is handled there") {
  CHECK(await_stack().empty());
  bool thrown = false;
  try {
    sim::run(outer());
  } catch (const std::runtime_error&) {
    thrown = true;
    CHECK(tells_of(await_stack(), {"fails", "middle", "outer"}));
    CHECK_THAT(describe(await_stack()), Catch::Matchers::Contains("story_test.cpp:") && Catch::Matchers::Contains(" (middle) < "));
  }
  CHECK(thrown);
  sim::run([]() -> Coro<> { co_return; }());
  CHECK(await_stack().empty());
}

TEST_CASE("a cancellation has a story in debug mode") {
  const auto sleeps = []() -> Coro<> { co_await sleep(1h); };
  const auto body = [sleeps](AwaitStack& stack) -> Coro<> {
    try {
      co_await sleeps();
    } catch (const CancelledError&) {
      stack = await_stack();
      throw;
    }
  };
  const auto main = [body](bool debug) -> Coro<std::size_t> {
    this_loop().set_debug(debug);
    AwaitStack stack;
    const auto task = create_task(body(stack));
    co_await sleep(1s);
    task.cancel();
    static_cast<void>(co_await as_outcome(task));
    co_return stack.size();
  };
  CHECK(sim::run(main(true)) == 1);
  CHECK(sim::run(main(false)) == 0);
}

TEST_CASE("an error keeps its story on its way through gather, shield, wait_for and result()") {
  enum class Way { gather, gathered_vector, shield, wait_for, result, outcome };
  const auto main = [](Way way) -> Coro<> {
    const auto task = create_task(outer());
    switch (way) {
      case Way::gather:
        static_cast<void>(co_await gather(task, sleep(1h)));
        break;
      case Way::gathered_vector: {
        std::vector<Task<>> tasks{task};
        static_cast<void>(co_await gather(tasks));
        break;
      }
      case Way::shield:
        co_await shield(task);
        break;
      case Way::wait_for:
        co_await wait_for(task, 1h);
        break;
      case Way::result:
        co_await sleep(1h);
        task.result();
        break;
      case Way::outcome: {
        const auto ended = co_await as_outcome(task);
        ended.raise();
        break;
      }
    }
  };
  for (const Way way : {Way::gather, Way::gathered_vector, Way::shield, Way::wait_for, Way::result, Way::outcome}) {
    CAPTURE(static_cast<int>(way));
    bool thrown = false;
    try {
      sim::run(main(way));
    } catch (const std::runtime_error&) {
      thrown = true;
      CHECK_THAT(describe(await_stack()), Catch::Matchers::Contains("(fails)") && Catch::Matchers::Contains("(outer)"));
    }
    CHECK(thrown);
  }
}

TEST_CASE("a story is told while its error is handled, and never for another one") {
  const auto size_for_another = [] {
    try {
      throw std::runtime_error("another");
    } catch (const std::runtime_error&) {
      return await_stack().size();
    }
  };
  try {
    sim::run(outer());
  } catch (const std::runtime_error&) {
    CHECK(await_stack().size() == 3);
    CHECK(size_for_another() == 0);
    CHECK(await_stack().size() == 3);
  }
  CHECK(await_stack().empty());
  CHECK(size_for_another() == 0);
  sim::SimBackend backend;
  Runner runner(backend);
  CHECK_THROWS(runner.run(outer()));
  runner.close();
  try {
    runner.run(outer());
  } catch (const RuntimeError&) {
    CHECK(await_stack().empty());
  }
  const auto main = []() -> Coro<std::size_t> {
    try {
      co_await outer();
    } catch (const std::runtime_error&) {
    }
    co_return await_stack().size();
  };
  CHECK(sim::run(main()) == 0);
}

TEST_CASE("an error that passed no await has no story, although an older one had") {
  const auto main = []() -> Coro<std::string> {
    std::string sizes;
    try {
      co_await outer();
    } catch (const std::runtime_error&) {
      sizes += std::to_string(await_stack().size());
    }
    try {
      throw std::logic_error("another");
    } catch (const std::logic_error&) {
      sizes += " " + std::to_string(await_stack().size());
    }
    co_return sizes;
  };
  CHECK(sim::run(main()) == "3 0");
}

TEST_CASE("the report of a task that failed unseen has the story of its error") {
  Hops h;
  ErrorContext told;
  h.loop.set_exception_handler([&told](const ErrorContext& context) { told = context; });
  static_cast<void>(h.start(outer()));
  h.run();
  CHECK(told.message == "the exception was never retrieved");
  CHECK(tells_of(told.stack, {"fails", "middle", "outer"}));
}

namespace {

Coro<> in_timeout() {
  co_await timeout(10s, middle);
}
Coro<> in_wait_for() {
  co_await wait_for(middle(), 10s);
}
Coro<> in_group() {
  co_await task_group([](TaskGroup&) -> Coro<> { co_await middle(); });
}
Coro<> in_as_completed() {
  std::vector<Coro<>> one;
  one.push_back(middle());
  auto all = as_completed(std::move(one));
  auto next = all.next();
  co_await *next;
}
Coro<> in_call() {
  co_await create_task([](int) { return middle(); }, 1);
}

/// The files of an await stack.
std::string files_of(Coro<> (*function)()) {
  const auto body = [](Coro<> (*failing)()) -> Coro<std::string> {
    std::string files;
    try {
      co_await failing();
    } catch (const std::exception&) {
      for (const Place place : await_stack()) {
        const std::string_view file = place.file();
        files += std::string(file.substr(file.rfind('/') + 1)) + " ";
      }
    }
    co_return files;
  };
  return sim::run(body(function));
}

}  // namespace

TEST_CASE("an await stack tells of the program's own lines, not of the coroutines of timeout(), wait_for() and their like") {
  const std::string file = "story_test.cpp ";
  CHECK(files_of(&in_timeout) == file + file + file);
  CHECK(files_of(&in_wait_for) == file + file + file);
  CHECK(files_of(&in_as_completed) == file + file + file);
  CHECK(files_of(&in_call) == file + file + file);
  CHECK_FALSE(files_of(&in_group).find(".hpp") != std::string::npos);
}
