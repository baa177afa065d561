// SPDX-License-Identifier: BSL-1.0
// prototype.cpp - see prototype.hpp.
#include "prototype.hpp"

#include <algorithm>
#include <array>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <utility>
#include <vector>

#include <rondo/kernel/timer_queue.hpp>

#include "measure.hpp"

namespace bench {
namespace {

// --- the loop --------------------------------------------------------------------------------------------------------

struct Entry {
  Entry* next = nullptr;
  void (*run)(Entry&) = nullptr;
};

class Fifo {
 public:
  bool empty() const { return first_ == nullptr; }
  void push(Entry& entry) {
    entry.next = nullptr;
    *end_ = &entry;
    end_ = &entry.next;
  }
  /// null if there is none.
  Entry* pop() {
    Entry* entry = first_;
    if (entry) first_ = entry->next;
    if (!first_) end_ = &first_;
    return entry;
  }
  Entry* take_all() {
    end_ = &first_;
    return std::exchange(first_, nullptr);
  }

 private:
  Entry* first_ = nullptr;
  Entry** end_ = &first_;
};

class Pool {
 public:
  ~Pool() {
    for (void* block : free_) {
      while (block) ::operator delete(std::exchange(block, *static_cast<void**>(block)));
    }
  }
  void* take(std::size_t size) {
    const std::size_t slot = (size + 63) / 64;
    if (slot < free_.size() && free_[slot]) return std::exchange(free_[slot], *static_cast<void**>(free_[slot]));
    return ::operator new(slot * 64);
  }
  void give(void* block, std::size_t size) {
    const std::size_t slot = (size + 63) / 64;
    if (slot >= free_.size()) return ::operator delete(block);
    *static_cast<void**>(block) = free_[slot];
    free_[slot] = block;
  }

 private:
  std::array<void*, 32> free_{};
};

struct TaskBase : Entry {
  std::coroutine_handle<> innermost;
  std::coroutine_handle<> root;
  Entry* waiters = nullptr;
  std::uint32_t references = 2;
  bool done = false;
  bool cancelled = false;
  std::exception_ptr error;
};

struct PrototypeLoop {
  Fifo ready;
  TaskBase* current = nullptr;
  Pool pool;
  void run() {
    while (!ready.empty()) {
      for (Entry* entry = ready.take_all(); entry;) {  // what is ready now
        Entry* const next = entry->next;
        entry->run(*entry);
        entry = next;
      }
    }
  }
};
constinit thread_local PrototypeLoop* loop = nullptr;

struct Cancelled {};
void throw_if_cancelled() {
  if (loop->current->cancelled) [[unlikely]] {
    loop->current->cancelled = false;
    throw Cancelled();
  }
}

struct Pooled {
  static void* operator new(std::size_t size) { return loop->pool.take(size); }
  static void operator delete(void* block, std::size_t size) { loop->pool.give(block, size); }
};

// --- coroutines that are awaited -------------------------------------------------------------------------------------

template <class T>
struct Returns {
  void return_value(T from) { value = std::move(from); }
  T value{};
};
template <>
struct Returns<void> {
  void return_void() {}
};

template <class T>
struct Child {
  struct promise_type : Pooled, Returns<T> {
    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> handle) noexcept {
        return handle.promise().parent;
      }
      void await_resume() noexcept {}
    };
    Child get_return_object() { return Child(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    Final final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { error = std::current_exception(); }
    std::coroutine_handle<> parent;
    std::exception_ptr error;
  };
  explicit Child(std::coroutine_handle<promise_type> made) : handle(made) {}
  Child(Child&& other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
  ~Child() {
    if (handle) handle.destroy();
  }
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) noexcept {
    handle.promise().parent = parent;
    return handle;
  }
  T await_resume() {
    if (handle.promise().error) [[unlikely]] std::rethrow_exception(handle.promise().error);
    if constexpr (!std::is_void_v<T>) return std::move(handle.promise().value);
  }
  std::coroutine_handle<promise_type> handle;
};

// --- tasks -----------------------------------------------------------------------------------------------------------

struct JoinWaiter : Entry {
  TaskBase* task = nullptr;
};

template <class T>
class ProtoTask {
 public:
  struct promise_type : Pooled, TaskBase, Returns<T> {
    struct Final {
      bool await_ready() noexcept { return false; }
      void await_suspend(std::coroutine_handle<promise_type> handle) noexcept {
        promise_type& task = handle.promise();
        task.done = true;
        for (Entry* waiter = task.waiters; waiter;) {
          Entry* const next = waiter->next;
          waiter->run(*waiter);
          waiter = next;
        }
        if (--task.references == 0) handle.destroy();
      }
      void await_resume() noexcept {}
    };
    promise_type() {
      run = [](Entry& entry) {
        auto& task = static_cast<TaskBase&>(entry);
        loop->current = &task;
        task.innermost.resume();
        loop->current = nullptr;
      };
      root = innermost = std::coroutine_handle<promise_type>::from_promise(*this);
      loop->ready.push(*this);
    }
    ProtoTask get_return_object() { return ProtoTask(this); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    Final final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { error = std::current_exception(); }
  };
  struct Join : JoinWaiter {
    explicit Join(promise_type* joined) : awaited(joined) {}
    bool await_ready() const noexcept { return awaited->done; }
    void await_suspend(std::coroutine_handle<> handle) noexcept {
      task = loop->current;
      task->innermost = handle;
      run = [](Entry& entry) { loop->ready.push(*static_cast<JoinWaiter&>(entry).task); };
      next = std::exchange(awaited->waiters, this);
    }
    T await_resume() {
      throw_if_cancelled();
      if (awaited->error) [[unlikely]] std::rethrow_exception(awaited->error);
      if constexpr (!std::is_void_v<T>) return awaited->value;
    }
    promise_type* awaited;
  };

