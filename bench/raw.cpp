// SPDX-License-Identifier: BSL-1.0
// raw.cpp - bare coroutines.
#include "raw.hpp"

#include <bit>
#include <new>
#include <utility>
#include <vector>

#include <rondo/kernel/link.hpp>

#include "measure.hpp"

namespace bench {
namespace {

/// The cheapest ready queue there is: handles in a ring of fixed size, the oldest first.
class Ring {
 public:
  explicit Ring(std::size_t room) : slots_(std::bit_ceil(room)) {}
  void push(std::coroutine_handle<> handle) { slots_[tail_++ & (slots_.size() - 1)] = handle; }
  std::coroutine_handle<> pop() { return slots_[head_++ & (slots_.size() - 1)]; }

 private:
  std::vector<std::coroutine_handle<>> slots_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
};

struct RingTask {
  struct promise_type {
    RingTask get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};

/// Goes to the back of the ring.
struct RingYield {
  Ring* ring;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) const { ring->push(handle); }
  void await_resume() const noexcept {}
};

RingTask ring_body(Ring& ring, std::int64_t& counter) {
  for (;;) {
    ++counter;
    co_await RingYield{&ring};
  }
}

struct LinkedTag;

/// A coroutine that stands in a list itself.
struct LinkedTask {
  struct promise_type : rondo::Link<LinkedTag> {
    LinkedTask get_return_object() { return {this}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
    std::coroutine_handle<promise_type> handle() { return std::coroutine_handle<promise_type>::from_promise(*this); }
  };
  promise_type* promise;
};
using LinkedTasks = rondo::List<LinkedTask::promise_type, LinkedTag>;

struct LinkYield {
  LinkedTasks* ready;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<LinkedTask::promise_type> handle) const { ready->push_back(handle.promise()); }
  void await_resume() const noexcept {}
};

LinkedTask linked_body(LinkedTasks& ready, std::int64_t& counter) {
  for (;;) {
    ++counter;
    co_await LinkYield{&ready};
  }
}

/// The smallest free list: one list per thread and size class.
struct FreeList {
  static constexpr std::size_t classes = 64;
  struct Block {
    Block* next;
  };
  static inline constinit thread_local Block* lists[classes] = {};
  static void* take(std::size_t size) {
    const std::size_t slot = (size - 1) / 16;
    if (slot < classes && lists[slot]) {
      Block* block = lists[slot];
      lists[slot] = block->next;
      return block;
    }
    return ::operator new((slot + 1) * 16);
  }
  static void give(void* memory, std::size_t size) {
    const std::size_t slot = (size - 1) / 16;
    if (slot >= classes) return ::operator delete(memory);
    auto* block = static_cast<Block*>(memory);
    block->next = lists[slot];
    lists[slot] = block;
  }
};

/// A lazily started child: starts by symmetric transfer, ends by symmetric transfer.
struct Child {
  struct promise_type {
    static void* operator new(std::size_t size) { return FreeList::take(size); }
    static void operator delete(void* memory, std::size_t size) { FreeList::give(memory, size); }
    Child get_return_object() { return Child{std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept {
      struct Final {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> handle) noexcept {
          return handle.promise().parent;
        }
        void await_resume() noexcept {}
      };
      return Final{};
    }
    void return_value(std::int64_t v) { value = v; }
    void unhandled_exception() {}
    std::coroutine_handle<> parent = std::noop_coroutine();
    std::int64_t value = 0;
  };
  explicit Child(std::coroutine_handle<promise_type> h) : handle(h) {}
  Child(Child&& other) noexcept : handle(std::exchange(other.handle, {})) {}
  ~Child() {
    if (handle) handle.destroy();
  }
  bool await_ready() { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) {
    handle.promise().parent = parent;
    return handle;
  }
  std::int64_t await_resume() { return handle.promise().value; }
  std::coroutine_handle<promise_type> handle;
};

[[gnu::noinline]] Child child(std::int64_t x) { co_return x + 1; }

Child parent(std::int64_t awaits) {
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < awaits; ++i) sum += co_await child(i);
  co_return sum;
}

[[gnu::noinline]] Child deep(int depth) {
  if (depth == 0) co_return 1;
  co_return co_await deep(depth - 1) + 1;
}

Child deep_parent(int depth, std::int64_t awaits) {
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < awaits; ++i) sum += co_await deep(depth);
  co_return sum;
}

}  // namespace

double raw_ring(std::size_t n, std::int64_t resumptions) {
  std::int64_t counter = 0;
  Ring ring(n);
  std::vector<RingTask> tasks;
  for (std::size_t i = 0; i < n; ++i) tasks.push_back(ring_body(ring, counter));
  for (const RingTask& task : tasks) ring.push(task.handle);
  const double ns = per_operation(resumptions, [&] {
    for (std::int64_t done = 0; done < resumptions; ++done) ring.pop().resume();
  });
  keep(counter);
  for (auto& task : tasks) task.handle.destroy();
  return ns;
}

double raw_links(std::size_t n, std::int64_t resumptions) {
  std::int64_t counter = 0;
  LinkedTasks ready;
  std::vector<LinkedTask> tasks;
  for (std::size_t i = 0; i < n; ++i) tasks.push_back(linked_body(ready, counter));
  for (const LinkedTask& task : tasks) ready.push_back(*task.promise);
  const double ns = per_operation(resumptions, [&] {
    for (std::int64_t done = 0; done < resumptions; ++done) ready.pop_front().handle().resume();
  });
  keep(counter);
  for (const LinkedTask& task : tasks) task.promise->handle().destroy();
  return ns;
}

double raw_child(std::int64_t awaits) {
  return per_operation(awaits, [&] {
    Child task = parent(awaits);
    task.handle.resume();
    auto value = task.handle.promise().value;
    keep(value);
  });
}

double raw_child_deep(int depth, std::int64_t awaits) {
  return per_operation(awaits * depth, [&] {
    Child task = deep_parent(depth, awaits);
    task.handle.resume();
    auto value = task.handle.promise().value;
    keep(value);
  });
}

}  // namespace bench
