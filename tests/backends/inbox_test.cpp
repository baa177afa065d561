// SPDX-License-Identifier: BSL-1.0
// inbox_test.cpp - the queue between threads and a loop: order, who must wake whom, and what is left over.
#include <rondo/backends/inbox.hpp>

#include <atomic>
#include <memory>

#include "catch.hpp"
#include "support.hpp"

using namespace rondo;

namespace {

OperationId numbered(std::uint32_t thread, std::uint32_t number) { return {thread, number}; }

/// A call that does nothing.
CallCore& call_for(Inbox& inbox) {
  const auto callback = [] {};
  return Call<decltype(callback)>::make_foreign(inbox, callback, Context(), Place::here());
}

/// An inbox that counts how often its loop had to be woken.
struct Counted {
  std::atomic<int> wakes = 0;
  Inbox inbox{[](void* who) { ++static_cast<Counted*>(who)->wakes; }, this};

  /// True if that woke the loop.
  bool put(OperationId id) {
    const int before = wakes;
    inbox.complete(id, 0);
    return wakes > before;
  }
  void take(std::vector<Input>& inputs) { inbox.take(inputs); }
  bool fall_asleep() { return inbox.fall_asleep(); }
};

void put_many(Inbox* inbox, std::uint32_t thread, std::uint32_t count) {
  for (std::uint32_t number = 0; number < count; ++number) inbox->complete(numbered(thread, number), 0);
}

}  // namespace

TEST_CASE("an inbox gives what was put into it, in the order of arrival, and then it is empty") {
  Counted inbox;
  for (std::uint32_t i = 0; i < 3; ++i) CHECK_FALSE(inbox.put(numbered(7, i)));
  std::vector<Input> inputs{Input::completion(numbered(1, 1), 0)};
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

TEST_CASE("calls and completions come out in the order in which they arrived") {
  Counted counted;
  Inbox& inbox = counted.inbox;
  std::vector<CallCore*> calls;
  const auto post = [&] { inbox.post(*calls.emplace_back(&call_for(inbox))); };
  std::string order;
  const auto take = [&] {
    std::vector<Input> inputs;
    inbox.take(inputs);
    for (const Input& input : inputs) {
      order += input.type == Input::Type::post ? "c" : std::to_string(input.id.generation);
      if (input.type == Input::Type::post) input.call->release();
    }
    return std::exchange(order, {});
  };
  inbox.complete(numbered(0, 1), 0);
  post();
  post();
  inbox.complete(numbered(0, 2), 0);
  inbox.complete(numbered(0, 3), 0);
  post();
  CHECK(take() == "1cc23c");

  SECTION("a second time as well") {
    post();
    inbox.complete(numbered(0, 4), 0);
    CHECK(take() == "c4");
  }
  SECTION("also when the calls alone were taken before") {
    post();
    inbox.complete(numbered(0, 4), 0);
    post();
    std::vector<Input> posts;
    inbox.take_posts(posts);
    REQUIRE(posts.size() == 2);
    CHECK(posts[0].call == calls[3]);
    CHECK(posts[1].call == calls[4]);
    for (const Input& input : posts) input.call->release();
    post();
    CHECK(take() == "4c");
  }
}

TEST_CASE("an inbox that goes releases the calls that nobody took") {
  const auto token = std::make_shared<int>(0);
  {
    Counted inbox;
    auto callback = [token] {};
    inbox.inbox.post(Call<decltype(callback)>::make_foreign(inbox.inbox, callback, Context(), Place::here()));
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
