// SPDX-License-Identifier: BSL-1.0
// locks_and_queues.cpp - the code of the parts of docs/coming-from-asyncio.md on locks, conditions, barriers and queues.
#include "snippets.hpp"

#include <memory>
#include <string>

#include <rondo/backends/sim.hpp>
#include <rondo/rondo.hpp>

using namespace rondo;
using namespace std::chrono_literals;

namespace {

Coro<> events() {
  // [event]
  Event event;
  event.set();
  co_await event.wait();
  event.clear();
  event.is_set();
  // [/event]
  check(!event.is_set());
}
const AddSnippet add_events("event", [] { sim::run(events()); });

Coro<> locks() {
  // [lock]
  Lock lock;
  {
    auto held = co_await lock.scoped();
    lock.locked();
  }
  co_await lock.acquire();
  lock.release();
  // [/lock]
  check(!lock.locked());

  // [named_lock]
  Lock door("door");
  // [/named_lock]
  check(door.name() == "door");

  // [semaphore]
  Semaphore semaphore(2);
  {
    auto place = co_await semaphore.scoped();
  }
  co_await semaphore.acquire();
  semaphore.release();
  BoundedSemaphore bounded(2);
  // [/semaphore]
  check(semaphore.value() == 2 && bounded.value() == 2);
}
const AddSnippet add_locks("locks", [] { sim::run(locks()); });

Coro<> change(Condition& condition, bool& ready) {
  // [condition]
  auto held = co_await condition.scoped();
  ready = true;
  condition.notify();
  condition.notify(3);
  condition.notify_all();
  // [/condition]
}

Coro<> conditions() {
  bool ready = false;
  // [condition_wait]
  Condition condition;
  auto changer = create_task(change(condition, ready));
  {
    auto held = co_await condition.scoped();
    while (!ready) co_await condition.wait();
    co_await condition.wait_for([&ready] { return ready; });
  }
  // [/condition_wait]
  co_await changer;

  // [shared_lock]
  Lock lock;
  Condition not_empty(lock), not_full(lock);
  // [/shared_lock]
  check(&not_empty.lock() == &not_full.lock());
}
const AddSnippet add_conditions("condition", [] { sim::run(conditions()); });

Coro<> meet(Barrier& barrier) {
  // [barrier_wait]
  std::size_t index = co_await barrier.wait();
  // [/barrier_wait]
  check(index < barrier.parties());
}

Coro<> barriers() {
  // [barrier]
  Barrier barrier(2);
  co_await gather(meet(barrier), meet(barrier));
  co_await barrier.abort();
  co_await barrier.reset();
  // [/barrier]
  check(!barrier.broken());
}
const AddSnippet add_barriers("barrier", [] { sim::run(barriers()); });

Coro<> queues() {
  // [queue]
  Queue<std::string> queue(10);
  co_await queue.put("one");
  queue.put_nowait("two");
  std::string item = co_await queue.get();
  item = queue.get_nowait();
  queue.task_done();
  queue.task_done();
  co_await queue.join();
  queue.shutdown();
  queue.qsize(), queue.empty(), queue.full();
  // [/queue]
  check(queue.empty());

  // [kinds]
  LifoQueue<int> stack;
  PriorityQueue<int> heap;
  // [/kinds]
  check(stack.empty() && heap.empty());

  // [consumer]
  for (;;) {
    auto next = co_await as_outcome(queue.get());
    if (!next.has_value()) break;  // shut down, and empty
    queue.task_done();
  }
  // [/consumer]

  // [move_only]
  Queue<std::unique_ptr<int>> boxes(1);
  auto box = std::make_unique<int>(1);
  boxes.put_nowait(std::move(box));
  box = std::make_unique<int>(2);
  try {
    boxes.put_nowait(std::move(box));
  } catch (const QueueFull&) {
    check(*box == 2);  // still ours
  }
  // [/move_only]
}
const AddSnippet add_queues("queue", [] { sim::run(queues()); });

// [self_deadlock]
Coro<> twice(Lock& lock) {
  auto outer = co_await lock.scoped();
  auto inner = co_await lock.scoped();  // DeadlockError: Task 'Task-1' waits for Lock 'door' held by Task 'Task-1'
}
// [/self_deadlock]
const AddSnippet add_deadlock("a lock taken twice", [] {
  Lock lock("door");
  try {
    sim::run(twice(lock));
  } catch (const DeadlockError& error) {
    check(std::string(error.what()).find("waits for Lock 'door' held by Task") != std::string::npos);
    return;
  }
  check(false);
});

}  // namespace
