// SPDX-License-Identifier: BSL-1.0
// sync_primitive_test.cpp - what all primitives share: ends that come too early, and more loops than one.
#include "parked.hpp"

#include <memory>
#include <optional>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

constexpr const char* gone = "what this task waited for was destroyed meanwhile";

std::string made_at(int line) { return "(made at sync_primitive_test.cpp:" + std::to_string(line) + ")"; }

std::string waits(const char* name) {
  return "Task '" + std::string(name) + "' " + waiter_made_at + " waits for it";
}

/// What is reported when `title` goes while `needed_by`.
std::string went(const std::string& title, const std::string& needed_by) {
  return title + " was destroyed while it was needed: " + needed_by + "\n";
}

/// Destroys the primitive, which is on the heap so that a sanitizer sees who touches it later, in a batch of its own.
template <class P>
void destroy(Hops& h, std::unique_ptr<P>& primitive) {
  h.batch_with([&primitive] { primitive.reset(); });
}

Coro<> acquire_by_hand(Lock& lock) {
  co_await lock.acquire();
  co_await sleep(1h);
}

}  // namespace

// --- a primitive that goes before its waiters ------------------------------------------------------------------------

TEST_CASE("an event that goes while tasks wait says who, and they get RuntimeError") {
  auto event = std::make_unique<Event>("e");
  Hops h;
  const auto a = waiter(h, "a", event->wait());
  const auto b = h.loop.create_task(watch(h, "b", event->wait()), {.name = "b"});
  h.settle();
  destroy(h, event);
  const auto told = h.loop.take_reports();
  REQUIRE(told.size() == 1);
  CHECK_THAT(told[0].message, Contains("Event 'e' was destroyed while it was needed: " + waits("a") + ", Task 'b'"));
  CHECK(told[0].subject == "Event 'e'");
  h.settle();
  CHECK(h.ending("a") == gone);
  CHECK(h.ending("b") == gone);
  CHECK_THROWS_AS(b.result(), RuntimeError);
}

TEST_CASE("a primitive without a name is told by where it was made") {
  Hops h;
  std::string title;
  Task<> a;
  {
    Event event;
    title = "Event " + made_at(__LINE__ - 1);
    CHECK(event.name().empty());
    a = waiter(h, "a", event.wait());
    h.settle();
  }
  CHECK(reports(h) == went(title, waits("a")));
}

TEST_CASE("a lock that goes while tasks are in line says who, and they get RuntimeError") {
  auto lock = std::make_unique<Lock>("l");
  Hops h;
  const auto holder = h.start(acquire_by_hand(*lock));
  const auto a = waiter(h, "a", lock->acquire());
  const auto b = waiter(h, "b", lock->acquire());
  h.settle();
  destroy(h, lock);
  CHECK(reports(h) == went("Lock 'l'", waits("a") + ", " + waits("b")));
  h.settle();
  CHECK(h.ending("a") == gone);
  CHECK(h.ending("b") == gone);
}

TEST_CASE("a lock that goes while one task holds a guard and another waits names both") {
  auto lock = std::make_unique<Lock>("l");
  Hops h;
  const auto holder = h.loop.create_task(hold(*lock), {.name = "holder"});
  const auto a = waiter(h, "a", lock->acquire());
  h.settle();
  destroy(h, lock);
  CHECK(reports(h) == went("Lock 'l'", waits("a") + ", held by a guard of Task 'holder'"));
  h.run();
  CHECK(holder.done());
}

TEST_CASE("semaphores that go while tasks are in line say who, and they get RuntimeError") {
  auto semaphore = std::make_unique<Semaphore>(0, "s");
  auto bounded = std::make_unique<BoundedSemaphore>(0, "b");
  Hops h;
  const auto a = waiter(h, "a", semaphore->acquire());
  const auto b = waiter(h, "b", bounded->acquire());
  h.settle();
  destroy(h, semaphore);
  CHECK(reports(h) == went("Semaphore 's'", waits("a")));
  destroy(h, bounded);
  CHECK(reports(h) == went("BoundedSemaphore 'b'", waits("b")));
  h.settle();
  CHECK(h.ending("a") == gone);
  CHECK(h.ending("b") == gone);
}

