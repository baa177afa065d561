// SPDX-License-Identifier: BSL-1.0
// dump_primitives_test.cpp - dump_tasks and DeadlockError: which primitive a task waits for, and who holds it.
#include "parked.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

std::string is_made_at(int line) { return "(made at dump_primitives_test.cpp:" + std::to_string(line) + ")"; }

}  // namespace

TEST_CASE("a dump says what each task waits for, and who holds it") {
  Event event("ready");
  Lock lock("l1");
  Semaphore semaphore(2, "slots");
  Semaphore bare(0, "bare");
  Condition condition("news");
  Barrier barrier(3, "meeting");
  Queue<int> empty(0, "jobs");
  LifoQueue<int> full(1, "results");
  full.put_nowait(1);
  Hops h;
  std::vector<Task<>> tasks;
  tasks.push_back(h.loop.create_task(hold(lock), {.name = "b"}));
  tasks.push_back(h.loop.create_task(hold(semaphore), {.name = "c"}));
  tasks.push_back(h.loop.create_task(hold(semaphore), {.name = "d"}));
  tasks.push_back(waiter(h, "w1", event.wait()));
  tasks.push_back(waiter(h, "w2", lock.acquire()));
  tasks.push_back(waiter(h, "w3", semaphore.acquire()));
  tasks.push_back(waiter(h, "w4", bare.acquire()));
  tasks.push_back(waiter(h, "w5", in_condition(condition)));
  tasks.push_back(waiter(h, "w6", barrier.wait()));
  tasks.push_back(waiter(h, "w7", empty.get()));
  tasks.push_back(waiter(h, "w8", full.put(2)));
  tasks.push_back(waiter(h, "w9", full.join()));
  h.settle();
  const std::string text = dump_tasks(h.loop);
  const auto line = [](const char* name, const char* rest) {
    return "Task '" + std::string(name) + "' " + waiter_made_at + " waits for " + rest + " at ";
  };
  CHECK_THAT(text, Contains(line("w1", "Event 'ready'")));
  CHECK_THAT(text, Contains(line("w2", "Lock 'l1' held by Task 'b'")));
  CHECK_THAT(text, Contains(line("w3", "Semaphore 'slots' held by Task 'c', Task 'd'")));
  CHECK_THAT(text, Contains(line("w4", "Semaphore 'bare'")));
  CHECK_THAT(text, Contains(line("w5", "a notification of Condition 'news'")));
  CHECK_THAT(text, Contains(line("w6", "Barrier 'meeting' (1 of 3 are there)")));
  CHECK_THAT(text, Contains(line("w7", "an item of Queue 'jobs' (0 items)")));
  CHECK_THAT(text, Contains(line("w8", "room in LifoQueue 'results' (1 of 1 items)")));
  CHECK_THAT(text, Contains(line("w9", "the end of the work on LifoQueue 'results' (1 of 1 items)")));
}

TEST_CASE("a dump tells primitives and tasks without names by place and number") {
  Lock lock;
  const int lock_line = __LINE__ - 1;
  Semaphore semaphore;
  const int semaphore_line = __LINE__ - 1;
  Condition condition;
  const int condition_line = __LINE__ - 1;
  Barrier barrier(2);
  const int barrier_line = __LINE__ - 1;
  PriorityQueue<int> queue;
  const int queue_line = __LINE__ - 1;
  Hops h;
  std::vector<Task<>> tasks;
  tasks.push_back(h.start(hold(lock)));
  const std::string holder = "Task '" + tasks.back().name() + "'";
  tasks.push_back(waiter(h, "a", lock.acquire()));
  tasks.push_back(h.start(hold(semaphore)));
  const std::string second = "Task '" + tasks.back().name() + "'";
  tasks.push_back(waiter(h, "b", semaphore.acquire()));
  tasks.push_back(waiter(h, "c", in_condition(condition)));
  tasks.push_back(waiter(h, "d", barrier.wait()));
  tasks.push_back(waiter(h, "e", queue.get()));
  h.settle();
  const std::string text = dump_tasks(h.loop);
  CHECK_THAT(text, Contains(" waits for Lock " + is_made_at(lock_line) + " held by " + holder));
  CHECK_THAT(text, Contains(" waits for Semaphore " + is_made_at(semaphore_line) + " held by " + second));
  CHECK_THAT(text, Contains(" waits for a notification of Condition " + is_made_at(condition_line)));
  CHECK_THAT(text, Contains(" waits for Barrier " + is_made_at(barrier_line) + " (1 of 2 are there)"));
  CHECK_THAT(text, Contains(" waits for an item of PriorityQueue " + is_made_at(queue_line)));
}

