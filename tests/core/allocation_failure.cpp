// SPDX-License-Identifier: BSL-1.0
// allocation_failure.cpp - fails each allocation of a program in turn: 1st, 2nd, 3rd, ... until one run needs no more.
//
// Each run must end in its value or in std::bad_alloc (alone or inside an ExceptionGroup), give back every byte, and
// leave the next run as good as new. Prints how many allocations were failed.
//
// And C11: with a resource of its own a loop takes nothing from the global heap for frames, futures, callbacks, timers
// and operations (docs/the-loop.md names what it does take there).
//
// And an echo through streams allocates nothing once it has warmed up (strings apart, which read() gives).
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <memory_resource>
#include <new>
#include <span>
#include <string>

#include <rondo/backends/epoll.hpp>
#include <rondo/backends/sim.hpp>
#include <rondo/rondo.hpp>

namespace {

long countdown = -1;  // allocations until one fails; negative: none does
long outstanding = 0;
long taken = 0;
bool failed = false;

void* take(std::size_t size, std::size_t alignment) {
  if (countdown > 0 && --countdown == 0) {
    failed = true;
    throw std::bad_alloc();
  }
  void* memory = alignment <= alignof(std::max_align_t) ? std::malloc(size) : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (!memory) std::abort();
  ++outstanding;
  ++taken;
  return memory;
}

void give(void* memory) noexcept {
  if (!memory) return;
  --outstanding;
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return take(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) { return take(size, static_cast<std::size_t>(alignment)); }
void operator delete(void* memory) noexcept { give(memory); }
void operator delete(void* memory, std::size_t) noexcept { give(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { give(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { give(memory); }

namespace {

using namespace rondo;
using namespace std::chrono_literals;

Coro<int> worker(int n) {
  co_await sleep(std::chrono::milliseconds(n));
  co_return n;
}

Coro<int> nested(int depth) {
  if (depth == 0) co_return co_await worker(1);
  const int below = co_await nested(depth - 1);
  co_return below + 1;
}

Coro<> group_body(TaskGroup& group) {
  static_cast<void>(group.create_task(worker(3)));
  static_cast<void>(group.create_task(worker(4), {.name = "a task with a name that is not short"}));
  co_await sleep(1ms);
}

AsyncGenerator<int> numbers() {
  for (int i = 0; i < 3; ++i) co_yield i;
}

/// What two tasks share; the event goes while one of them waits for it.
struct Shared {
  Lock lock{"a lock with a name that is not short"};
  Semaphore semaphore{1};
  Condition condition;
  Barrier barrier{2};
  Queue<std::string> queue{1};
  std::unique_ptr<Event> event = std::make_unique<Event>("an event with a name that is not short");
  std::unique_ptr<Queue<int>> empty = std::make_unique<Queue<int>>(0, "a queue with a name that is not short");
  bool ready = false;
};

Coro<> first_user(std::shared_ptr<Shared> s) {
  {
    const auto guard = co_await s->lock.scoped();
    const auto permit = co_await s->semaphore.scoped();
    co_await sleep(1ms);
    s->lock.release();  // the guard will find it free, and say so
  }
  {
    const auto guard = co_await s->condition.scoped();
    co_await s->condition.wait_for([&s] { return s->ready; });
  }
  co_await s->barrier.wait();
  for (int i = 0; i < 3; ++i) co_await s->queue.put("a text that is not short, either");
  co_await s->queue.join();
  const auto outcome = co_await as_outcome(s->event->wait());
  if (outcome.cancelled()) outcome.raise();
  const auto item = co_await as_outcome(s->empty->get());
  if (item.cancelled()) item.raise();
}

Coro<> second_user(std::shared_ptr<Shared> s) {
  co_await s->semaphore.acquire();
  s->semaphore.release();
  {
    const auto guard = co_await s->condition.scoped();
    s->ready = true;
    s->condition.notify_all();
  }
  co_await s->barrier.wait();
  for (int i = 0; i < 3; ++i) {
    static_cast<void>(co_await s->queue.get());
    s->queue.task_done();
  }
  co_await sleep(1ms);
  s->event.reset();
  co_await sleep(1ms);
  s->empty.reset();
}

Coro<> users(TaskGroup& group) {
  const auto shared = std::make_shared<Shared>();
  static_cast<void>(group.create_task(first_user(shared)));
  static_cast<void>(group.create_task(second_user(shared)));
  co_return;
}

Coro<int> program() {
  int sum = co_await nested(5);
  auto [a, b] = co_await gather(worker(1), worker(2));
  sum += a + b;
  sum += co_await wait_for(worker(5), 1s);
  static_cast<void>(co_await as_outcome(wait_for(worker(500), 1ms)));
  co_await task_group(group_body);
  std::vector<Task<int>> tasks;
  for (int i = 1; i < 4; ++i) tasks.push_back(create_task(worker(i)));
  tasks[2].cancel("with a message");
  auto parted = co_await wait(tasks);
  sum += static_cast<int>(parted.done.size());
  auto completed = as_completed(std::move(parted.done));
  while (auto next = completed.next()) static_cast<void>(co_await as_outcome(std::move(*next)));
  auto generator = numbers();
  while (auto value = co_await generator.next()) sum += *value;
  sum += co_await shield(worker(1));
  sum += co_await to_thread([] { return 7; });
  Future<int> future = this_loop().create_future<int>();
  this_loop().call_later(1ms, [future] { future.set_result(1); });
  future.add_done_callback([] {});
  sum += co_await future;
  co_await task_group(users);
  co_return sum;
}

bool only_bad_alloc(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    return true;
  } catch (const ExceptionGroup& group) {
    for (const auto& member : group.exceptions()) {
      if (!only_bad_alloc(member)) return false;
    }
    return true;
  } catch (...) {
    return false;
  }
}

/// -1: it ended in bad_alloc; -2: in something else.
int run_once() {
  try {
    return sim::run(program());
  } catch (...) {
    countdown = -1;
    return only_bad_alloc(std::current_exception()) ? -1 : -2;
  }
}

/// Takes memory where operator new does not see it.
class OutsideHeap final : public std::pmr::memory_resource {
 public:
  long blocks = 0;

 private:
  void* do_allocate(std::size_t size, std::size_t) override {
    ++blocks;
    return std::malloc(size);
  }
  void do_deallocate(void* memory, std::size_t, std::size_t) override {
    --blocks;
    std::free(memory);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

Coro<int> modest_program() {
  int sum = co_await nested(5);
  const auto [a, b] = co_await gather(worker(1), worker(2));
  sum += a + b;
  sum += co_await create_task(worker(3));
  sum += co_await shield(worker(4));
  sum += co_await wait_for(worker(5), 1s);
  sum += co_await timeout(1s, worker, 6);
  auto generator = numbers();
  while (const auto value = co_await generator.next()) sum += *value;
  const Future<int> future = this_loop().create_future<int>();
  future.add_done_callback([] {});
  this_loop().call_later(1ms, [future] { future.set_result(1); });
  this_loop().call_soon([] {});
  sum += co_await future;
  const Task<> reader = create_task([]() -> Coro<> { co_await readable(5); }());
  co_await sleep(1ms);
  reader.cancel();
  static_cast<void>(co_await as_outcome(run_in_executor(nullptr, [] { return 7; })));
  co_return sum;
}

/// How many blocks the global heap gave for a run in which every operation is answered with -ECANCELED.
long taken_from_global_heap(OutsideHeap& heap) {
  Loop loop({.resource = &heap});
  std::array<Output, 8> out;
  std::array<Input, 8> in;
  std::size_t answers = 0;
  const long before = taken;
  const Loop::Scope scope(loop);  // a coroutine that is made where no loop runs has its frame on the global heap
  const auto task = create_task(modest_program());
  StepResult result;
  while (!task.done()) {
    result = loop.step(answers > 0 ? loop.time() : std::min(result.deadline, loop.time() + 1s),
                       std::span<const Input>(in).first(answers), out);
    answers = 0;
    for (std::size_t i = 0; i < result.produced; ++i) {
      if (out[i].verb == Output::Verb::cancel || out[i].kind == OperationKind::job) {
        in[answers++] = Input::completion(out[i].id, -ECANCELED);
      }
    }
  }
  return taken - before;
}

// --- an echo that has warmed up --------------------------------------------------------------------------------------

Coro<> echo(StreamReader reader, StreamWriter writer) {
  std::array<std::byte, 512> buffer;
  while (const std::size_t size = co_await reader.read_into(buffer)) {
    writer.write(std::span(buffer).first(size));
    co_await writer.drain();
  }
}

Coro<> ask(const StreamReader& reader, const StreamWriter& writer, int times) {
  std::array<std::byte, 512> buffer;
  buffer.fill(std::byte{'x'});
  for (int i = 0; i < times; ++i) {
    writer.write(std::span(buffer).first(100));
    co_await writer.drain();
    for (std::size_t got = 0; got < 100;) got += co_await reader.read_into(buffer);
  }
}

/// Allocations of both ends in a thousand requests, when as many were before.
Coro<long> allocations_of_an_echo() {
  Server server = co_await start_server(echo, "127.0.0.1", 0);
  auto [reader, writer] = co_await open_connection("127.0.0.1", server.addresses().front().port());
  co_await ask(reader, writer, 1000);
  const long before = taken;
  co_await ask(reader, writer, 1000);
  const long after = taken;
  writer.close();
  server.close();
  co_return after - before;
}

}  // namespace

int main() {
  {
    EpollBackend backend;
    if (const long count = run(backend, allocations_of_an_echo()); count != 0) {
      std::printf("%ld allocations in a thousand requests of an echo through streams\n", count);
      return 1;
    }
  }
  OutsideHeap heap;
  if (const long blocks = taken_from_global_heap(heap); blocks != 0 || heap.blocks != 0) {
    std::printf("%ld blocks came from the global heap, %ld of the resource were not given back\n", blocks, heap.blocks);
    return 1;
  }
  const int expected = run_once();
  long n = 1;
  for (;; ++n) {
    const long before = outstanding;
    failed = false;
    countdown = n;
    const int got = run_once();
    countdown = -1;
    if (!failed) break;
    if (got != expected && got != -1) {
      std::printf("allocation %ld: the run ended with %d\n", n, got);
      return 1;
    }
    if (outstanding != before) {
      std::printf("allocation %ld: %ld blocks leaked\n", n, outstanding - before);
      return 1;
    }
    if (run_once() != expected) {
      std::printf("allocation %ld: the next run is not as good as new\n", n);
      return 1;
    }
  }
  std::printf("%ld allocations failed in turn\n", n - 1);
  return n > 20 ? 0 : 1;
}