TEST_CASE("tasks that were woken or cancelled, but have not gone on, still need their primitive") {
  auto event = std::make_unique<Event>("e");
  Hops h;
  const auto woken = waiter(h, "woken", event->wait());
  const auto cancelled = waiter(h, "cancelled", event->wait());
  h.settle();
  h.batch_with([&] {
    cancelled.cancel("why");
    event->set();
    event.reset();
  });
  CHECK(reports(h) == went("Event 'e'", waits("woken") + ", " + waits("cancelled")));
  h.settle();
  CHECK(h.ending("woken") == gone);
  CHECK(h.ending("cancelled") == "cancelled (why)");
}

TEST_CASE("a condition that goes while tasks wait for its notification says who, and they get RuntimeError") {
  auto condition = std::make_unique<Condition>("c");
  Hops h;
  const auto a = waiter(h, "a", in_condition(*condition));
  const auto b = waiter(h, "b", in_condition(*condition));
  h.settle();
  destroy(h, condition);
  CHECK(reports(h) == went("the lock of Condition 'c'", "held by a guard of Task 'a', Task 'b'") +
                          went("Condition 'c'", waits("a") + ", " + waits("b")));
  h.settle();
  CHECK(h.ending("a") == gone);
  CHECK(h.ending("b") == gone);
  CHECK(reports(h).empty());
}

TEST_CASE("a condition that goes while a notified task takes its lock again says who, and that gets RuntimeError") {
  auto condition = std::make_unique<Condition>("c");
  Hops h;
  const auto notifies = [](Condition& each) -> Coro<> {
    const auto guard = co_await each.scoped();
    each.notify_all();
    co_await sleep(1h);
  };
  const auto a = waiter(h, "a", in_condition(*condition));
  h.settle();
  const auto b = h.loop.create_task(notifies(*condition), {.name = "b"});
  h.settle();
  destroy(h, condition);
  CHECK(reports(h) ==
        went("the lock of Condition 'c'", waits("a") + ", held by a guard of Task 'a', Task 'b'"));
  h.settle();
  CHECK(h.ending("a") == gone);
}

TEST_CASE("a condition over another's lock that goes while a notified task takes that: RuntimeError, with the lock") {
  Lock lock("l");
  auto condition = std::make_unique<Condition>(lock, "c");
  Hops h;
  const auto looks = [](Hops& hops, Condition& each, Lock& l) -> Coro<> {
    const auto guard = co_await l.scoped();
    const auto outcome = co_await as_outcome(each.wait_for([] { return false; }));
    hops.note("a", ending_of(outcome) + (l.locked() ? ", locked" : ""));
  };
  const auto holds = [](Condition& each, Lock& l) -> Coro<> {
    const auto guard = co_await l.scoped();
    each.notify_all();
    co_await sleep(1s);
  };
  const auto a = h.start(looks(h, *condition, lock));
  h.settle();
  const auto b = h.start(holds(*condition, lock));
  h.settle();
  destroy(h, condition);
  h.run();
  CHECK(h.ending("a") == std::string(gone) + ", locked");
  CHECK_FALSE(lock.locked());
  CHECK(reports(h).empty());
}

