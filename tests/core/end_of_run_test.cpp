// SPDX-License-Identifier: BSL-1.0
// end_of_run_test.cpp - leaving with many tasks: linear in their number, with asyncio's counts of requests; and dumps
// of them, linear and bounded. Nothing is timed: with these numbers anything quadratic would take minutes.
#include <algorithm>

#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

/// Waits for the task before it in the row; the first one sleeps.
Coro<int> link(std::vector<Task<int>>* row, std::size_t at) {
  if (at == 0) co_await sleep(1h);
  if (at > 0) co_await row->at(at - 1);
  co_return 1;
}

/// Notes its count of requests when it is cancelled.
Coro<int> counting(std::vector<Task<int>>* row, std::vector<std::uint32_t>* counts, std::size_t at, std::size_t last) {
  try {
    if (at == last) co_await sleep(1h);
    if (at < last) co_await row->at(at + 1);
  } catch (const CancelledError&) {
    counts->at(at) = current_task().cancelling();
    throw;
  }
  co_return 1;
}

Coro<> leave_row(std::size_t size) {
  std::vector<Task<int>> row;
  for (std::size_t i = 0; i < size; ++i) row.push_back(create_task(link(&row, i)));
  co_await sleep(1s);
  throw std::runtime_error("enough");
}

/// The row in the other order: each waits for a task that is younger than itself.
Coro<> leave_row_of_younger(std::vector<std::uint32_t>* counts, std::size_t size) {
  static_cast<void>(co_await as_outcome(sleep(0s)));
  auto row = std::make_shared<std::vector<Task<int>>>(size);
  counts->assign(size, 0);
  for (std::size_t i = size; i-- > 0;) row->at(i) = create_task(counting(row.get(), counts, i, size - 1));
  co_await sleep(1s);
  for (const auto& task : *row) task.cancel();
  static_cast<void>(co_await gather(return_exceptions, *row));
}

}  // namespace

