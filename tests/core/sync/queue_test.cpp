// SPDX-License-Identifier: BSL-1.0
// queue_test.cpp - queues: order, bounds, items that are taken by others, cancelled waiters.
#include "queue_hops.hpp"

#include <algorithm>
#include <functional>
#include <memory>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

/// Puts in a batch of its own, noted as "put".
void put_in_batch(Hops& h, Queue<int>& queue, std::initializer_list<int> items) {
  h.batch_with([&] {
    h.note("put");
    for (const int item : items) queue.put_nowait(item);
  });
}

}  // namespace

// --- items -----------------------------------------------------------------------------------------------------------

TEST_CASE("a queue gives its items in the order in which they were put") {
  Queue<int> queue;
  CHECK(queue.empty());
  for (int i = 0; i < 5; ++i) queue.put_nowait(i);
  CHECK(queue.qsize() == 5);
  CHECK_FALSE(queue.full());  // it has no maximum
  CHECK(queue.maxsize() == 0);
  CHECK(drain(queue) == "0 1 2 3 4");
}

TEST_CASE("a LifoQueue gives the item that was put last") {
  LifoQueue<int> queue;
  for (int i = 0; i < 5; ++i) queue.put_nowait(i);
  CHECK(queue.get_nowait() == 4);
  queue.put_nowait(7);
  CHECK(drain(queue) == "7 3 2 1 0");
}

TEST_CASE("a PriorityQueue gives the smallest item, and equal ones in the order in which they were put") {
  struct Job {
    int priority;
    std::string name;
    bool operator<(const Job& other) const { return priority < other.priority; }
  };
  PriorityQueue<Job> queue;
  std::string text;
  for (int i = 0; i < 8; ++i) {
    queue.put_nowait({1, "b" + std::to_string(i)});
    queue.put_nowait({i % 2 ? 0 : 2, (i % 2 ? "a" : "c") + std::to_string(i)});
  }
  while (!queue.empty()) text += queue.get_nowait().name + " ";
  CHECK(text == "a1 a3 a5 a7 b0 b1 b2 b3 b4 b5 b6 b7 c0 c2 c4 c6 ");
}

TEST_CASE("the order of a PriorityQueue can be one's own") {
  PriorityQueue<int, std::greater<int>> largest;
  for (const int item : {3, 1, 4, 1, 5, 9}) largest.put_nowait(item);
  CHECK(drain(largest) == "9 5 4 3 1 1");
  constexpr auto shorter = [](const std::string& a, const std::string& b) { return a.size() < b.size(); };
  PriorityQueue<std::string, decltype(shorter)> words;
  for (const char* word : {"three", "a", "be", "z", "four"}) words.put_nowait(word);
  std::string text;
  while (!words.empty()) text += words.get_nowait() + " ";
  CHECK(text == "a z be four three ");
}

TEST_CASE("a PriorityQueue that is filled and emptied in turns always gives the smallest that is there") {
  PriorityQueue<std::uint32_t> queue;
  std::vector<std::uint32_t> sorted;  // the largest first
  std::uint32_t next = 7;  // the same mixture each time
  for (int i = 0; i < 2000; ++i) {
    next = next * 1664525 + 1013904223;
    if (next >> 31 || sorted.empty()) {
      const std::uint32_t item = next >> 20 & 0x3ff;
      queue.put_nowait(item);
      sorted.insert(std::lower_bound(sorted.begin(), sorted.end(), item, std::greater<>()), item);
    } else {
      REQUIRE(queue.get_nowait() == sorted.back());
      sorted.pop_back();
    }
  }
  REQUIRE(queue.qsize() == sorted.size());
}

