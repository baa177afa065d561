// SPDX-License-Identifier: BSL-1.0
// foreign_thread_test.cpp - what is refused, or leaked and reported, where another thread or another loop touches a
// loop's objects.
#include <rondo/threads.hpp>

#include <unistd.h>

#include <array>
#include <thread>

#include <rondo/backends/epoll.hpp>
#include <rondo/backends/sim.hpp>
#include <rondo/rondo.hpp>

#include "catch.hpp"
#include "loop_thread.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

// --- debug mode ------------------------------------------------------------------------------------------------------

TEST_CASE("threads: debug mode refuses what another thread does to a loop's objects") {
  LoopThread other(true);
  Event event;
  Queue<int> queue;
  std::optional<Future<int>> future;
  std::optional<Task<>> task;
  run_coroutine_threadsafe(other.loop(), [&]() -> Coro<> {
    future.emplace(this_loop().create_future<int>());
    task.emplace(create_task([&]() -> Coro<> {
      co_await event.wait();
      static_cast<void>(co_await queue.get());
    }));
    co_await sleep(1ms);
  }).wait();
  const auto says = Contains("belongs to a loop that runs on another thread");
  CHECK_THROWS_WITH(future->set_result(1), says && Contains("set_result: the future made at") && Contains("call_soon_threadsafe"));
  CHECK_THROWS_WITH(future->set_exception(std::runtime_error("no")), says);
  CHECK_THROWS_WITH(future->cancel(), says);
  CHECK_THROWS_WITH(future->add_done_callback([] {}), says);
  CHECK_THROWS_WITH(task->cancel(), says && Contains("the task made at"));
  CHECK_THROWS_WITH(event.set(), says && Contains("set: Event"));
  other.loop().call_soon_threadsafe([&event] { event.set(); });
  run_coroutine_threadsafe(other.loop(), [] { return sleep(1ms); }).wait();
  CHECK_THROWS_WITH(queue.put_nowait(1), says && Contains("put_nowait: Queue"));
  run_coroutine_threadsafe(other.loop(), [&]() -> Coro<> {
    queue.put_nowait(1);
    co_await *task;
    task.reset();
    future.reset();
  }).wait();
}

TEST_CASE("threads: in debug mode a last handle that another thread drops is leaked and reported") {
  LoopThread other(true);
  std::optional<Future<int>> future;
  run_coroutine_threadsafe(other.loop(), [&]() -> Coro<> {
    future.emplace(this_loop().create_future<int>());
    co_return;
  }).wait();
  FutureCore* const core = &future->core();
  future.reset();
  CHECK(other.report() == "the last handle was dropped on a thread that is not the loop's, so it is leaked");
  run_coroutine_threadsafe(other.loop(), [core]() -> Coro<> {
    const Future<int> found(Ref<FutureCore>::adopt(*core));  // for the leak checker
    co_return;
  }).wait();
}

TEST_CASE("threads: a coroutine and a future of another loop are refused where a task is made or awaited") {
  LoopThread other;
  std::optional<Coro<int>> strange;
  std::optional<Future<int>> future;
  run_coroutine_threadsafe(other.loop(), [&]() -> Coro<> {
    strange.emplace([]() -> Coro<int> { co_return 1; }());
    future.emplace(this_loop().create_future<int>());
    co_return;
  }).wait();
  const auto body = [&]() -> Coro<> {
    CHECK_THROWS_WITH(gather(*future), Contains("is of another loop"));
    CHECK_THROWS_WITH(shield(*future), Contains("is of another loop"));
    CHECK_THROWS_WITH(as_completed(std::vector{*future}), Contains("is of another loop"));
    const auto waited = co_await as_outcome(wait({}, *future));
    CHECK_THROWS_WITH(waited.raise(), Contains("is of another loop"));
    co_return;
  };
  run(body());
  run_coroutine_threadsafe(other.loop(), [&]() -> Coro<> {
    strange.reset();
    future.reset();
    co_return;
  }).wait();
  Loop first;
  Loop second;
  Coro<int> made;
  {
    const Loop::Scope scope(first);
    made = []() -> Coro<int> { co_return 1; }();
  }
  CHECK_THROWS_WITH(second.create_task(std::move(made)), Contains("the coroutine was made in another loop"));
}

