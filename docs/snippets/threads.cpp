// SPDX-License-Identifier: BSL-1.0
// threads.cpp - the code of docs/threads.md, and of what docs/coming-from-asyncio.md says of threads.
#include "snippets.hpp"

#include <string>
#include <thread>

#include <rondo/backends/epoll.hpp>
#include <rondo/rondo.hpp>
#include <rondo/threads.hpp>

using namespace rondo;
using namespace std::chrono_literals;

namespace {

Coro<std::string> fetch(std::string name) {
  co_await sleep(1ms);
  co_return "page of " + name;
}

// [in]
/// On a thread of the program; the loop runs on another.
std::string ask(Loop& loop) {
  const auto page = run_coroutine_threadsafe(loop, fetch, std::string("index"));
  if (!page.wait_for(5s)) {
    page.cancel();
    return "too slow";
  }
  return page.result();
}
// [/in]
const AddSnippet add_in("a thread asks a loop", [] {
  EpollBackend backend;
  Runner runner(backend);
  runner.run([]() -> Coro<> {
    Promise<std::string> promise;
    const auto future = promise.future();
    std::thread asker([&loop = this_loop(), &promise] { promise.set_result(ask(loop)); });
    check(co_await future == "page of index");
    asker.join();
  }());
});

/// A library with threads of its own, which calls back on one of them.
template <class F>
std::thread read_temperature(F callback) {
  return std::thread([callback = std::move(callback)]() mutable { callback(21); });
}

// [out]
Coro<int> temperature() {
  Promise<int> promise;
  const auto value = promise.future();
  std::thread reader = read_temperature([promise = std::move(promise)](int degrees) mutable {
    promise.set_result(degrees);  // on the library's thread
  });
  const int degrees = co_await value;
  reader.join();
  co_return degrees;
}
// [/out]
const AddSnippet add_out("a loop waits for a thread", [] { check(run(temperature()) == 21); });

Coro<int> events() {
  // [stream]
  Queue<int> queue;
  const OutsideSource source = this_loop().open_source();  // somebody outside may still come
  std::thread producer([&loop = this_loop(), &queue] {
    for (int i = 1; i <= 3; ++i) loop.call_soon_threadsafe([&queue, i] { queue.put_nowait(i); });
  });
  int sum = 0;
  for (int i = 0; i < 3; ++i) sum += co_await queue.get();
  producer.join();
  // [/stream]
  co_return sum;
}
const AddSnippet add_stream("a thread feeds a queue", [] { check(run(events()) == 6); });

Coro<> work() { co_return; }

const AddSnippet add_row("run_coroutine_threadsafe", [] {
  EpollBackend backend;
  Runner runner(backend);
  Loop& loop = runner.loop();
  // [run_coroutine_threadsafe]
  auto handle = run_coroutine_threadsafe(loop, work);
  // [/run_coroutine_threadsafe]
  while (!handle.done()) runner.run(work());
  handle.result();
});

}  // namespace