  explicit ProtoTask(promise_type* promise) : promise_(promise) {}
  ProtoTask(ProtoTask&& other) noexcept : promise_(std::exchange(other.promise_, nullptr)) {}
  ~ProtoTask() {
    if (promise_ && --promise_->references == 0) promise_->root.destroy();
  }
  Join operator co_await() const noexcept { return Join(promise_); }
  promise_type& promise() const { return *promise_; }

 private:
  promise_type* promise_;
};

struct Yield {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) const noexcept {
    loop->current->innermost = handle;
    loop->ready.push(*loop->current);
  }
  void await_resume() const { throw_if_cancelled(); }
};

/// A counter and one wake-up.
template <class T>
class Gather {
 public:
  explicit Gather(std::vector<ProtoTask<T>>& tasks) : tasks_(tasks) {}
  bool await_ready() noexcept {
    for (const auto& task : tasks_) left_ += task.promise().done ? 0 : 1;
    return left_ == 0;
  }
  void await_suspend(std::coroutine_handle<> handle) {
    waiting_ = loop->current;
    waiting_->innermost = handle;
    places_.resize(tasks_.size());
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      auto& task = tasks_[i].promise();
      if (task.done) continue;
      places_[i].gather = this;
      places_[i].run = [](Entry& entry) {
        Gather& gather = *static_cast<Place&>(entry).gather;
        if (--gather.left_ == 0) loop->ready.push(*gather.waiting_);
      };
      places_[i].next = std::exchange(task.waiters, &places_[i]);
    }
  }
  std::vector<T> await_resume() {
    std::vector<T> values;
    values.reserve(tasks_.size());
    for (const auto& task : tasks_) {
      if (task.promise().error) [[unlikely]] std::rethrow_exception(task.promise().error);
      values.push_back(task.promise().value);
    }
    return values;
  }

 private:
  struct Place : Entry {
    Gather* gather = nullptr;
  };
  std::vector<ProtoTask<T>>& tasks_;
  std::vector<Place> places_;
  std::size_t left_ = 0;
  TaskBase* waiting_ = nullptr;
};

// --- a lock and a queue ----------------------------------------------------------------------------------------------

/// Wakes the first task in line; false if there is none.
bool wake_first(Fifo& line) {
  Entry* const first = line.pop();
  if (first) loop->ready.push(*static_cast<JoinWaiter&>(*first).task);
  return first != nullptr;
}

struct Line : JoinWaiter {
  void wait_in(Fifo& line, std::coroutine_handle<> handle) {
    task = loop->current;
    task->innermost = handle;
    line.push(*this);
  }
};

class ProtoLock {
 public:
  struct Acquire : Line {
    explicit Acquire(ProtoLock& acquired) : lock(acquired) {}
    bool await_ready() noexcept { return !std::exchange(lock.locked_, true); }
    void await_suspend(std::coroutine_handle<> handle) noexcept { wait_in(lock.line_, handle); }
    void await_resume() const noexcept {}
    ProtoLock& lock;
  };
  Acquire acquire() { return Acquire(*this); }
  void release() {
    if (!wake_first(line_)) locked_ = false;
  }