TEST_CASE("threads: a coroutine of another loop is refused by every await") {
  Loop first;
  const auto made_there = [&first]() -> Coro<int> {
    const Loop::Scope scope(first);
    return []() -> Coro<int> { co_return 1; }();
  };
  const auto body = [&made_there]() -> Coro<> {
    const auto refused = Contains("co_await: the coroutine was made in another loop");
    Coro<int> strange = made_there();
    const auto waited = co_await as_outcome(wait_for(std::move(strange), 1s));
    CHECK_THROWS_WITH(waited.raise(), refused);
    strange = made_there();
    std::string text;
    try {
      static_cast<void>(co_await std::move(strange));
    } catch (const RuntimeError& error) {
      text = error.what();
    }
    CHECK_THAT(text, refused);
  };
  run(body());
}

TEST_CASE("threads: in debug mode a coroutine that another thread drops is leaked and reported") {
  LoopThread other(true);
  CoroPromise<int>* promise = nullptr;
  run_coroutine_threadsafe(other.loop(), [&]() -> Coro<> {
    promise = []() -> Coro<int> { co_return 1; }().release();
    co_return;
  }).wait();
  drop_unstarted(promise->handle());
  CHECK_THAT(other.report(), Contains("dropped on a thread that is not the loop's"));
  run_coroutine_threadsafe(other.loop(), [promise]() -> Coro<> {
    promise->handle().destroy();  // for the leak checker
    co_return;
  }).wait();
}

TEST_CASE("threads: a failed future that another thread drops unseen is reported on the loop's own thread") {
  LoopThread other(true);
  std::optional<Future<int>> future;
  std::thread::id heard;
  run_coroutine_threadsafe(other.loop(), [&]() -> Coro<> {
    this_loop().set_exception_handler([&heard](const ErrorContext& context) {
      if (context.exception) heard = std::this_thread::get_id();
    });
    future.emplace(this_loop().create_future<int>());
    future->set_exception(std::runtime_error("no"));
    co_return;
  }).wait();
  FutureCore* const core = &future->core();
  future.reset();
  const auto loops = run_coroutine_threadsafe(other.loop(), [core]() -> Coro<std::thread::id> {
    const Future<int> found(Ref<FutureCore>::adopt(*core));  // for the leak checker
    static_cast<void>(found.exception());
    co_return std::this_thread::get_id();
  }).result();
  CHECK(heard == loops);
}

namespace {

/// One of each, with a task that waits for it.
struct Shared {
  Lock lock{"l"};
  Semaphore semaphore{0, "s"};
  Condition condition{"c"};
  Queue<int> full{1, "full"};
  Queue<int> worked{0, "worked"};
  Handle handle;
  TimerHandle timer;
  std::optional<Task<>> task;
  std::vector<Task<>> tasks;
};
Coro<> wait_at_each(Shared* s) {
  co_await s->lock.acquire();
  s->full.put_nowait(1);
  s->worked.put_nowait(1);
  static_cast<void>(s->worked.get_nowait());
  s->handle = s->timer = this_loop().call_later(1h, [] {});
  s->task.emplace(create_task(sleep(1h)));
  s->tasks.push_back(*s->task);
  s->tasks.push_back(create_task([](Shared* w) -> Coro<> { co_await w->lock.acquire(); }, s));
  s->tasks.push_back(create_task([](Shared* w) -> Coro<> { co_await w->semaphore.acquire(); }, s));
  s->tasks.push_back(create_task([](Shared* w) -> Coro<> {
    const auto guard = co_await w->condition.scoped();
    co_await w->condition.wait();
  }, s));
  s->tasks.push_back(create_task([](Shared* w) -> Coro<> { co_await w->full.put(2); }, s));
  s->tasks.push_back(create_task([](Shared* w) -> Coro<> { co_await w->worked.join(); }, s));
  co_await sleep(1ms);
  co_await s->condition.acquire();
}
Coro<> let_go_of_all(Shared* s) {
  for (const auto& task : s->tasks) task.cancel();
  s->condition.release();
  for (const auto& task : s->tasks) co_await as_outcome(task);
  s->tasks.clear();
  s->task.reset();
  s->timer.cancel();
  s->handle = s->timer = TimerHandle();
}

}  // namespace