TEST_CASE("a lock that goes before the conditions over it: who waits for a notification hears of it when it comes") {
  auto lock = std::make_unique<Lock>("l");
  auto condition = std::make_unique<Condition>(*lock, "c");
  Hops h;
  const auto looks = [](Condition& each) -> Coro<> {
    const auto guard = co_await each.scoped();
    co_await each.wait();
  };
  const auto holds = [](Condition& each) -> Coro<> {
    const auto guard = co_await each.scoped();
    each.notify_all();
    co_await sleep(1s);
  };
  const auto a = waiter(h, "a", looks(*condition));
  h.settle();
  const auto b = h.loop.create_task(holds(*condition), {.name = "b"});
  h.settle();
  destroy(h, lock);
  CHECK(reports(h) == went("Lock 'l'", waits("a") + ", held by a guard of Task 'a', Task 'b'"));
  h.run();
  CHECK(h.ending("a") == gone);
}

TEST_CASE("a barrier that goes while tasks wait says who, and they get RuntimeError") {
  auto barrier = std::make_unique<Barrier>(3, "b");
  Hops h;
  const auto one = waiter(h, "one", barrier->wait());
  const auto two = waiter(h, "two", barrier->wait());
  h.settle();
  destroy(h, barrier);
  CHECK(reports(h) == went("the lock of Barrier 'b'", "held by a guard of Task 'one', Task 'two'") +
                          went("Barrier 'b'", waits("one") + ", " + waits("two")));
  h.settle();
  CHECK(h.ending("one") == gone);
  CHECK(h.ending("two") == gone);
  CHECK(reports(h).empty());
}

TEST_CASE("a barrier that goes while a meeting leaves and others are at the door: all get RuntimeError") {
  auto barrier = std::make_unique<Barrier>(2, "b");
  Hops h;
  const auto one = waiter(h, "one", barrier->wait());
  h.settle();
  const auto two = waiter(h, "two", barrier->wait());
  const auto newcomer = waiter(h, "newcomer", barrier->wait());
  h.batch_with([&] { barrier.reset(); });
  h.settle();
  CHECK(h.ending("two") == "1");
  CHECK(h.ending("one") == gone);
  CHECK(h.ending("newcomer") == gone);
}

TEST_CASE("a queue that goes while tasks wait says who, and they get RuntimeError") {
  auto empty = std::make_unique<Queue<int>>(0, "empty");
  auto full = std::make_unique<LifoQueue<std::unique_ptr<int>>>(1, "full");
  full->put_nowait(nullptr);
  Hops h;
  const auto a = waiter(h, "a", empty->get());
  const auto b = waiter(h, "b", empty->get());
  const auto c = waiter(h, "c", full->put(std::make_unique<int>(1)));
  h.settle();
  destroy(h, empty);
  CHECK(reports(h) == went("Queue 'empty'", waits("a") + ", " + waits("b")));
  destroy(h, full);
  CHECK(reports(h) == went("LifoQueue 'full'", waits("c")));
  h.settle();
  CHECK(h.ending("a") == gone);
  CHECK(h.ending("b") == gone);
  CHECK(h.ending("c") == gone);
}

TEST_CASE("a queue that goes between the wake-up of a getter and its step: the getter gets RuntimeError") {
  auto queue = std::make_unique<Queue<int>>(0, "q");
  Hops h;
  const auto a = waiter(h, "a", queue->get());
  const auto b = waiter(h, "b", queue->get());
  h.settle();
  h.batch_with([&] {
    queue->put_nowait(1);
    queue.reset();
  });
  CHECK(reports(h) == went("Queue 'q'", waits("a") + ", " + waits("b")));
  h.settle();
  CHECK(h.ending("a") == gone);
  CHECK(h.ending("b") == gone);
}

TEST_CASE("a queue that goes between the cancellation of a waiter and its step: the waiter is cancelled") {
  auto queue = std::make_unique<Queue<int>>(1, "q");
  Hops h;
  const auto woken = waiter(h, "woken", queue->get());
  const auto waits_on = waiter(h, "waits on", queue->get());
  h.settle();
  h.batch_with([&] {
    queue->put_nowait(1);
    woken.cancel("one");
    waits_on.cancel("two");
    queue.reset();
  });
  h.settle();
  CHECK(h.ending("woken") == "cancelled (one)");
  CHECK(h.ending("waits on") == "cancelled (two)");
}