TEST_CASE("items that can only be moved pass through all three queues") {
  using Item = std::unique_ptr<int>;
  struct Smaller {
    bool operator()(const Item& a, const Item& b) const { return *a < *b; }
  };
  const auto body = [](auto& queue) -> Coro<int> {
    co_await queue.put(std::make_unique<int>(2));
    queue.put_nowait(std::make_unique<int>(1));
    const Item first = co_await queue.get();
    auto second = co_await as_outcome(queue.get());
    co_return 10 * *first + *second.value();
  };
  Queue<Item> queue;
  LifoQueue<Item> stack;
  PriorityQueue<Item, Smaller> heap;
  CHECK(sim::run(body(queue)) == 21);
  CHECK(sim::run(body(stack)) == 12);
  CHECK(sim::run(body(heap)) == 12);
}

TEST_CASE("items that can only be moved are kept by a put that waits, and arrive by a get that waits") {
  using Item = std::unique_ptr<int>;
  Queue<Item> queue(1);
  Hops h;
  const auto putter = [](Queue<Item>& q) -> Coro<> {
    for (int i = 0; i < 3; ++i) co_await q.put(std::make_unique<int>(i));
  };
  const auto getter = [](Hops& hops, Queue<Item>& q) -> Coro<> {
    for (int i = 0; i < 3; ++i) {
      const Item item = co_await q.get();
      hops.note(std::to_string(*item));
    }
  };
  const auto a = h.start(getter(h, queue));
  const auto b = h.start(putter(queue));
  h.settle();
  CHECK(h.story() == "0 1 2");
}

TEST_CASE("put_nowait on a full queue is refused, names it, and leaves the item with the caller") {
  Queue<std::unique_ptr<int>> queue(1, "jobs");
  queue.put_nowait(std::make_unique<int>(1));
  auto item = std::make_unique<int>(2);
  CHECK_THROWS_AS(queue.put_nowait(std::move(item)), QueueFull);
  CHECK_THROWS_WITH(queue.put_nowait(std::move(item)), "put_nowait: Queue 'jobs' is full (1 items)");
  REQUIRE(item != nullptr);
  CHECK(*item == 2);
  queue.shutdown();
  CHECK_THROWS_AS(queue.put_nowait(std::move(item)), QueueShutDown);
  CHECK(item != nullptr);
}

TEST_CASE("get_nowait on an empty queue is refused, and names it or where it was made") {
  Queue<int> named(0, "jobs");
  LifoQueue<int> unnamed;
  const std::string line = std::to_string(__LINE__ - 1);
  PriorityQueue<int> heap(0, "heap");
  CHECK_THROWS_AS(named.get_nowait(), QueueEmpty);
  CHECK_THROWS_WITH(named.get_nowait(), "get_nowait: Queue 'jobs' is empty");
  CHECK_THROWS_WITH(unnamed.get_nowait(), "get_nowait: LifoQueue (made at queue_test.cpp:" + line + ") is empty");
  CHECK_THROWS_WITH(heap.get_nowait(), "get_nowait: PriorityQueue 'heap' is empty");
}

TEST_CASE("a negative maximum is refused, and the error names the queue") {
  CHECK_THROWS_AS(Queue<int>(-1), std::invalid_argument);
  CHECK_THROWS_WITH(LifoQueue<int>(-3, "q"), "LifoQueue 'q': maxsize must be 0 (no limit) or more, not -3");
}

// --- waiting ---------------------------------------------------------------------------------------------------------

TEST_CASE("put while there is room and get while there is an item do not suspend") {
  Queue<int> queue(1);
  Hops h;
  const auto body = [](Hops& hops, Queue<int>& q) -> Coro<> {
    hops.note("call");
    for (int i = 0; i < 3; ++i) {
      co_await q.put(i);
      co_await q.get();
    }
    hops.note("end");
  };
  const auto task = h.start(body(h, queue));
  h.settle();
  CHECK(h.hops("call", "end") == 0);
}

TEST_CASE("put_nowait wakes the first getter, which has the item one hop later; until then the queue counts it") {
  Queue<int> queue;
  Hops h;
  const auto a = h.start(take(h, "a", queue));
  const auto b = h.start(take(h, "b", queue));
  h.settle();
  put_in_batch(h, queue, {7});
  CHECK(queue.qsize() == 1);
  h.settle();
  CHECK(h.hops("put", "a") == 1);
  CHECK(h.ending("a") == "7");
  CHECK_FALSE(h.happened("b"));
  CHECK(queue.empty());
}

