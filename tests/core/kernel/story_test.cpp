// SPDX-License-Identifier: BSL-1.0
// story_test.cpp - the story of an error: shared, counted, and bounded however far it goes.
#include <rondo/kernel/story.hpp>

#include <memory_resource>

#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

Place line(std::uint32_t number) { return {"a.cpp", number}; }

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
  CHECK(stack.front().line == 1);
  CHECK(stack.back().line == 64);
}

TEST_CASE("of a longer story the first and the last 32 places are kept, and the others are counted") {
  Story story;
  for (std::uint32_t i = 1; i <= 10'000; ++i) story.add(line(i));
  const AwaitStack stack = story.places();
  REQUIRE(stack.size() == 64);
  CHECK(stack.left_out == 9'936);
  CHECK(stack[31].line == 32);
  CHECK(stack[32].line == 9'969);
  CHECK(stack.back().line == 10'000);
  CHECK_THAT(describe(stack), Catch::Matchers::Contains("a.cpp:32 < ... (9936 more) < a.cpp:9969"));
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
    std::rethrow_exception(error);
    co_return;
  };
  const auto body = [&throws]() -> Coro<std::size_t> {
    const auto error = std::make_exception_ptr(std::runtime_error("no"));
    for (int i = 0; i < 1'000; ++i) {
      const auto outcome = co_await as_outcome(throws(error));
      if (!outcome.failed()) co_return std::size_t{0};
    }
    co_return await_stack().size();
  };
  CHECK(sim::run(body()) == 64);
}