TEST_CASE("a queue that goes while a task joins it says who, and that gets RuntimeError") {
  Hops h;
  auto queue = std::make_unique<PriorityQueue<int>>(0, "q");
  queue->put_nowait(1);
  const auto a = waiter(h, "a", queue->join());
  h.settle();
  destroy(h, queue);
  CHECK(reports(h) == went("PriorityQueue 'q'", waits("a")));
  h.settle();
  CHECK(h.ending("a") == gone);
  std::string title;
  Task<> b;
  {
    Queue<int> unnamed;
    title = "Queue " + made_at(__LINE__ - 1);
    unnamed.put_nowait(1);
    b = waiter(h, "b", unnamed.join());
    h.settle();
  }
  CHECK(reports(h) == went(title, waits("b")));
}

TEST_CASE("the await of a primitive that goes throws at each kind of await") {
  auto event = std::make_unique<Event>("e");
  auto lock = std::make_unique<Lock>("l");
  auto empty = std::make_unique<Queue<int>>(0, "empty");
  auto full = std::make_unique<Queue<int>>(1, "full");
  full->put_nowait(1);
  Hops h;
  const auto at_event = [](Event& each) -> Coro<> { co_await each.wait(); };
  const auto at_lock = [](Lock& each) -> Coro<> { const auto guard = co_await each.scoped(); };
  const auto at_get = [](Queue<int>& each) -> Coro<> { co_await each.get(); };
  const auto at_put = [](Queue<int>& each) -> Coro<> { co_await each.put(1); };
  const auto holder = h.start(hold(*lock));
  const std::vector tasks{h.start(at_event(*event)), h.start(at_lock(*lock)), h.start(at_get(*empty)),
                          h.start(at_put(*full))};
  h.settle();
  destroy(h, event);
  destroy(h, lock);
  destroy(h, empty);
  destroy(h, full);
  h.settle();
  for (const Task<>& task : tasks) {
    CHECK_THROWS_AS(task.result(), RuntimeError);
    CHECK_THROWS_WITH(task.result(), gone);
  }
}

TEST_CASE("the exception handler that hears of a primitive that goes may dump the tasks") {
  Hops h;
  std::string text;
  h.loop.set_exception_handler([&](const ErrorContext&) { text += dump_tasks(h.loop); });
  auto lock = std::make_unique<Lock>("l");
  auto condition = std::make_unique<Condition>("c");
  auto barrier = std::make_unique<Barrier>(2, "b");
  auto queue = std::make_unique<Queue<int>>(1, "q");
  queue->put_nowait(1);
  std::vector<Task<>> tasks;
  tasks.push_back(h.start(hold(*lock)));
  tasks.push_back(waiter(h, "a", lock->acquire()));
  tasks.push_back(waiter(h, "b", in_condition(*condition)));
  tasks.push_back(waiter(h, "c", barrier->wait()));
  tasks.push_back(waiter(h, "d", queue->put(1)));
  tasks.push_back(waiter(h, "e", queue->join()));
  h.settle();
  destroy(h, lock);
  destroy(h, condition);
  destroy(h, barrier);
  destroy(h, queue);
  CHECK_THAT(text, Contains("Task 'a' " + waiter_made_at + " waits for something that is gone"));
  CHECK_THAT(text, Contains("Task 'd' " + waiter_made_at + " waits for room in Queue 'q' (1 of 1 items)"));
  h.settle();
  CHECK(h.ending("a") == gone);
  CHECK(h.ending("e") == gone);
}