TEST_CASE("a dump tells locks that are being handed over, held by a task that is done, or taken again by a wait()") {
  Lock handed("handed");
  Lock kept("kept");
  Condition condition("c");
  Hops h;
  const auto take = [](Lock& lock) -> Coro<> { co_await lock.acquire(); };
  std::vector<Task<>> tasks;
  tasks.push_back(h.start(take(handed)));
  tasks.push_back(h.start(take(kept)));
  tasks.push_back(waiter(h, "a", handed.acquire()));
  tasks.push_back(waiter(h, "b", handed.acquire()));
  tasks.push_back(waiter(h, "c", kept.acquire()));
  tasks.push_back(waiter(h, "d", in_condition(condition)));
  h.settle();
  const auto notifies = [](Condition& each) -> Coro<> {
    const auto guard = co_await each.scoped();
    each.notify();
    co_await sleep(1h);
  };
  tasks.push_back(h.loop.create_task(notifies(condition), {.name = "e"}));
  h.settle();
  handed.release();
  const std::string text = dump_tasks(h.loop);
  CHECK_THAT(text, Contains("Task 'a' " + waiter_made_at + " is ready to go on"));
  CHECK_THAT(text, Contains(" waits for Lock 'handed', which is being handed over"));
  CHECK_THAT(text, Contains(" waits for Lock 'kept' held by a task that is done (number "));
  CHECK_THAT(text, Contains(" waits for the lock of Condition 'c' held by Task 'e'"));
}

TEST_CASE("two tasks that each hold the lock the other one wants are a deadlock, which names all four") {
  const auto body = []() -> Coro<> {
    Lock left("left");
    Lock right("right");
    const auto grab = [](Lock& first, Lock& second) -> Coro<> {
      const auto one = co_await first.scoped();
      co_await sleep(1s);
      const auto two = co_await second.scoped();
    };
    const Task<> a = create_task(grab(left, right), {.name = "a"});
    const Task<> b = create_task(grab(right, left), {.name = "b"});
    co_await a;
    co_await b;
  };
  try {
    sim::run(body());
    FAIL("no deadlock was found");
  } catch (const DeadlockError& error) {
    const std::string text = error.what();
    CHECK_THAT(text, Contains("Task 'a'") && Contains(" waits for Lock 'right' held by Task 'b'"));
    CHECK_THAT(text, Contains("Task 'b'") && Contains(" waits for Lock 'left' held by Task 'a'"));
  }
}

/// What the run says that cannot go on.
static std::string deadlock(Coro<> main) {
  try {
    sim::run(std::move(main));
  } catch (const DeadlockError& error) {
    return error.what();
  }
  return "no deadlock";
}

TEST_CASE("a deadlock at any primitive names it") {
  const auto at_event = []() -> Coro<> {
    Event event("e");
    co_await event.wait();
  };
  const auto at_own_lock = []() -> Coro<> {
    Lock lock("l");
    const auto guard = co_await lock.scoped();
    co_await lock.acquire();
  };
  const auto at_semaphore = []() -> Coro<> {
    BoundedSemaphore semaphore(1, "s");
    const auto guard = co_await semaphore.scoped();
    co_await semaphore.acquire();
  };
  const auto at_condition = []() -> Coro<> {
    Condition condition("c");
    co_await in_condition(condition);
  };
  const auto at_barrier = []() -> Coro<> {
    Barrier barrier(2, "b");
    co_await barrier.wait();
  };
  const auto at_queue = []() -> Coro<> {
    Queue<int> queue(1, "q");
    co_await queue.put(1);
    co_await queue.put(2);
  };
  const auto at_join = []() -> Coro<> {
    Queue<int> queue(0, "q");
    queue.put_nowait(1);
    queue.get_nowait();
    co_await queue.join();
  };
  CHECK_THAT(deadlock(at_event()), Contains(" waits for Event 'e'"));
  CHECK_THAT(deadlock(at_own_lock()), Contains(" waits for Lock 'l' held by Task 'Task-1'"));
  CHECK_THAT(deadlock(at_semaphore()), Contains(" waits for BoundedSemaphore 's' held by Task 'Task-1'"));
  CHECK_THAT(deadlock(at_condition()), Contains(" waits for a notification of Condition 'c'"));
  CHECK_THAT(deadlock(at_barrier()), Contains(" waits for Barrier 'b' (1 of 2 are there)"));
  CHECK_THAT(deadlock(at_queue()), Contains(" waits for room in Queue 'q' (1 of 1 items)"));
  CHECK_THAT(deadlock(at_join()), Contains(" waits for the end of the work on Queue 'q' (0 items)"));
}

TEST_CASE("tasks that wait for each other's locks are named as a circle, with those that wait for them beside it") {
  const auto takes_both = [](Lock& first, Lock& second) -> Coro<> {
    const auto guard = co_await first.scoped();
    co_await sleep(1s);
    const auto other = co_await second.scoped();
  };
  const auto body = [takes_both]() -> Coro<> {
    Lock left("left");
    Lock right("right");
    const auto a = create_task(takes_both(left, right), {.name = "a"});
    const auto b = create_task(takes_both(right, left), {.name = "b"});
    const auto waits = create_task(left.acquire(), {.name = "waits"});
    co_await gather(a, b, waits);
  };
  const std::string text = deadlock(body());
  CHECK_THAT(text, Contains("  in a circle: a -> b -> a\n  Task 'a'"));
  CHECK_THAT(text, Contains("Task 'b' "));
  CHECK_THAT(text, Contains("Task 'waits' "));
  CHECK(text.find("Task 'a' (") == text.rfind("Task 'a' ("));  // each has one line
}
