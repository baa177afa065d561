// SPDX-License-Identifier: BSL-1.0
// inbox_test.cpp - the queue between threads and a loop: order, who must wake whom, and what is left over.
#include <rondo/backends/inbox.hpp>

#include <atomic>
#include <memory>

#include "catch.hpp"
#include "support.hpp"

using namespace rondo;

namespace {

Input numbered(std::uint32_t thread, std::uint32_t number) { return Input::completion({thread, number}, 0); }

void put_many(Inbox* inbox, std::uint32_t thread, std::uint32_t count, std::atomic<int>* wakes) {
  for (std::uint32_t number = 0; number < count; ++number) {
    if (inbox->put(numbered(thread, number))) ++*wakes;
  }
}

}  // namespace

TEST_CASE("an inbox gives what was put into it, in the order of arrival, and then it is empty") {
  Inbox inbox;
  for (std::uint32_t i = 0; i < 3; ++i) CHECK_FALSE(inbox.put(numbered(7, i)));
  std::vector<Input> inputs{numbered(1, 1)};
  inbox.take(inputs);
  REQUIRE(inputs.size() == 4);  // appended to what was there
  CHECK(inputs[0].id == OperationId{1, 1});
  for (std::uint32_t i = 0; i < 3; ++i) CHECK(inputs[i + 1].id == OperationId{7, i});
  inputs.clear();
  inbox.take(inputs);
  CHECK(inputs.empty());
}

TEST_CASE("whoever posts to a loop that is awake need not wake it") {
  Inbox inbox;
  CHECK_FALSE(inbox.put(numbered(0, 0)));
  std::vector<Input> inputs;
  inbox.take(inputs);
  CHECK_FALSE(inbox.put(numbered(0, 1)));
}

TEST_CASE("the first post to a sleeping loop must wake it, the second need not") {
  Inbox inbox;
  CHECK(inbox.fall_asleep());
  CHECK(inbox.put(numbered(0, 0)));
  CHECK_FALSE(inbox.put(numbered(0, 1)));
}

TEST_CASE("a loop may not fall asleep over something that has arrived") {
  Inbox inbox;
  CHECK_FALSE(inbox.put(numbered(0, 0)));
  CHECK_FALSE(inbox.fall_asleep());
  CHECK_FALSE(inbox.put(numbered(0, 1)));
  std::vector<Input> inputs;
  inbox.take(inputs);
  CHECK(inputs.size() == 2);
  CHECK(inbox.fall_asleep());
}

TEST_CASE("a loop that woke by itself is not woken again") {
  Inbox inbox;
  CHECK(inbox.fall_asleep());
  std::vector<Input> inputs;
  inbox.take(inputs);
  CHECK_FALSE(inbox.put(numbered(0, 0)));
}

TEST_CASE("an inbox that goes releases the calls that nobody took") {
  const auto token = std::make_shared<int>(0);
  {
    Inbox inbox;
    auto callback = [token] {};
    CHECK_FALSE(inbox.put(Input::post(Call<decltype(callback)>::make_foreign(callback, Context(), Place::here()))));
    CHECK(token.use_count() == 3);
  }
  CHECK(token.use_count() == 1);
}

TEST_CASE("an inbox loses nothing of eight threads, keeps the order of each, and is woken once for each sleep") {
  constexpr std::uint32_t threads = 8;
  constexpr std::uint32_t count = 500;
  Inbox inbox;
  std::atomic<int> wakes = 0;
  int sleeps = 0;
  std::vector<Input> inputs;
  {
    std::vector<std::jthread> running;
    for (std::uint32_t i = 0; i < threads; ++i) running.emplace_back(put_many, &inbox, i, count, &wakes);
    while (inputs.size() < threads * count) {
      if (inbox.fall_asleep()) ++sleeps;
      inbox.take(inputs);
      std::this_thread::yield();
    }
  }
  std::vector<std::uint32_t> next(threads, 0);
  int out_of_order = 0;
  for (const Input& input : inputs) {
    if (input.id.generation != next.at(input.id.slot)++) ++out_of_order;
  }
  CHECK(inputs.size() == threads * count);
  CHECK(out_of_order == 0);
  CHECK(wakes <= sleeps);
}