TEST_CASE("a primitive that nobody needs goes without a word") {
  Hops h;
  const auto body = []() -> Coro<> {
    Event event("e");
    Lock lock("l");
    Semaphore semaphore(2, "s");
    Condition condition("c");
    Barrier barrier(1, "b");
    Queue<int> queue(0, "q");
    event.set();
    co_await event.wait();
    co_await lock.acquire();  // held, but by no guard
    co_await semaphore.acquire();
    co_await condition.acquire();
    co_await barrier.wait();
    co_await queue.put(1);
  };
  const auto task = h.start(body());
  h.settle();
  CHECK_NOTHROW(task.result());
  CHECK(reports(h).empty());
}

// --- more than one loop ----------------------------------------------------------------------------------------------

TEST_CASE("tasks of two loops cannot wait for one primitive at a time") {
  Event event("e");
  Lock lock("l");
  Semaphore semaphore(0, "s");
  Queue<int> empty(0, "empty");
  Queue<int> full(1, "full");
  full.put_nowait(1);
  Hops one;
  Hops two;
  const auto holder = one.start(acquire_by_hand(lock));
  std::vector<Task<>> tasks;
  for (Hops* h : {&one, &two}) {
    tasks.push_back(waiter(*h, "event", event.wait()));
    tasks.push_back(waiter(*h, "lock", lock.acquire()));
    tasks.push_back(waiter(*h, "semaphore", semaphore.acquire()));
    tasks.push_back(waiter(*h, "get", empty.get()));
    tasks.push_back(waiter(*h, "put", full.put(2)));
    tasks.push_back(waiter(*h, "join", full.join()));
    h->settle();
  }
  CHECK(one.story().empty());
  const std::string refused = " is waited for by tasks of another loop: each loop needs its own";
  const auto error_of = [&](std::size_t at) { return describe(tasks[at].exception()); };
  CHECK(error_of(6) == "Event 'e'" + refused);
  CHECK(error_of(7) == "Lock 'l'" + refused);
  CHECK(error_of(8) == "Semaphore 's'" + refused);
  CHECK(error_of(9) == "Queue 'empty'" + refused);
  CHECK(error_of(10) == "Queue 'full'" + refused);
  CHECK(error_of(11) == "Queue 'full'" + refused);
}

TEST_CASE("a condition that tasks of another loop wait for is refused before its lock is released") {
  Condition condition("c");
  Hops one;
  Hops two;
  const auto a = one.start(in_condition(condition));
  one.settle();
  const auto b = two.start(in_condition(condition));
  two.settle();
  CHECK_THROWS_AS(b.result(), RuntimeError);
  CHECK_THROWS_WITH(b.result(), "Condition 'c' is waited for by tasks of another loop: each loop needs its own");
  CHECK(reports(two).empty());  // the guard could release
  CHECK_FALSE(condition.locked());
}

TEST_CASE("a primitive that nobody waits for can be used by another loop") {
  Event event("e");
  Queue<int> queue(0, "q");
  for (int i = 0; i < 2; ++i) {
    Hops h;
    const auto a = waiter(h, "event", event.wait());
    const auto b = waiter(h, "queue", queue.get());
    h.settle();
    event.set();
    queue.put_nowait(i);
    h.settle();
    CHECK(h.ending("event") == "void");
    CHECK(h.ending("queue") == std::to_string(i));
    event.clear();
  }
}

// --- a loop that ends first ------------------------------------------------------------------------------------------