TEST_CASE("three items for three getters: all have theirs one hop later, in order") {
  Queue<int> queue;
  Hops h;
  const auto a = h.start(take(h, "a", queue));
  const auto b = h.start(take(h, "b", queue));
  const auto c = h.start(take(h, "c", queue));
  h.settle();
  put_in_batch(h, queue, {1, 2, 3});
  CHECK(queue.qsize() == 3);
  h.settle();
  CHECK(h.story() == "put a b c");
  CHECK(h.hops("put", "c") == 1);
  CHECK(h.ending("a") == "1");
  CHECK(h.ending("c") == "3");
}

TEST_CASE("get_nowait wakes the first putter, whose item is in the queue one hop later") {
  Queue<int> queue(1);
  Hops h;
  queue.put_nowait(0);
  const auto a = h.start(give(h, "a", queue, 1));
  const auto b = h.start(give(h, "b", queue, 2));
  h.settle();
  h.batch_with([&] {
    h.note("get");
    CHECK(queue.get_nowait() == 0);
    CHECK(queue.empty());
  });
  h.settle();
  CHECK(h.hops("get", "a") == 1);
  CHECK_FALSE(h.happened("b"));
  CHECK(queue.full());
  CHECK(queue.get_nowait() == 1);
}

TEST_CASE("a queue with room for one costs two batches for each item between a producer and a consumer") {
  Queue<int> queue(1);
  Hops h;
  const auto producer = [](Queue<int>& q) -> Coro<> {
    for (int i = 0; i < 10; ++i) co_await q.put(i);
  };
  const auto consumer = [](Hops& hops, Queue<int>& q) -> Coro<> {
    for (int i = 0; i < 10; ++i) hops.note("item " + std::to_string(co_await q.get()));
  };
  const auto a = h.start(producer(queue));
  const auto b = h.start(consumer(h, queue));
  h.settle();
  CHECK(h.hops("item 1", "item 2") == 2);
  CHECK(h.hops("item 2", "item 8") == 12);
}

TEST_CASE("a woken getter whose item is taken by another goes to the end of the line") {
  Queue<int> queue;
  Hops h;
  const auto a = h.start(take(h, "a", queue));
  const auto b = h.start(take(h, "b", queue));
  h.settle();
  h.batch_with([&] {
    queue.put_nowait(1);
    CHECK(queue.get_nowait() == 1);  // a was woken for it
  });
  h.settle();
  CHECK(h.story().empty());
  put_in_batch(h, queue, {2, 3});
  h.settle();
  CHECK(h.story() == "put b a");
  CHECK(h.ending("b") == "2");
}

TEST_CASE("an item can be taken from a woken getter again and again: it waits on, and has the next one") {
  Queue<int> queue;
  Hops h;
  const auto a = h.start(take(h, "a", queue));
  h.settle();
  for (int i = 0; i < 5; ++i) {
    h.batch_with([&] {
      queue.put_nowait(i);
      CHECK(queue.get_nowait() == i);
    });
    h.settle();
  }
  CHECK_FALSE(h.happened("a"));
  put_in_batch(h, queue, {7});
  h.settle();
  CHECK(h.ending("a") == "7");
  CHECK(h.hops("put", "a") == 1);
}

TEST_CASE("a woken putter whose place is taken by another goes to the end of the line") {
  Queue<int> queue(1);
  Hops h;
  queue.put_nowait(0);
  const auto a = h.start(give(h, "a", queue, 1));
  const auto b = h.start(give(h, "b", queue, 2));
  h.settle();
  h.batch_with([&] {
    CHECK(queue.get_nowait() == 0);
    queue.put_nowait(9);
  });
  h.settle();
  CHECK(h.story().empty());
  CHECK(queue.get_nowait() == 9);
  h.settle();
  CHECK(queue.get_nowait() == 2);
  h.settle();
  CHECK(queue.get_nowait() == 1);
  CHECK(h.story() == "b a");
}

