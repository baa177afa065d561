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

/// An inbox that counts how often its loop had to be woken.
struct Counted {
  std::atomic<int> wakes = 0;
  Inbox inbox{[](void* who) { ++static_cast<Counted*>(who)->wakes; }, this};

  /// True if that woke the loop.
  bool put(const Input& input) {
    const int before = wakes;
    inbox.put(input);
    return wakes > before;
  }
  void take(std::vector<Input>& inputs) { inbox.take(inputs); }
  bool fall_asleep() { return inbox.fall_asleep(); }
};

void put_many(Inbox* inbox, std::uint32_t thread, std::uint32_t count) {
  for (std::uint32_t number = 0; number < count; ++number) inbox->put(numbered(thread, number));
}

}  // namespace

TEST_CASE("an inbox gives what was put into it, in the order of arrival, and then it is empty") {
  Counted inbox;
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
  Counted inbox;
  CHECK_FALSE(inbox.put(numbered(0, 0)));
  std::vector<Input> inputs;
  inbox.take(inputs);
  CHECK_FALSE(inbox.put(numbered(0, 1)));
}

TEST_CASE("the first post to a sleeping loop must wake it, the second need not") {
  Counted inbox;
  CHECK(inbox.fall_asleep());
  CHECK(inbox.put(numbered(0, 0)));
  CHECK_FALSE(inbox.put(numbered(0, 1)));
}

TEST_CASE("a loop may not fall asleep over something that has arrived") {
  Counted inbox;
  CHECK_FALSE(inbox.put(numbered(0, 0)));
  CHECK_FALSE(inbox.fall_asleep());
  CHECK_FALSE(inbox.put(numbered(0, 1)));
  std::vector<Input> inputs;
  inbox.take(inputs);
  CHECK(inputs.size() == 2);
  CHECK(inbox.fall_asleep());
}

TEST_CASE("a loop that woke by itself is not woken again") {
  Counted inbox;
  CHECK(inbox.fall_asleep());
  std::vector<Input> inputs;
  inbox.take(inputs);
  CHECK_FALSE(inbox.put(numbered(0, 0)));
}

TEST_CASE("an inbox that goes releases the calls that nobody took") {
  const auto token = std::make_shared<int>(0);
  {
    Counted inbox;
    auto callback = [token] {};
    CHECK_FALSE(inbox.put(Input::post(Call<decltype(callback)>::make_foreign(callback, Context(), Place::here()))));
    CHECK(token.use_count() == 3);
  }
  CHECK(token.use_count() == 1);
}

TEST_CASE("an inbox loses nothing of eight threads, keeps the order of each, and is woken once for each sleep") {
  constexpr std::uint32_t threads = 8;
  constexpr std::uint32_t count = 500;
  Counted counted;
  Inbox& inbox = counted.inbox;
  int sleeps = 0;
  std::vector<Input> inputs;
  {
    std::vector<std::jthread> running;
    for (std::uint32_t i = 0; i < threads; ++i) running.emplace_back(put_many, &inbox, i, count);
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
  CHECK(counted.wakes <= sleeps);
}