TEST_CASE("a loop that ends while tasks wait at each primitive reports the tasks alone, and the primitives live on") {
  Event event("e");
  Lock lock("l");
  Semaphore semaphore(1, "s");
  Condition condition("c");
  Barrier barrier(3, "b");
  Queue<int> empty(0, "empty");
  Queue<std::unique_ptr<int>> full(1, "full");
  full.put_nowait(nullptr);
  std::vector<std::string> told;
  {
    Hops h;
    std::vector<Task<>> tasks;
    Loop loop;
    loop.set_exception_handler([&](const ErrorContext& report) { told.push_back(report.message); });
    tasks.push_back(loop.create_task(see(h, "event", event.wait())));
    tasks.push_back(loop.create_task(hold(lock)));
    tasks.push_back(loop.create_task(see(h, "lock", lock.acquire())));
    tasks.push_back(loop.create_task(hold(lock)));
    tasks.push_back(loop.create_task(hold(semaphore)));
    tasks.push_back(loop.create_task(see(h, "semaphore", semaphore.acquire())));
    tasks.push_back(loop.create_task(in_condition(condition)));
    tasks.push_back(loop.create_task(in_condition(condition)));
    tasks.push_back(loop.create_task(see(h, "barrier", barrier.wait())));
    tasks.push_back(loop.create_task(see(h, "barrier", barrier.wait())));
    tasks.push_back(loop.create_task(see(h, "empty", empty.get())));
    tasks.push_back(loop.create_task(see(h, "empty", empty.get())));
    tasks.push_back(loop.create_task(see(h, "full", full.put(std::make_unique<int>(1)))));
    tasks.push_back(loop.create_task(see(h, "join", full.join())));
    loop.step(Instant(), {}, {});
    empty.put_nowait(1);  // one getter is woken, and will not go on
  }
  CHECK(told == std::vector<std::string>(14, "a task was destroyed while it was pending"));
  CHECK_FALSE(lock.locked());
  CHECK_FALSE(condition.locked());
  CHECK(barrier.n_waiting() == 0);
  CHECK(empty.qsize() == 1);
  Hops h;
  const auto a = waiter(h, "lock", lock.acquire());
  const auto b = waiter(h, "get", empty.get());
  h.settle();
  CHECK(h.ending("lock") == "void");
  CHECK(h.ending("get") == "1");
}

TEST_CASE("a loop that ends while tasks wait for primitives in the frame of one of them reports the tasks alone") {
  struct All {
    Event event{"e"};
    Lock lock{"l"};
    Semaphore semaphore{0, "s"};
    Condition condition{"c"};
    Barrier barrier{3, "b"};
    Queue<int> queue{1, "q"};
  };
  const auto wait_for_all = [](Hops& h, All& all) -> Coro<> {
    std::vector<Task<>> tasks;
    tasks.push_back(create_task(see(h, "x", all.event.wait())));
    tasks.push_back(create_task(hold(all.lock)));
    tasks.push_back(create_task(see(h, "x", all.lock.acquire())));
    tasks.push_back(create_task(see(h, "x", all.semaphore.acquire())));
    tasks.push_back(create_task(in_condition(all.condition)));
    tasks.push_back(create_task(see(h, "x", all.barrier.wait())));
    tasks.push_back(create_task(see(h, "x", all.barrier.wait())));
    tasks.push_back(create_task(see(h, "x", all.queue.get())));
    tasks.push_back(create_task(see(h, "x", all.queue.get())));
    co_await sleep(0s);
    all.queue.put_nowait(1);
    tasks.push_back(create_task(see(h, "x", all.queue.join())));
    co_await see(h, "x", all.queue.join());
  };
  const auto owner = [wait_for_all](Hops& h) -> Coro<> {
    All all;
    co_await wait_for_all(h, all);
  };
  // The owner is the oldest task, whose frame goes first; or a task made after those that wait for its primitives.
  for (const bool oldest : {true, false}) {
    std::vector<std::string> told;
    {
      Hops h;
      std::optional<All> outside;
      if (!oldest) outside.emplace();
      Loop loop;
      loop.set_exception_handler([&](const ErrorContext& report) { told.push_back(report.message); });
      const auto task = oldest ? loop.create_task(owner(h)) : loop.create_task(wait_for_all(h, *outside));
      for (int i = 0; i < 3; ++i) {
        loop.stop();
        loop.step(Instant(), {}, {});
      }
    }
    CHECK(told.size() > 8);
    CHECK(told == std::vector<std::string>(told.size(), "a task was destroyed while it was pending"));
  }
}