TEST_CASE("run() ends with a row of 100,000 tasks that wait for each other in no time") {
  CHECK_THROWS_WITH(sim::run(leave_row(100'000)), "enough");
}

TEST_CASE("at the end of run() each task of a row has as many requests as asyncio would have made") {
  std::vector<std::uint32_t> counts;
  std::vector<Task<int>> row(5);
  counts.assign(5, 0);
  sim::SimBackend backend;
  Runner runner(backend);
  const auto body = [](std::vector<Task<int>>* tasks, std::vector<std::uint32_t>* noted) -> Coro<> {
    for (std::size_t i = 0; i < 5; ++i) tasks->at(i) = create_task(counting(tasks, noted, i, 4));
    co_await sleep(1s);
  };
  runner.run(body(&row, &counts));
  runner.close();
  CHECK(counts == std::vector<std::uint32_t>{1, 2, 3, 4, 5});  // 0 waits for 1, and so on; all are asked
}

TEST_CASE("requests one by one count the same") {
  std::vector<std::uint32_t> counts;
  sim::run(leave_row_of_younger(&counts, 5));
  CHECK(counts == std::vector<std::uint32_t>{1, 2, 3, 4, 5});
}

TEST_CASE("a task that a gather reaches by several ways is asked by each of them") {
  // The gather waits for a, b and c; b waits for a, and c for b: a is reached three times, b twice.
  std::vector<std::uint32_t> counts(3, 0);
  const auto wait_for_it = [](std::vector<std::uint32_t>* noted, std::size_t at, Task<int> before) -> Coro<int> {
    try {
      if (before) co_await before;
      if (!before) co_await sleep(1h);
    } catch (const CancelledError&) {
      noted->at(at) = current_task().cancelling();
      throw;
    }
    co_return 1;
  };
  const auto body = [&]() -> Coro<> {
    const auto a = create_task(wait_for_it(&counts, 0, {}));
    const auto b = create_task(wait_for_it(&counts, 1, a));
    const auto c = create_task(wait_for_it(&counts, 2, b));
    const auto all = gather(a, b, c, a);
    co_await sleep(1s);
    all.cancel();
    static_cast<void>(co_await as_outcome(all));
    co_await sleep(1s);
  };
  sim::run(body());
  CHECK(counts == std::vector<std::uint32_t>{4, 2, 1});  // a is given twice
}

TEST_CASE("a gather whose children are done refuses a request, though it took one before and is not done itself") {
  const auto body = []() -> Coro<> {
    const auto future = this_loop().create_future<int>();
    const auto inner = gather(std::vector{future});
    const auto outer = gather(std::vector{inner, inner});
    CHECK(inner.cancel());
    CHECK_FALSE(outer.cancel());
    CHECK((co_await as_outcome(outer)).cancelled());
  };
  sim::run(body());
}

TEST_CASE("a gather that a request reaches by two ways answers each as it stands then") {
  const auto body = []() -> Coro<> {
    const auto future = this_loop().create_future<int>();
    const auto inner = gather(std::vector{future});
    const auto first = gather(return_exceptions, std::vector{inner});
    const auto second = gather(return_exceptions, std::vector{inner});
    const auto all = gather(return_exceptions, std::vector{first, second});
    CHECK(all.cancel());
    CHECK((co_await as_outcome(first)).cancelled());
    const auto results = co_await second;  // it was refused: its child was done by then
    CHECK(results.at(0).cancelled());
    CHECK((co_await as_outcome(all)).cancelled());
  };
  sim::run(body());
}

TEST_CASE("a task that is asked twice at once notes the message, and a gather that it then ends well tells it") {
  const auto swallows = [](Future<int> future) -> Coro<int> {
    static_cast<void>(co_await as_outcome(future));
    co_return 1;
  };
  const auto ends = [&](std::size_t ways) -> Coro<std::string> {
    const auto task = create_task(swallows(this_loop().create_future<int>()));
    const auto all = gather(std::vector<Task<int>>(ways, task));
    co_await sleep(1s);
    all.cancel("why");
    co_return ending_of(co_await as_outcome(all));
  };
  CHECK(sim::run(ends(1)) == "cancelled");
  CHECK(sim::run(ends(2)) == "cancelled (why)");
}

TEST_CASE("a task group cancels children that wait for each other, each as often as asyncio would") {
  std::vector<std::uint32_t> counts(4, 0);
  const auto body = [&]() -> Coro<> {
    std::vector<Task<int>> row(4);
    const auto fails = []() -> Coro<> {
      co_await sleep(1s);
      throw std::runtime_error("no");
    };
    const auto block = [&](TaskGroup& group) -> Coro<> {
      for (std::size_t i = 0; i < 4; ++i) row[i] = group.create_task(counting(&row, &counts, i, 3));
      static_cast<void>(group.create_task(fails()));
      co_return;
    };
    static_cast<void>(co_await as_outcome(task_group(block)));
  };
  sim::run(body());
  CHECK(counts == std::vector<std::uint32_t>{1, 2, 3, 4});
}

TEST_CASE("a task group ends with a row of 50,000 children that wait for each other in no time") {
  const auto body = []() -> Coro<std::string> {
    std::vector<Task<int>> row;
    const auto fails = []() -> Coro<> {
      co_await sleep(1s);
      throw std::runtime_error("no");
    };
    const auto block = [&](TaskGroup& group) -> Coro<> {
      for (std::size_t i = 0; i < 50'000; ++i) row.push_back(group.create_task(link(&row, i)));
      static_cast<void>(group.create_task(fails()));
      co_return;
    };
    const auto outcome = co_await as_outcome(task_group(block));
    co_return ending_of(outcome);
  };
  CHECK_THAT(sim::run(body()), Contains("unhandled errors in a TaskGroup (1 sub-exception)"));
}

TEST_CASE("run() ends with 50,000 tasks that wait for one condition, or at one barrier, in no time") {
  const auto waits = [](Condition* condition) -> Coro<> {
    const auto guard = co_await condition->scoped();
    co_await condition->wait();
  };
  const auto arrives = [](Barrier* barrier) -> Coro<> { static_cast<void>(co_await barrier->wait()); };
  const auto leave = [](auto body, auto* primitive) -> Coro<> {
    std::vector<Task<>> tasks;
    for (int i = 0; i < 50'000; ++i) tasks.push_back(create_task(body(primitive)));
    co_await sleep(1s);
    throw std::runtime_error("enough");
  };
  Condition condition;
  CHECK_THROWS_WITH(sim::run(leave(waits, &condition)), "enough");
  Barrier barrier(60'000);
  CHECK_THROWS_WITH(sim::run(leave(arrives, &barrier)), "enough");
}

TEST_CASE("50,000 waiters are woken one by one in one step, in their order, also behind others that were cancelled") {
  constexpr std::size_t many = 50'000;
  const auto takes = [](Semaphore* semaphore, std::vector<std::size_t>* order, std::size_t number) -> Coro<> {
    co_await semaphore->acquire();
    order->push_back(number);
  };
  const auto body = [&takes]() -> Coro<bool> {
    Semaphore semaphore(0);
    std::vector<std::size_t> order;
    std::vector<Task<>> tasks;
    for (std::size_t i = 0; i < 2 * many; ++i) tasks.push_back(create_task(takes(&semaphore, &order, i)));
    co_await sleep(1s);
    for (std::size_t i = many; i-- > 0;) tasks[i].cancel();
    for (std::size_t i = 0; i < many; ++i) semaphore.release();
    co_await sleep(1s);
    bool right = order.size() == many;
    for (std::size_t i = 0; i < order.size(); ++i) right = right && order[i] == many + i;
    co_return right;
  };
  CHECK(sim::run(body()));
}

TEST_CASE("a dump of 100,000 tasks in a row is made in no time, and names the first thousand") {
  Hops h;
  std::vector<Task<int>> row;
  for (std::size_t i = 0; i < 100'000; ++i) row.push_back(h.start(link(&row, i)));
  h.settle();
  const std::string text = dump_tasks(h.loop);
  CHECK(std::count(text.begin(), text.end(), '\n') == 1002);
  CHECK_THAT(text, Contains("100000 tasks:") && Contains("Task 'Task-1' ") && Contains("  ... 99000 more tasks"));
  CHECK(text.size() < 300'000);
  CHECK_THAT(dump_tasks(h.loop, 2), Contains("  ... 99998 more tasks"));
}

TEST_CASE("a deadlock report of 100,000 tasks that wait for one lock is made in no time, and bounded") {
  const auto body = []() -> Coro<> {
    Lock lock("door");
    const auto held = co_await lock.scoped();
    const auto waits = [](Lock* l) -> Coro<> { co_await l->acquire(); };
    std::vector<Task<>> tasks;
    for (int i = 0; i < 100'000; ++i) tasks.push_back(create_task(waits(&lock)));
    co_await gather(tasks);
  };
  try {
    sim::run(body());
    FAIL("no deadlock");
  } catch (const DeadlockError& error) {
    const std::string text = error.what();
    CHECK(text.size() < 300'000);
    CHECK_THAT(text, Contains("waits for Lock 'door' held by Task 'Task-1'") && Contains("more tasks"));
  }
}

TEST_CASE("a circle of 20,000 tasks is named by its first members") {
  Hops h;
  std::vector<Task<int>> row(20'000);
  const auto next = [](std::vector<Task<int>>* tasks, std::size_t at) -> Coro<int> {
    co_return co_await tasks->at((at + 1) % tasks->size());
  };
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = h.start(next(&row, i));
  h.settle();
  const std::string text = dump_tasks(h.loop);
  CHECK_THAT(text, Contains("in a circle: Task-1 -> Task-2 -> Task-3") && Contains("... (19984 more) -> Task-1"));
  CHECK(text.size() < 300'000);
}

TEST_CASE("tasks that wait for members of a circle stand below them, and are searched for once") {
  Hops h;
  std::vector<Task<int>> row(3);
  const auto next = [](std::vector<Task<int>>* tasks, std::size_t at) -> Coro<int> {
    co_return co_await tasks->at(at);
  };
  std::vector<Task<int>> tail;
  for (std::size_t i = 0; i < 2; ++i) tail.push_back(h.start(next(&row, 0)));
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = h.start(next(&row, (i + 1) % row.size()));
  h.settle();
  const std::string text = dump_tasks(h.loop);
  CHECK_THAT(text, Contains("in a circle: Task-3 -> Task-4 -> Task-5 -> Task-3"));
  CHECK_THAT(text, Contains("Task 'Task-1'") && Contains("Task 'Task-2'"));
}

TEST_CASE("where a task stands is told by its first and its last 32 awaits") {
  struct Deep {
    static Coro<int> down(int depth) {
      if (depth == 0) co_await sleep(1h);
      if (depth > 0) co_return co_await down(depth - 1);
      co_return 1;
    }
  };
  Hops h;
  static_cast<void>(h.start(Deep::down(50'000)));
  h.settle();
  const std::string text = dump_tasks(h.loop);
  CHECK_THAT(text, Contains("... (49937 more)"));
  CHECK(text.size() < 5'000);  // of about 100 bytes each
}

TEST_CASE("groups of errors that hold groups say so much and no more, however deep and wide they are") {
  std::exception_ptr deep = std::make_exception_ptr(std::runtime_error("the bottom"));
  for (int i = 0; i < 20'000; ++i) deep = std::make_exception_ptr(ExceptionGroup("level", {deep}));
  CHECK(describe(deep).size() < 3'000);
  const ExceptionGroup wide("wide", std::vector<std::exception_ptr>(10'000, deep));
  CHECK(std::string(wide.what()).size() < 100'000);
  CHECK_THAT(wide.what(), Contains("wide (10000 sub-exceptions)") && Contains("  ... 9968 more"));
  CHECK(wide.exceptions().size() == 10'000);
  AwaitStack long_way;
  long_way.assign(64, Place::here());
  const std::vector<std::exception_ptr> two(2, std::make_exception_ptr(std::runtime_error("no")));
  const ExceptionGroup far("far", two, {long_way});  // of the second nothing is known
  CHECK(std::string_view(far.what()).size() < 1'200);
  CHECK(far.await_stacks().size() == 2);
}

TEST_CASE("a lock that goes while 10,000 tasks wait for it names the first few") {
  Hops h;
  std::vector<ErrorContext> reports;
  h.loop.set_exception_handler([&reports](const ErrorContext& context) { reports.push_back(context); });
  auto lock = std::make_unique<Lock>("door");
  const auto waits = [](Lock* l) -> Coro<> { co_await l->acquire(); };
  const auto holds = [](Lock* l) -> Coro<> {
    co_await l->acquire();
    co_await sleep(1h);
  };
  const auto holder = h.start(holds(lock.get()));
  std::vector<Task<>> tasks;
  for (int i = 0; i < 10'000; ++i) tasks.push_back(h.start(waits(lock.get())));
  h.settle();
  lock.reset();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].message.size() < 2'000);
  CHECK_THAT(reports[0].message, Contains("waits for it and 9992 more"));
  h.settle();
  for (const auto& task : tasks) static_cast<void>(task.outcome());
}
