// SPDX-License-Identifier: BSL-1.0
// queue_shutdown_test.cpp - the end of queues: join(), task_done() and shutdown(), with waiters on both sides.
#include "queue_hops.hpp"

#include <memory>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

TEST_CASE("join() goes on one hop after task_done() was called for every item, and at once if there is none") {
  Queue<int> queue;
  Hops h;
  const auto join = [](Hops& hops, Queue<int>& q) -> Coro<> {
    hops.note("call");
    co_await q.join();
    hops.note("nothing to do");
    q.put_nowait(1);
    q.put_nowait(2);
    co_await see(hops, "join", q.join());
  };
  const auto task = h.start(join(h, queue));
  h.settle();
  CHECK(h.hops("call", "nothing to do") == 0);
  CHECK(queue.unfinished() == 2);
  CHECK(drain(queue) == "1 2");
  queue.task_done();
  h.settle();
  CHECK_FALSE(h.happened("join"));
  h.batch_with([&] {
    h.note("done");
    queue.task_done();
  });
  h.settle();
  CHECK(h.hops("done", "join") == 1);
  CHECK(queue.unfinished() == 0);
}

TEST_CASE("a joiner that was woken goes on, also if an item is put meanwhile") {
  Queue<int> queue;
  Hops h;
  queue.put_nowait(1);
  const auto a = h.start(see(h, "join", queue.join()));
  h.settle();
  h.batch_with([&] {
    queue.task_done();
    queue.put_nowait(2);
  });
  h.settle();
  CHECK(h.happened("join"));
  CHECK(queue.unfinished() == 1);
}

TEST_CASE("task_done() that is called too often is refused, and the error names the queue") {
  Queue<int> queue(0, "jobs");
  CHECK_THROWS_AS(queue.task_done(), std::invalid_argument);
  queue.put_nowait(1);
  queue.task_done();
  CHECK_THROWS_WITH(queue.task_done(),
                    "task_done: Queue 'jobs' has no unfinished item: it was called too often");
}

TEST_CASE("after shutdown() nothing can be put, and what is there can be got") {
  Queue<int> queue(0, "jobs");
  Hops h;
  queue.put_nowait(1);
  CHECK_FALSE(queue.is_shutdown());
  queue.shutdown();
  queue.shutdown();
  CHECK(queue.is_shutdown());
  CHECK_THROWS_AS(queue.put_nowait(2), QueueShutDown);
  CHECK_THROWS_WITH(queue.put_nowait(2), "Queue 'jobs' is shut down");
  const auto a = h.start(give(h, "put", queue, 2));
  const auto b = h.start(take(h, "get", queue));
  const auto c = h.start(take(h, "get again", queue));
  h.settle();
  CHECK(h.ending("put") == "Queue 'jobs' is shut down");
  CHECK(h.ending("get") == "1");
  CHECK(h.ending("get again") == "Queue 'jobs' is shut down");
  CHECK_THROWS_AS(queue.get_nowait(), QueueShutDown);
}

TEST_CASE("shutdown() wakes all getters, which have QueueShutDown one hop later") {
  for (const bool immediate : {false, true}) {
    Queue<int> queue;
    Hops h;
    const auto a = h.start(take(h, "a", queue));
    const auto b = h.start(take(h, "b", queue));
    h.settle();
    h.batch_with([&] {
      h.note("shutdown");
      queue.shutdown(immediate);
    });
    h.settle();
    CHECK(h.story() == "shutdown a b");
    CHECK(h.hops("shutdown", "b") == 1);
    CHECK(a.done());
  }
}

TEST_CASE("shutdown() wakes all putters, which have QueueShutDown, also if room was made for them") {
  for (const bool immediate : {false, true}) {
    Queue<int> queue(2, "q");
    Hops h;
    queue.put_nowait(0);
    queue.put_nowait(1);
    const auto a = h.start(give(h, "a", queue, 2));
    const auto b = h.start(give(h, "b", queue, 3));
    h.settle();
    h.batch_with([&] {
      h.note("shutdown");
      CHECK(queue.get_nowait() == 0);  // wakes a
      queue.shutdown(immediate);
    });
    h.settle();
    CHECK(h.ending("a") == "Queue 'q' is shut down");
    CHECK(h.ending("b") == "Queue 'q' is shut down");
    CHECK(h.hops("shutdown", "a") == 1);
    CHECK(h.hops("shutdown", "b") == 1);
    CHECK(drain(queue) == (immediate ? "" : "1"));
  }
}