TEST_CASE("a getter that goes on in the batch of another's get loses its item to a task that runs before it") {
  Queue<int> queue;
  Hops h;
  const auto slow = h.start(take(h, "slow", queue));
  h.settle();
  Task<> quick;
  h.batch_with([&] {
    quick = h.start(take(h, "quick", queue));  // its first step comes before the getter that is woken now
    queue.put_nowait(1);
  });
  h.settle();
  CHECK(h.story() == "quick");
  queue.put_nowait(2);
  h.settle();
  CHECK(h.ending("slow") == "2");
}

// --- cancelled waiters -----------------------------------------------------------------------------------------------

TEST_CASE("a cancelled getter leaves after one hop and takes nothing") {
  Queue<int> queue;
  Hops h;
  const auto a = h.start(take(h, "a", queue));
  const auto b = h.start(take(h, "b", queue));
  h.settle();
  cancel_in_batch(h, a, "enough");
  CHECK(h.hops("cancel", "a") == 1);
  CHECK(h.ending("a") == "cancelled (enough)");
  put_in_batch(h, queue, {7});
  h.settle();
  CHECK(h.hops("put", "b") == 1);
  CHECK(h.ending("b") == "7");
}

TEST_CASE("a woken getter that is cancelled passes its turn on: the next has the item two hops after it was put") {
  Queue<int> queue;
  Hops h;
  const auto a = h.start(take(h, "a", queue));
  const auto b = h.start(take(h, "b", queue));
  h.settle();
  h.batch_with([&] {
    h.note("put");
    queue.put_nowait(7);
    a.cancel();
  });
  h.settle();
  CHECK(h.hops("put", "a") == 1);
  CHECK(h.ending("a") == "cancelled");
  CHECK(h.hops("put", "b") == 2);
  CHECK(h.ending("b") == "7");
}

TEST_CASE("cancelled and put for in one batch: the item goes to the next getter at once") {
  Queue<int> queue;
  Hops h;
  const auto a = h.start(take(h, "a", queue));
  const auto b = h.start(take(h, "b", queue));
  h.settle();
  h.batch_with([&] {
    h.note("put");
    a.cancel();
    queue.put_nowait(7);
  });
  h.settle();
  CHECK(h.ending("a") == "cancelled");
  CHECK(h.hops("put", "b") == 1);
}

TEST_CASE("the item of a woken getter that is cancelled stays in the queue if nobody else waits") {
  Queue<int> queue;
  Hops h;
  const auto a = h.start(take(h, "a", queue));
  h.settle();
  h.batch_with([&] {
    queue.put_nowait(7);
    a.cancel();
  });
  h.settle();
  CHECK(h.ending("a") == "cancelled");
  CHECK(queue.qsize() == 1);
  queue.put_nowait(8);  // no dead waiter is left behind
  CHECK(drain(queue) == "7 8");
}

TEST_CASE("a woken getter that was sent to the end of the line can be cancelled there") {
  Queue<int> queue;
  Hops h;
  const auto a = h.start(take(h, "a", queue));
  h.settle();
  h.batch_with([&] {
    queue.put_nowait(1);
    CHECK(queue.get_nowait() == 1);
  });
  h.settle();
  cancel_in_batch(h, a, "why");
  CHECK(h.hops("cancel", "a") == 1);
  CHECK(h.ending("a") == "cancelled (why)");
  queue.put_nowait(2);
  h.settle();
  CHECK(queue.qsize() == 1);
}

TEST_CASE("a woken getter that is cancelled and whose item is gone is cancelled, and wakes nobody") {
  Queue<int> queue;
  Hops h;
  const auto a = h.start(take(h, "a", queue));
  const auto b = h.start(take(h, "b", queue));
  h.settle();
  h.batch_with([&] {
    queue.put_nowait(1);
    a.cancel();
    CHECK(queue.get_nowait() == 1);
  });
  h.settle();
  CHECK(h.story() == "a");
  CHECK(h.ending("a") == "cancelled");
}

