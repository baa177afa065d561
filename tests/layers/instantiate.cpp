// SPDX-License-Identifier: BSL-1.0
// instantiate.cpp - every template of core, used once, so that purity.py sees the code that they become.
//
// nm sees only what was emitted; a template that nobody uses could hide a clock. Nothing here is ever run. A new public
// template belongs here.
#include <rondo/rondo.hpp>
#include <rondo/executor.hpp>

#include <memory>
#include <string>
#include <vector>

template class rondo::Outcome<int>;
template class rondo::Outcome<void>;
template class rondo::ContextVar<std::string>;
template class rondo::CoroPromise<std::unique_ptr<int>>;
template class rondo::Next<int>;
template class rondo::Next<void>;
template class rondo::AsCompleted<int>;
template class rondo::AsCompleted<void>;
template class rondo::Guard<rondo::Lock>;
template class rondo::Guard<rondo::Semaphore>;
template class rondo::BasicQueue<std::unique_ptr<int>, rondo::DequeStore<std::unique_ptr<int>>>;
template class rondo::BasicQueue<std::string, rondo::PriorityStore<std::string, rondo::SmallestFirst>>;

namespace {

using namespace rondo;

Coro<> nothing() { co_return; }
Coro<int> number(int n) { co_return n; }
Coro<std::string> text() { co_return "text"; }
Coro<std::unique_ptr<int>> owner() { co_return std::make_unique<int>(1); }
AsyncGenerator<int> numbers() {
  for (int i = 0; i < 2; ++i) co_yield i;
}

class Count final : public Routine<int> {
 public:
  Next<int> step() override { return Next<int>::finish(1); }
};
class Idle final : public Routine<> {
 public:
  Next<void> step() override { return Next<void>::sleep(Duration(1)); }
};

Coro<> coroutines() {
  co_await nothing();
  co_await number(1);
  co_await text();
  co_await owner();
  const auto outcome = co_await as_outcome(number(1));
  if (outcome.failed()) outcome.raise();
  co_await as_outcome(nothing());
  co_await as_outcome(as_outcome(owner()));
}

Coro<> tasks() {
  Task<int> task = create_task(number(1), {.name = "one"});
  task.add_done_callback([](const Future<int>& future) { static_cast<void>(future.result()); });
  task.remove_done_callback(task.add_done_callback([] {}));
  task.set_name(task.name());
  if (task.cancelling() > 0) task.uncancel();
  task.cancel("text");
  co_await task;
  static_cast<void>(task.outcome());
  static_cast<void>(task.exception());
  co_await create_task(nothing());
  co_await create_task(owner());
  co_await as_outcome(create_task(text()));
  co_await create_task(std::make_unique<Count>());
  co_await create_task(std::make_unique<Idle>());
  const AnyTask any(task);
  if (any == current_task()) any.cancel();
  static_cast<void>(all_tasks());
  static_cast<void>(await_stack());
}

Coro<> futures() {
  auto future = this_loop().create_future<int>();
  future.set_result(1);
  future.set_exception(RuntimeError("text"));
  co_await future;
  auto empty = this_loop().create_future();
  empty.set_result();
  empty.add_done_callback([](const Future<>& done) { done.result(); });
  co_await as_outcome(empty);
  auto owned = this_loop().create_future<std::unique_ptr<int>>();
  owned.set_result(nullptr);
  co_await std::move(owned);
}

Coro<> combinators() {
  co_await gather(number(1), nothing(), text(), create_task(owner()), sleep(Duration(1), 2));
  co_await gather(return_exceptions, number(1), nothing(), this_loop().create_future<std::string>());
  std::vector<Coro<int>> coros;
  coros.push_back(number(1));
  co_await gather(std::move(coros));
  std::vector<Task<>> started;
  started.push_back(create_task(nothing()));
  co_await gather(return_exceptions, started);
  co_await wait(started, {.timeout = Duration(1), .return_when = first_completed});
  co_await wait(all_tasks());
  co_await wait(started[0], started[0]);
  co_await wait({.timeout = Duration(1)}, started[0], create_task(nothing()));
  auto completed = as_completed(std::move(started), Duration(1));
  while (auto next = completed.next()) co_await std::move(*next);
  std::vector<Coro<int>> more;
  more.push_back(number(2));
  auto values = as_completed(std::move(more));
  while (auto next = values.next()) co_await std::move(*next);
  co_await shield(number(1));
  co_await shield(nothing());
  co_await shield(create_task(owner()));
}

Coro<int> in_timeout(Timeout& limit, int n) {
  limit.reschedule(std::nullopt);
  co_return n;
}
Coro<> in_group(TaskGroup& group) {
  group.create_task(number(1)).cancel();
  co_return;
}
Coro<int> in_group_with(TaskGroup&, int n) { co_return n; }

Coro<> scopes() {
  co_await sleep(Duration(1));
  co_await sleep(Duration(1), std::string("text"));
  co_await as_outcome(sleep(Duration(0)));
  co_await timeout(Duration(1), in_timeout, 1);
  co_await timeout(std::nullopt, nothing);
  co_await timeout_at(this_loop().time(), in_timeout, 1);
  co_await wait_for(number(1), Duration(1));
  co_await wait_for(nothing(), std::nullopt);
  co_await wait_for(create_task(text()), Duration(1));
  co_await wait_for(sleep(Duration(1)), Duration(1));
  co_await task_group(in_group);
  co_await task_group(in_group_with, 1);
  co_await readable(0);
  co_await as_outcome(writable(1));
  auto generator = numbers();
  while (auto next = co_await generator.next()) static_cast<void>(*next);
  co_await as_outcome(generator.next());
  co_await generator.aclose();
}

Coro<> primitives() {
  Event event("text");
  event.set();
  co_await event.wait();
  co_await as_outcome(event.wait());
  event.clear();
  Lock lock;
  co_await lock.acquire();
  lock.release();
  {
    auto guard = co_await lock.scoped();
    if (guard.holds()) guard.release();
  }
  static_cast<void>(co_await as_outcome(lock.scoped()));
  static_cast<void>(co_await wait_for(lock.scoped(), Duration(1)));
  Semaphore semaphore(2);
  BoundedSemaphore bounded(1);
  co_await semaphore.acquire();
  semaphore.release();
  co_await bounded.acquire();
  bounded.release();
  static_cast<void>(co_await semaphore.scoped());
  static_cast<void>(co_await bounded.scoped());
  Condition condition;
  Condition shared(lock, "text");
  const auto guard = co_await condition.scoped();
  co_await condition.wait();
  co_await condition.wait_for([] { return true; });
  co_await shared.wait_for([&event] { return &event; });
  condition.notify(1);
  condition.notify_all();
  Barrier barrier(1);
  co_await barrier.wait();
  co_await barrier.reset();
  co_await barrier.abort();
}

struct Shorter {
  bool operator()(const std::string& a, const std::string& b) const { return a.size() < b.size(); }
};

template <class Q>
Coro<> queue(Q& each) {
  co_await each.put(typename Q::item_type());
  co_await as_outcome(each.put(typename Q::item_type()));
  co_await wait_for(each.put(typename Q::item_type()), Duration(1));
  each.put_nowait(typename Q::item_type());
  co_await each.put(std::in_place);
  each.put_nowait(std::in_place, typename Q::item_type());
  co_await each.get();
  co_await as_outcome(each.get());
  co_await wait_for(each.get(), Duration(1));
  static_cast<void>(each.get_nowait());
  each.task_done();
  co_await each.join();
  each.shutdown(true);
}

Coro<> queues() {
  Queue<std::unique_ptr<int>> owners(1);
  LifoQueue<int> stack(0, "text");
  PriorityQueue<int> numbers_first;
  PriorityQueue<std::string, Shorter> texts;
  const std::string copied = "text";
  texts.put_nowait(copied);
  co_await queue(owners);
  co_await queue(stack);
  co_await queue(numbers_first);
  co_await queue(texts);
}

Coro<> jobs(Executor& executor) {
  co_await to_thread([](int n) { return n; }, 1);
  co_await to_thread([] {});
  co_await run_in_executor(executor, [](std::string s) { return s; }, std::string("text"));
  co_await run_in_executor(nullptr, [] {});
}

Coro<> handle(StreamReader, StreamWriter) { co_return; }
Coro<> network() {
  co_await start_server(handle, "", 0);
  co_await start_unix_server(handle, "path");
  co_await getaddrinfo("host", 80);
  co_await open_connection("host", 80ULL);
  Socket socket;
  co_await as_outcome(socket.send(Slice{nullptr, 0}));
}

void loops(Backend& backend) {
  Loop loop;
  loop.call_soon([] {}).cancel();
  loop.call_later(Duration(1), [] {}).cancel();
  loop.call_at(Instant(), [] {});
  loop.call_soon_threadsafe([] {});
  loop.set_exception_handler([](const ErrorContext&) {});
  loop.add_signal_handler(2, [] {});
  static_cast<void>(loop.create_task(number(1)));
  static_cast<void>(loop.create_task(nothing()));
  drive(loop, backend);
  Runner runner(backend);
  runner.run(nothing());
  static_cast<void>(runner.run(number(1)));
}

}  // namespace

void instantiate(Backend& backend, Executor& executor) {
  loops(backend);
  run(coroutines());
  run(tasks());
  run(backend, futures());
  run(backend, combinators());
  run(backend, scopes());
  run(backend, primitives());
  run(backend, queues());
  run(backend, jobs(executor));
  run(backend, network());
  static_cast<void>(run(number(1)));
  static_cast<void>(run(backend, text()));
}