 private:
  bool locked_ = false;
  Fifo line_;
};

class ProtoQueue {
 public:
  explicit ProtoQueue(std::size_t room) : items_(room) {}
  struct Get : Line {
    explicit Get(ProtoQueue& from) : queue(from) {}
    bool await_ready() const noexcept { return queue.taken_ != queue.put_; }
    void await_suspend(std::coroutine_handle<> handle) noexcept { wait_in(queue.getters_, handle); }
    std::int64_t await_resume() {
      const std::int64_t item = queue.items_[queue.taken_++ % queue.items_.size()];
      wake_first(queue.putters_);
      return item;
    }
    ProtoQueue& queue;
  };
  struct Put : Line {
    Put(ProtoQueue& to, std::int64_t put) : queue(to), item(put) {}
    bool await_ready() const noexcept { return queue.put_ - queue.taken_ < queue.items_.size(); }
    void await_suspend(std::coroutine_handle<> handle) noexcept { wait_in(queue.putters_, handle); }
    void await_resume() {
      queue.items_[queue.put_++ % queue.items_.size()] = item;
      wake_first(queue.getters_);
    }
    ProtoQueue& queue;
    std::int64_t item;
  };
  Get get() { return Get(*this); }
  Put put(std::int64_t item) { return {*this, item}; }

 private:
  std::vector<std::int64_t> items_;
  std::size_t taken_ = 0;
  std::size_t put_ = 0;
  Fifo getters_;
  Fifo putters_;
};

// --- the rows, as in rondo_rows.cpp ----------------------------------------------------------------------------------

using Count = std::int64_t;

template <class F>
double on_prototype(F main) {
  PrototypeLoop here;
  loop = &here;
  double ns = 0;
  {
    const ProtoTask<void> task = main(ns);
    here.run();
  }
  loop = nullptr;
  return ns;
}

class Watch {
 public:
  double ns_each(Count operations) const {
    return static_cast<double>(cpu_ns() - start_) / static_cast<double>(operations);
  }

 private:
  std::int64_t start_ = cpu_ns();
};

ProtoTask<void> yielder(Count times) {
  for (Count i = 0; i < times; ++i) co_await Yield{};
}

ProtoTask<void> yield_main(Count tasks, Count each, double& ns) {
  std::vector<ProtoTask<void>> all;
  for (Count i = 0; i < tasks; ++i) all.push_back(yielder(each));
  co_await Yield{};
  const Watch watch;
  for (auto& task : all) co_await task;
  ns = watch.ns_each(each * tasks);
}

[[gnu::noinline]] Child<Count> child(Count x) { co_return x + 1; }

ProtoTask<void> await_main(Count awaits, double& ns) {
  Count sum = 0;
  const Watch watch;
  for (Count i = 0; i < awaits; ++i) sum += co_await child(i);
  ns = watch.ns_each(awaits);
  keep(sum);
}

[[gnu::noinline]] Child<Count> deep(int depth) {
  if (depth == 0) co_return 1;
  const Count below = co_await deep(depth - 1);
  co_return below + 1;
}

ProtoTask<void> deep_main(int depth, Count awaits, double& ns) {
  Count sum = 0;
  const Watch watch;
  for (Count i = 0; i < awaits; ++i) sum += co_await deep(depth);
  ns = watch.ns_each(awaits * depth);
  keep(sum);
}

[[gnu::noinline]] ProtoTask<Count> spawned(Count x) { co_return x + 1; }

ProtoTask<void> spawn_one_main(Count tasks, double& ns) {
  Count sum = 0;
  const Watch watch;
  for (Count i = 0; i < tasks; ++i) sum += co_await spawned(i);
  ns = watch.ns_each(tasks);
  keep(sum);
}

ProtoTask<void> spawn_batch_main(Count batch, Count batches, double& ns) {
  Count sum = 0;
  std::vector<ProtoTask<Count>> tasks;
  tasks.reserve(static_cast<std::size_t>(batch));
  const Watch watch;
  for (Count b = 0; b < batches; ++b) {
    for (Count i = 0; i < batch; ++i) tasks.push_back(spawned(i));
    for (auto& task : tasks) sum += co_await task;
    tasks.clear();
  }
  ns = watch.ns_each(batch * batches);
  keep(sum);
}

ProtoTask<void> gather_main(Count children, Count times, double& ns) {
  Count sum = 0;
  const Watch watch;
  for (Count t = 0; t < times; ++t) {
    std::vector<ProtoTask<Count>> all;
    all.reserve(static_cast<std::size_t>(children));
    for (Count i = 0; i < children; ++i) all.push_back(spawned(i));
    const std::vector<Count> values = co_await Gather<Count>(all);
    sum += values.back();
  }
  ns = watch.ns_each(children * times);
  keep(sum);
}

ProtoTask<void> contender(ProtoLock& lock, Count times) {
  for (Count i = 0; i < times; ++i) {
    co_await lock.acquire();
    co_await Yield{};
    lock.release();
  }
}

ProtoTask<void> lock_main(Count tasks, Count each, double& ns) {
  ProtoLock lock;
  std::vector<ProtoTask<void>> all;
  for (Count i = 0; i < tasks; ++i) all.push_back(contender(lock, each));
  co_await Yield{};
  const Watch watch;
  for (auto& task : all) co_await task;
  ns = watch.ns_each(each * tasks);
}

ProtoTask<void> produce(ProtoQueue& queue, Count items) {
  for (Count i = 0; i < items; ++i) co_await queue.put(i);
}

ProtoTask<void> channel_main(Count items, double& ns) {
  ProtoQueue queue(1);
  const ProtoTask<void> producer = produce(queue, items);
  Count sum = 0;
  const Watch watch;
  for (Count i = 0; i < items; ++i) sum += co_await queue.get();
  ns = watch.ns_each(items);
  keep(sum);
  co_await producer;
}

ProtoTask<void> answer(ProtoQueue& questions, ProtoQueue& answers, Count trips) {
  for (Count i = 0; i < trips; ++i) {
    const Count question = co_await questions.get();
    co_await answers.put(question + 1);
  }
}

ProtoTask<void> round_trip_main(Count trips, double& ns) {
  ProtoQueue questions(1);
  ProtoQueue answers(1);
  const ProtoTask<void> other = answer(questions, answers, trips);
  Count sum = 0;
  const Watch watch;
  for (Count i = 0; i < trips; ++i) {
    co_await questions.put(i);
    sum += co_await answers.get();
  }
  ns = watch.ns_each(trips);
  keep(sum);
  co_await other;
}

class Deadline : public rondo::Timer {
 public:
  Deadline() : Timer(nullptr) {}
};

/// Armed while it lives, in rondo's own queue of timers.
class Armed {
 public:
  Armed(rondo::TimerQueue& queue, rondo::Instant when) : queue_(queue) { queue_.arm(deadline_, when); }
  ~Armed() { queue_.cancel(deadline_); }