TEST_CASE("a cancelled putter leaves after one hop, and its item with it") {
  Queue<int> queue(1);
  Hops h;
  queue.put_nowait(0);
  const auto a = h.start(give(h, "a", queue, 1));
  const auto b = h.start(give(h, "b", queue, 2));
  h.settle();
  cancel_in_batch(h, a, "enough");
  CHECK(h.hops("cancel", "a") == 1);
  CHECK(h.ending("a") == "cancelled (enough)");
  CHECK(queue.get_nowait() == 0);
  h.settle();
  CHECK(queue.get_nowait() == 2);
  CHECK(queue.unfinished() == 2);
}

TEST_CASE("a woken putter that is cancelled passes its turn on: no room is lost") {
  Queue<int> queue(1);
  Hops h;
  queue.put_nowait(0);
  const auto a = h.start(give(h, "a", queue, 1));
  const auto b = h.start(give(h, "b", queue, 2));
  h.settle();
  h.batch_with([&] {
    h.note("get");
    CHECK(queue.get_nowait() == 0);
    a.cancel();
  });
  h.settle();
  CHECK(h.hops("get", "a") == 1);
  CHECK(h.ending("a") == "cancelled");
  CHECK(h.hops("get", "b") == 2);
  CHECK(drain(queue) == "2");
}

TEST_CASE("many putters of which some are cancelled after the room was made: every other item arrives") {
  Queue<int> queue(2);
  Hops h;
  queue.put_nowait(0);
  queue.put_nowait(1);
  std::vector<Task<>> putters;
  for (int i = 2; i < 8; ++i) putters.push_back(h.start(give(h, "put", queue, i)));
  h.settle();
  std::string got;
  h.batch_with([&] {
    got += std::to_string(queue.get_nowait());
    got += std::to_string(queue.get_nowait());
    putters[0].cancel();  // woken
    putters[1].cancel();  // woken
    putters[3].cancel();  // not woken
  });
  h.settle();
  while (!queue.empty()) {
    got += std::to_string(queue.get_nowait());
    h.settle();
  }
  CHECK(got == "01467");
}

TEST_CASE("a get and a put can have a deadline, and what comes too late is not lost") {
  Queue<int> empty;
  Queue<int> full(1);
  full.put_nowait(0);
  Hops h;
  const auto get = [](Queue<int>* q) -> Coro<int> { co_return co_await q->get(); };
  const auto put = [](Queue<int>* q) -> Coro<> { co_await q->put(1); };
  const auto a = h.start(see(h, "get in wait_for", wait_for(empty.get(), 1s)));
  const auto b = h.start(see(h, "get in timeout", timeout(1s, get, &empty)));
  const auto c = h.start(see(h, "put in wait_for", wait_for(full.put(1), 1s)));
  const auto d = h.start(see(h, "put in timeout", timeout(1s, put, &full)));
  const auto e = h.start(see(h, "in time", wait_for(empty.get(), 2s)));
  h.loop.call_later(1s, [&] { empty.put_nowait(7); });
  h.loop.call_later(1s, [&] { CHECK(full.get_nowait() == 0); });
  h.run();
  CHECK(h.ending("get in wait_for") == "TimeoutError");
  CHECK(h.ending("get in timeout") == "TimeoutError");
  CHECK(h.ending("put in wait_for") == "TimeoutError");
  CHECK(h.ending("put in timeout") == "TimeoutError");
  CHECK(h.ending("in time") == "7");
  CHECK(full.empty());
}

TEST_CASE("a deadline in the batch of the item wins, and the item stays for another") {
  Queue<int> queue;
  Hops h;
  h.loop.call_later(1s, [&] { queue.put_nowait(7); });
  const auto a = h.start(see(h, "late", wait_for(queue.get(), 1s)));
  h.run();
  CHECK(h.ending("late") == "TimeoutError");
  CHECK(queue.qsize() == 1);
}
