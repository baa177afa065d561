// SPDX-License-Identifier: BSL-1.0
// coming_from_asyncio.cpp - the code of docs/coming-from-asyncio.md.
#include "snippets.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <unistd.h>

// [prologue]
#include <rondo/rondo.hpp>

using namespace rondo;
using namespace std::chrono_literals;
// [/prologue]

#include <rondo/backends/epoll.hpp>
#include <rondo/backends/sim.hpp>
#include <rondo/executors/thread_pool.hpp>

namespace {

// [f]
Coro<int> f(int x) { co_return x; }
// [/f]

Coro<int> work() {
  co_await sleep(1s);
  co_return 42;
}
Coro<int> fail() {
  co_await sleep(1s);
  throw std::invalid_argument("no");
}
Coro<> async_main() { co_return; }
int blocking(int x) { return x; }

// --- programs -----------------------------------------------------------------------------------------------------------

const AddSnippet programs("programs", [] {
  // [programs]
  run(async_main());
  run(async_main(), {.debug = true});
  sim::run(async_main());
  // [/programs]
  // [runner]
  Runner runner;
  int first = runner.run(work());
  int second = runner.run(f(2));
  runner.loop().set_debug(true);
  runner.close();
  // [/runner]
  check(first == 42 && second == 2);
  // [interrupt]
  try {
    run(async_main());
  } catch (const KeyboardInterrupt&) {
    std::cout << "interrupted\n";
  }
  // [/interrupt]
});

// --- coroutines ---------------------------------------------------------------------------------------------------------

Coro<> coroutines() {
  // [coroutines]
  int x = co_await f(1);
  static_cast<void>(f(1));
  co_await sleep(1s);
  co_await sleep(0s);
  std::string text = co_await sleep(1s, std::string("text"));
  // [/coroutines]
  check(x == 1 && text == "text");
}
const AddSnippet add_coroutines("coroutines", [] { sim::run(coroutines()); });

// --- tasks and futures --------------------------------------------------------------------------------------------------

Coro<> tasks() {
  // [tasks]
  auto t = create_task(work());
  auto named = create_task(work(), {.name = "worker"});
  int x = co_await t;
  int y = t.result();
  std::exception_ptr error = t.exception();
  bool done = t.done();
  bool cancelled = t.cancelled();
  std::string name = named.name();
  named.set_name("other");
  AnyTask me = current_task();
  std::vector<AnyTask> all = all_tasks();
  // [/tasks]
  check(x == 42 && y == 42 && !error && done && !cancelled && name == "worker" && me && all.size() == 1);

  Context ctx = copy_context();
  // [context_option]
  auto u = create_task(work(), {.context = &ctx});
  // [/context_option]
  co_await u;

  // [cancelling]
  t = create_task(work());
  t.cancel();
  t.cancel("shutting down");
  std::uint32_t requests = t.cancelling();
  std::uint32_t left = t.uncancel();
  // [/cancelling]
  check(requests == 2 && left == 1);
  co_await sleep(2s);
  check(t.cancelled());
}
const AddSnippet add_tasks("tasks", [] { sim::run(tasks()); });

Coro<> futures() {
  Loop& loop = this_loop();
  int heard = 0;
  // [futures]
  Future<int> future = loop.create_future<int>();
  future.set_result(42);
  int x = co_await future;
  // [/futures]
  check(x == 42);
  auto failing = loop.create_future<int>();
  // [set_exception]
  failing.set_exception(std::invalid_argument("no"));
  // [/set_exception]
  check(failing.exception() != nullptr);
  auto cb = [&heard](Future<int> done) { heard = done.result(); };
  auto waited = loop.create_future<int>();
  // [callbacks]
  Handle h = waited.add_done_callback(cb);
  waited.remove_done_callback(h);
  // [/callbacks]
  h = waited.add_done_callback(cb);
  waited.set_result(7);
  co_await sleep(0s);
  check(heard == 7);
}
const AddSnippet add_futures("futures", [] { sim::run(futures()); });

// --- several at once ----------------------------------------------------------------------------------------------------

Coro<> gathering() {
  // [gather]
  auto [a, b] = co_await gather(f(1), f(2));
  auto [c, d] = co_await gather(return_exceptions, f(1), fail());
  // [/gather]
  check(a == 1 && b == 2 && c.value() == 1 && d.failed());

  std::vector<Coro<int>> coros;
  for (int i = 0; i < 3; ++i) coros.push_back(f(i));
  // [gather_vector]
  std::vector<int> values = co_await gather(std::move(coros));
  // [/gather_vector]
  check(values.size() == 3 && values[2] == 2);
  coros.clear();
  for (int i = 0; i < 3; ++i) coros.push_back(f(i));
  // [gather_outcomes]
  std::vector<Outcome<int>> outcomes = co_await gather(return_exceptions, std::move(coros));
  // [/gather_outcomes]
  check(outcomes.size() == 3);

  // [outcome]
  auto [good, bad] = co_await gather(return_exceptions, work(), fail());
  if (good) std::cout << "value: " << good.value() << '\n';
  if (bad.failed()) std::cout << "error: " << describe(bad.error()) << '\n';
  if (bad.cancelled()) std::cout << "cancelled: " << bad.message() << '\n';
  // [/outcome]

  // [shield]
  int res = co_await shield(work());
  // [/shield]
  check(res == 42);
}
const AddSnippet add_gathering("gather", [] { sim::run(gathering()); });

Coro<> waiting() {
  std::vector<Task<int>> tasks{create_task(work()), create_task(f(1))};
  // [wait]
  auto [done, pending] = co_await wait(tasks, {.timeout = 500ms, .return_when = first_completed});
  // [/wait]
  check(done.size() == 1 && pending.size() == 1);
  // [wait_all]
  auto all = co_await wait(tasks);
  // [/wait_all]
  check(all.done.size() == 2);
  const auto a = tasks[0];
  const AnyTask b = tasks[1];
  // [wait_some]
  auto both = co_await wait({.timeout = 500ms}, a, b);
  // [/wait_some]
  check(both.done.size() == 2);

  // [as_completed]
  std::vector<Coro<int>> coros;
  coros.push_back(work());
  coros.push_back(f(1));
  auto it = as_completed(std::move(coros), 10s);
  while (auto next = it.next()) {
    int value = co_await *next;
    std::cout << value << '\n';
  }
  // [/as_completed]
}
const AddSnippet add_waiting("wait", [] { sim::run(waiting()); });

// [group]
Coro<> both(TaskGroup& group) {
  auto a = group.create_task(work());
  auto b = group.create_task(f(2));
  std::cout << co_await a + co_await b << '\n';
}
// [/group]

Coro<> failing(TaskGroup& group) {
  static_cast<void>(group.create_task(fail()));
  co_return;
}

Coro<> grouping() {
  // [task_group]
  co_await task_group(both);
  // [/task_group]
  int reported = 0;
  // [exception_group]
  try {
    co_await task_group(failing);
  } catch (const ExceptionGroup& group) {
    for (const auto& error : group.exceptions()) {
      try {
        std::rethrow_exception(error);
      } catch (const std::invalid_argument& wrong) {
        ++reported;
        std::cout << wrong.what() << '\n';
      }
    }
  }
  // [/exception_group]
  check(reported == 1);
}
const AddSnippet add_grouping("task group", [] { sim::run(grouping()); });

// --- deadlines ----------------------------------------------------------------------------------------------------------

// [timeout_body]
Coro<int> body(Timeout& limit, int x) {
  limit.reschedule(this_loop().time() + 5s);
  co_await sleep(2s);
  co_return x;
}
// [/timeout_body]

Coro<> deadlines() {
  // [wait_for]
  int x = co_await wait_for(work(), 10s);
  int y = co_await wait_for(work(), std::nullopt);
  // [/wait_for]
  check(x == 42 && y == 42);

  bool late = false;
  // [timeout]
  try {
    co_await timeout(1s, [] { return sleep(1h); });
  } catch (const TimeoutError&) {
    late = true;
  }
  // [/timeout]
  check(late);
  // [timeouts]
  int a = co_await timeout(1s, f, 42);
  int b = co_await timeout(std::nullopt, f, 42);
  Instant deadline = this_loop().time() + 1s;
  int c = co_await timeout_at(deadline, f, 42);
  int d = co_await timeout(1s, body, 42);
  // [/timeouts]
  check(a == 42 && b == 42 && c == 42 && d == 42);
  auto look = [](Timeout& limit) -> Coro<> {
    // [timeout_members]
    std::optional<Instant> when = limit.when();
    limit.reschedule(std::nullopt);
    bool expired = limit.expired();
    // [/timeout_members]
    check(when && !expired);
    co_return;
  };
  co_await timeout(1s, look);
}
const AddSnippet add_deadlines("deadlines", [] { sim::run(deadlines()); });

// --- cancellation -------------------------------------------------------------------------------------------------------

Coro<> clean_up() { co_await sleep(100ms); }

// [catch_cancelled]
Coro<> noisy() {
  try {
    co_await work();
  } catch (const CancelledError& error) {
    std::cout << "asked to stop: " << error.message() << '\n';
    throw;
  }
}
// [/catch_cancelled]

// [as_outcome]
Coro<> polite() {
  const auto outcome = co_await as_outcome(work());
  co_await clean_up();  // whatever happened, as in a finally block
  outcome.raise();      // throws the error or the cancellation, if there was one
}
// [/as_outcome]

// [except_exception]
Coro<int> careful() {
  try {
    co_return co_await work();
  } catch (const std::exception&) {  // not a CancelledError
    co_return -1;
  }
}
// [/except_exception]

template <class T>
Coro<bool> ends_when_cancelled(Coro<T> coro) {
  auto task = create_task(std::move(coro));
  co_await sleep(500ms);
  task.cancel("now");
  const auto outcome = co_await as_outcome(task);
  co_return task.cancelled() && outcome.message() == "now";
}
const AddSnippet cancellation("cancellation", [] {
  check(sim::run(ends_when_cancelled(noisy())));
  check(sim::run(ends_when_cancelled(polite())));
  check(sim::run(ends_when_cancelled(careful())));
});

// --- generators and context variables -----------------------------------------------------------------------------------

// [generator]
AsyncGenerator<int> ticks(int count) {
  for (int i = 0; i < count; ++i) {
    co_await sleep(1s);
    co_yield i;
  }
}
// [/generator]

Coro<> generating() {
  int sum = 0;
  // [async_for]
  auto gen = ticks(3);
  while (auto tick = co_await gen.next()) {
    sum += *tick;
  }
  co_await gen.aclose();
  // [/async_for]
  check(sum == 3);
}
const AddSnippet add_generating("generators", [] { sim::run(generating()); });

// [context_var]
const ContextVar<std::string> user(std::string("nobody"));
// [/context_var]

Coro<> contexts() {
  // [context]
  auto token = user.set("alice");
  std::string name = user.get();
  user.reset(token);
  Context context = copy_context();
  // [/context]
  check(name == "alice" && user.get() == "nobody");
  co_return;
}
const AddSnippet add_contexts("context variables", [] { sim::run(contexts()); });

// --- the loop -----------------------------------------------------------------------------------------------------------

Coro<> looping() {
  int calls = 0;
  auto cb = [&calls] { ++calls; };
  // [loop]
  Loop& loop = this_loop();
  Instant now = loop.time();
  Handle soon = loop.call_soon(cb);
  TimerHandle later = loop.call_later(1s, cb);
  TimerHandle at = loop.call_at(now + 2s, cb);
  Instant when = at.when();
  at.cancel();
  bool cancelled = at.cancelled();
  loop.set_debug(true);
  // [/loop]
  co_await sleep(3s);
  check(calls == 2 && when == now + 2s && cancelled && !soon.cancelled() && !later.cancelled());

  std::string heard;
  auto handler = [&heard](const ErrorContext& context) { heard = context.message; };
  // [exception_handler]
  loop.set_exception_handler(handler);
  loop.call_exception_handler({"the pump is dry", nullptr, "pump"});
  // [/exception_handler]
  check(heard == "the pump is dry");
  heard.clear();
  static_cast<void>(create_task(fail()));
  co_await sleep(2s);
  check(!heard.empty());
  loop.set_exception_handler([](const ErrorContext&) {});
}
const AddSnippet add_looping("the loop", [] { sim::run(looping()); });

Coro<> outside() {
  Loop& loop = this_loop();
  std::atomic<int> calls = 0;
  auto cb = [&calls] { ++calls; };
  // [outside_source]
  OutsideSource source = loop.open_source();
  // [/outside_source]
  std::thread thread([&loop, cb] {
    // [threadsafe]
    loop.call_soon_threadsafe(cb);
    loop.call_soon_threadsafe([] { static_cast<void>(create_task(work())); });
    // [/threadsafe]
  });
  while (calls == 0 || all_tasks().size() < 2) co_await sleep(1ms);
  thread.join();

  int signals = 0;
  // [signals]
  loop.add_signal_handler(SIGUSR1, [&signals] { ++signals; });
  co_await sleep(50ms);  // the backend hears of it when the step ends
  std::raise(SIGUSR1);
  co_await sleep(50ms);
  loop.remove_signal_handler(SIGUSR1);
  // [/signals]
  check(signals == 1);

  std::array<int, 2> ends{};
  check(::pipe(ends.data()) == 0);
  const auto [reader, writer] = ends;
  // [readiness]
  co_await writable(writer);
  check(::write(writer, "x", 1) == 1);
  co_await readable(reader);
  // [/readiness]
  ::close(reader);
  ::close(writer);
}

Coro<> executors() {
  // [executors]
  int a = co_await to_thread(blocking, 1);
  int b = co_await run_in_executor(nullptr, blocking, 2);
  ThreadPoolExecutor pool({.threads = 4});
  int c = co_await run_in_executor(pool, blocking, 3);
  // [/executors]
  check(a == 1 && b == 2 && c == 3);
}
const AddSnippet add_outside("threads, signals, descriptors", [] {
  EpollBackend backend;
  run(backend, outside());
});
const AddSnippet add_executors("executors", [] { run(executors()); });

// --- what differs -------------------------------------------------------------------------------------------------------

// [use]
Coro<> use(std::shared_ptr<int> file) {
  co_await sleep(1s);
  ++*file;
}
// [/use]

Coro<> parameters() {
  // [parameters]
  auto file = std::make_shared<int>(0);
  auto task = create_task(use(file));
  co_await task;
  check(file.use_count() == 2);  // done, but its parameter is still there
  task = {};
  check(file.use_count() == 1);  // the last handle is gone, and so is the coroutine
  // [/parameters]
}
const AddSnippet add_parameters("parameters", [] { sim::run(parameters()); });

Coro<std::unique_ptr<int>> make_unique_later() {
  co_await sleep(1s);
  co_return std::make_unique<int>(42);
}

Coro<std::string> read_all() {
  co_await sleep(1s);
  co_return "a long text";
}

Coro<> moving() {
  // [moving]
  auto task = create_task(read_all());
  std::string copy = co_await task;              // others may await it, too
  std::string text = co_await std::move(task);   // gives the handle up: the value is moved out
  // [/moving]
  check(copy == text);
  auto unique = create_task(make_unique_later());
  const auto& look = co_await unique;
  check(*look == 42);
  const std::unique_ptr<int> owner = co_await std::move(unique);
  check(*owner == 42);
}
const AddSnippet add_moving("moved values", [] { sim::run(moving()); });

// [deadlock]
Coro<> stuck() {
  auto future = this_loop().create_future<int>();
  co_await future;  // nobody will ever set it
}
// [/deadlock]
const AddSnippet deadlock("deadlock", [] {
  bool reported = false;
  // [deadlock_caught]
  try {
    run(stuck());
  } catch (const DeadlockError& error) {
    std::cout << error.what() << '\n';
    reported = true;
  }
  // [/deadlock_caught]
  check(reported);
});

Coro<> equal_deadlines() {
  std::string order;
  // [equal_deadlines]
  Loop& loop = this_loop();
  loop.call_later(1s, [&order] { order += 'a'; });
  loop.call_later(1s, [&order] { order += 'b'; });
  co_await sleep(2s);
  check(order == "ab");
  // [/equal_deadlines]
}
const AddSnippet add_equal_deadlines("equal deadlines", [] { sim::run(equal_deadlines()); });

Coro<> closures() {
  // [body_arguments]
  co_await task_group([](TaskGroup& group, int count) -> Coro<> {
    for (int i = 0; i < count; ++i) static_cast<void>(group.create_task(f(i)));
    co_return;
  }, 3);
  // [/body_arguments]

  // [named_closure]
  std::vector<int> numbers{1, 2, 3};
  auto body = [numbers](TaskGroup& group) -> Coro<> {
    for (int i : numbers) static_cast<void>(group.create_task(f(i)));
    co_return;
  };
  co_await task_group(body);  // not task_group([numbers]... here: GCC 12 destroys it twice
  // [/named_closure]
}
const AddSnippet add_closures("closures", [] { sim::run(closures()); });

Coro<> dropping(bool& ran) {
  // [fire_and_forget]
  static_cast<void>(create_task(work()));
  // [/fire_and_forget]
  auto later = [](bool& flag) -> Coro<> {
    co_await sleep(1s);
    flag = true;
  };
  static_cast<void>(create_task(later(ran)));
  co_await sleep(2s);
}
const AddSnippet add_dropping("dropped handles", [] {
  bool ran = false;
  sim::run(dropping(ran));
  check(ran);
});

}  // namespace