TEST_CASE("threads: debug mode refuses a foreign thread at everything that would wake or change a task, and nothing has changed") {
  LoopThread other(true);
  Shared s;
  run_coroutine_threadsafe(other.loop(), wait_at_each, &s).wait();
  const auto refused = [](const std::string& what) { return Contains(what); };
  CHECK_THROWS_WITH(s.lock.release(), refused("release: Lock 'l' belongs to"));
  CHECK(s.lock.locked());
  CHECK_THROWS_WITH(s.semaphore.release(), refused("release: Semaphore 's' belongs to"));
  CHECK(s.semaphore.locked());
  CHECK_THROWS_WITH(s.condition.notify_all(), refused("notify: Condition 'c' belongs to"));
  CHECK_THROWS_WITH(s.full.get_nowait(), refused("get_nowait: Queue 'full' belongs to"));
  CHECK_THROWS_WITH(s.full.shutdown(), refused("shutdown: Queue 'full' belongs to"));
  CHECK_FALSE(s.full.is_shutdown());
  CHECK_THROWS_WITH(s.worked.task_done(), refused("task_done: Queue 'worked' belongs to"));
  CHECK_THROWS_WITH(s.worked.put_nowait(1), refused("put_nowait: Queue 'worked' belongs to"));
  CHECK(s.worked.unfinished() == 1);
  CHECK_THROWS_WITH(s.handle.cancel(), refused("cancel: the callback made at"));
  CHECK_THROWS_WITH(s.timer.cancel(), refused("cancel: the callback made at"));
  CHECK_THROWS_WITH(s.task->uncancel(), refused("uncancel: the task made at"));
  CHECK_THROWS_WITH(s.task->set_name("x"), refused("set_name: the task made at"));
  CHECK_THROWS_WITH(s.task->remove_done_callback(s.handle), refused("remove_done_callback: the task made at"));
  Loop& loop = other.loop();
  CHECK_THROWS_WITH(loop.create_future<int>(), refused("create_future: called from a thread"));
  CHECK_THROWS_WITH(loop.open_source(), refused("open_source: called from a thread"));
  CHECK_THROWS_WITH(loop.add_signal_handler(10, [] {}), refused("add_signal_handler: called from a thread"));
  CHECK_THROWS_WITH(loop.remove_signal_handler(10), refused("remove_signal_handler: called from a thread"));
  CHECK_THROWS_WITH(loop.set_exception_handler([](const ErrorContext&) {}), refused("set_exception_handler: called from"));
  run_coroutine_threadsafe(other.loop(), let_go_of_all, &s).wait();
}

TEST_CASE("threads: debug mode refuses a foreign thread at a stream and at a server") {
  LoopThread other(true);
  std::optional<Server> server;
  std::optional<Connection> connection;
  run_coroutine_threadsafe(other.loop(), [&]() -> Coro<> {
    server.emplace(co_await start_server([](StreamReader, StreamWriter) -> Coro<> { co_return; }, "127.0.0.1", 0));
    connection.emplace(co_await open_connection(server->addresses().front()));
  }).wait();
  const auto refused = Contains(" belongs to a loop that runs on another thread");
  CHECK_THROWS_WITH(connection->writer.write("x"), refused);
  CHECK_THROWS_WITH(connection->writer.close(), refused);
  CHECK_THROWS_WITH(connection->writer.abort(), refused);
  CHECK_THROWS_WITH(connection->reader.at_eof(), refused);
  CHECK_THROWS_WITH(server->close(), Contains("Server: a server belongs to a loop that runs on another thread"));
  run_coroutine_threadsafe(other.loop(), [&]() -> Coro<> {
    connection.reset();
    server.reset();
    co_await sleep(1ms);
  }).wait();
}