TEST_CASE("shutdown() while a getter and putters wait, between the room made and its use: all have QueueShutDown") {
  for (const bool immediate : {false, true}) {
    Queue<int> queue(1, "q");
    Hops h;
    queue.put_nowait(0);
    const auto a = h.start(give(h, "woken putter", queue, 1));
    const auto b = h.start(give(h, "putter", queue, 2));
    h.settle();
    Task<> c;
    h.batch_with([&] {
      c = h.start(take(h, "getter", queue));  // lines up before the woken putter has its turn
      h.loop.call_soon([&] {
        h.note("shutdown");
        queue.shutdown(immediate);
      });
      CHECK(queue.get_nowait() == 0);
    });
    h.settle();
    CHECK(h.story() == "shutdown woken putter getter putter");
    for (const char* name : {"woken putter", "getter", "putter"}) CHECK(h.ending(name) == "Queue 'q' is shut down");
    CHECK(queue.empty());
  }
}

TEST_CASE("a getter that was woken for an item before shutdown() has it, but not after an immediate one") {
  for (const bool immediate : {false, true}) {
    Queue<int> queue(0, "q");
    Hops h;
    const auto a = h.start(take(h, "a", queue));
    const auto b = h.start(take(h, "b", queue));
    h.settle();
    h.batch_with([&] {
      queue.put_nowait(7);
      queue.shutdown(immediate);
    });
    h.settle();
    CHECK(h.ending("a") == (immediate ? "Queue 'q' is shut down" : "7"));
    CHECK(h.ending("b") == "Queue 'q' is shut down");
  }
}

TEST_CASE("a getter that is cancelled in the batch of a shutdown is cancelled") {
  Queue<int> queue(0, "q");
  Hops h;
  const auto a = h.start(take(h, "a", queue));
  const auto b = h.start(take(h, "b", queue));
  h.settle();
  h.batch_with([&] {
    a.cancel();
    queue.shutdown();
    b.cancel();
  });
  h.settle();
  CHECK(h.ending("a") == "cancelled");
  CHECK(h.ending("b") == "cancelled");
}

TEST_CASE("an immediate shutdown drops what is left, and that counts as done; what was got does not") {
  Queue<std::shared_ptr<int>> queue;
  Hops h;
  const auto item = std::make_shared<int>(1);
  for (int i = 0; i < 3; ++i) queue.put_nowait(item);
  CHECK(queue.get_nowait() == item);
  const auto a = h.start(see(h, "join", queue.join()));
  h.settle();
  queue.shutdown(true);
  CHECK(queue.empty());
  CHECK(item.use_count() == 1);
  CHECK(queue.unfinished() == 1);
  h.settle();
  CHECK_FALSE(h.happened("join"));
  queue.task_done();
  h.settle();
  CHECK(h.happened("join"));
  CHECK_THROWS_AS(queue.task_done(), std::invalid_argument);
}

TEST_CASE("an immediate shutdown wakes who joins if nothing was got, and any other leaves it waiting") {
  for (const bool immediate : {false, true}) {
    PriorityQueue<int> queue;
    Hops h;
    queue.put_nowait(1);
    queue.put_nowait(2);
    const auto a = h.start(see(h, "join", queue.join()));
    h.settle();
    h.batch_with([&] {
      h.note("shutdown");
      queue.shutdown(immediate);
    });
    h.settle();
    CHECK(h.happened("join") == immediate);
    if (immediate) {
      CHECK(h.hops("shutdown", "join") == 1);
      CHECK(queue.empty());
    } else {
      CHECK(drain(queue) == "1 2");
      queue.task_done();
      queue.task_done();
      h.settle();
      CHECK(h.happened("join"));
    }
  }
}

TEST_CASE("many producers and consumers over a small queue: every item arrives once") {
  Queue<int> queue(3);
  Hops h;
  int sum = 0;
  int count = 0;
  const auto producer = [](Queue<int>& q, int from) -> Coro<> {
    for (int i = 0; i < 50; ++i) co_await q.put(from + i);
  };
  const auto consumer = [](Queue<int>& q, int& total, int& items) -> Coro<> {
    for (;;) {
      const auto item = co_await as_outcome(q.get());
      if (!item.has_value()) co_return;
      total += item.value();
      ++items;
      if (items % 3 == 0) co_await sleep(0s);
      q.task_done();
    }
  };
  std::vector<Task<>> tasks;
  for (int i = 0; i < 4; ++i) tasks.push_back(h.start(producer(queue, 50 * i)));
  for (int i = 0; i < 3; ++i) tasks.push_back(h.start(consumer(queue, sum, count)));
  h.settle();
  const auto join = h.start(see(h, "join", queue.join()));
  h.settle();
  CHECK(h.happened("join"));
  queue.shutdown();
  h.settle();
  CHECK(count == 200);
  CHECK(sum == 199 * 200 / 2);
  for (const Task<>& task : tasks) CHECK(task.done());
}