 private:
  rondo::TimerQueue& queue_;
  Deadline deadline_;
};

Child<void> one_yield() { co_await Yield{}; }

Child<void> with_timeout(rondo::TimerQueue& timers, rondo::Instant when) {
  const Armed armed(timers, when);
  co_await one_yield();
}

ProtoTask<void> timeout_main(std::size_t armed, Count times, double& ns) {
  rondo::TimerQueue timers(std::pmr::new_delete_resource());
  std::vector<Deadline> others(armed);
  for (Deadline& other : others) timers.arm(other, rondo::Instant(std::chrono::hours(1)));
  const Watch watch;
  for (Count i = 0; i < times; ++i) co_await with_timeout(timers, rondo::Instant(std::chrono::seconds(30)));
  ns = watch.ns_each(times);
  for (Deadline& other : others) timers.cancel(other);
}

double spawn_batches(Count batch, Count tasks) {
  return on_prototype([=](double& ns) { return spawn_batch_main(batch, tasks / batch, ns); });
}

double yield(Count tasks, Count yields) {
  return on_prototype([=](double& ns) { return yield_main(tasks, yields / tasks, ns); });
}

constexpr OwnRow rows[] = {
    {"yield, 1 task", 0, [](Count n) { return yield(1, n); }},
    {"yield, 1000 tasks", 0, [](Count n) { return yield(1000, n); }},
    {"yield, 100000 tasks", 0, [](Count n) { return yield(100'000, n); }},
    {"await a child", 0, [](Count n) { return on_prototype([=](double& ns) { return await_main(n, ns); }); }},
    {"await 100 deep, per level", 0,
     [](Count n) { return on_prototype([=](double& ns) { return deep_main(100, n / 100, ns); }); }},
    {"spawn and join, one by one", 0,
     [](Count n) { return on_prototype([=](double& ns) { return spawn_one_main(n, ns); }); }},
    {"spawn and join, 1000 at a time", 0, [](Count n) { return spawn_batches(1000, n); }},
    {"spawn and join, 1000000 at a time", 0, [](Count n) { return spawn_batches(1'000'000, n); }},
    {"gather of 1000, per child", 0,
     [](Count n) { return on_prototype([=](double& ns) { return gather_main(1000, n / 1000, ns); }); }},
    {"timeout around a yield, 10k armed", 0,
     [](Count n) { return on_prototype([=](double& ns) { return timeout_main(10'000, n, ns); }); }},
    {"lock, yield, release; 100 contend", 0,
     [](Count n) { return on_prototype([=](double& ns) { return lock_main(100, n / 100, ns); }); }},
    {"item through a queue of one", 0,
     [](Count n) { return on_prototype([=](double& ns) { return channel_main(n, ns); }); }},
    {"two queues of one, round trip", 0,
     [](Count n) { return on_prototype([=](double& ns) { return round_trip_main(n, ns); }); }},
};

}  // namespace

const OwnRow* find_prototype_row(std::string_view name) {
  const auto found = std::find_if(std::begin(rows), std::end(rows), [&](const OwnRow& row) { return row.name == name; });
  return found == std::end(rows) ? nullptr : found;
}

}  // namespace bench