TEST_CASE("threads: debug mode refuses a foreign thread at a socket, and leaks and reports one that is closed there") {
  LoopThread other(true);
  std::optional<DatagramSocket> datagrams;
  std::optional<Socket> socket;
  run_coroutine_threadsafe(other.loop(), [&]() -> Coro<> {
    datagrams.emplace(co_await open_datagram(Address::loopback(0)));
    Endpoint endpoint{Address::loopback(0), Address(), {}};
    socket.emplace(co_await datagram_socket(endpoint));
  }).wait();
  std::array<std::byte, 8> buffer{};
  const std::string number = std::to_string(socket->handle());
  const auto refused = Contains("Socket: socket " + number + " belongs to a loop that runs on another thread");
  Datagram datagram{buffer.data(), buffer.size(), Address()};
  CHECK_THROWS_WITH(socket->recv(buffer), refused);
  CHECK_THROWS_WITH(socket->recv_from(datagram), refused);
  CHECK_THROWS_WITH(socket->send(Slice{buffer.data(), buffer.size()}), refused);
  CHECK_THROWS_WITH(socket->send_to(datagram), refused);
  CHECK_THROWS_WITH(sim::run(socket->send_all(buffer)), refused);
  CHECK_THROWS_WITH(sim::run(socket->shutdown_write()), refused);
  CHECK_THROWS_WITH(sim::run(datagrams->recv_from()), Contains(" belongs to a loop that runs on another thread"));
  const int descriptor = socket->handle();
  socket->close();
  CHECK(other.report() == "the last handle was dropped on a thread that is not the loop's, so it is leaked");
  CHECK(::close(descriptor) == 0);  // still open
  run_coroutine_threadsafe(other.loop(), [&]() -> Coro<> {
    datagrams.reset();
    co_return;
  }).wait();
}

TEST_CASE("threads: a TaskGroup takes no child from where another loop runs") {
  Loop strange;
  const auto child = []() -> Coro<> { co_return; };
  const auto body = [&]() -> Coro<std::string> {
    std::string text;
    co_await task_group([&](TaskGroup& group) -> Coro<> {
      const Loop::Scope scope(strange);
      try {
        static_cast<void>(group.create_task(child()));
      } catch (const RuntimeError& error) {
        text = error.what();
      }
      co_return;
    });
    co_return text;
  };
  CHECK(run(body()) == "create_task: the TaskGroup is of another loop");
}

TEST_CASE("threads: between two runs a Runner belongs to no thread, also in debug mode") {
  EpollBackend backend;
  Runner runner(backend, {.debug = true});
  std::thread([&] { runner.run([]() -> Coro<> { co_return; }()); }).join();
  bool called = false;
  runner.loop().call_soon([&called] { called = true; });
  const auto future = runner.loop().create_future<>();
  future.set_result();
  runner.run([]() -> Coro<> { co_await sleep(0s); }());
  CHECK(called);
}

TEST_CASE("threads: a Runner may move to another thread between its runs, also in debug mode") {
  EpollBackend backend;
  Runner runner(backend, {.debug = true});
  CHECK(runner.run([]() -> Coro<int> { co_return 1; }()) == 1);
  int second = 0;
  std::thread([&] { second = runner.run([]() -> Coro<int> { co_return co_await create_task(sleep(1ms, 2)); }()); }).join();
  CHECK(second == 2);
  CHECK(runner.run([]() -> Coro<int> { co_return 3; }()) == 3);
}
