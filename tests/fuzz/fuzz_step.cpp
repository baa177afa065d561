// SPDX-License-Identifier: BSL-1.0
// fuzz_step.cpp - random inputs for Loop::step: completions of any id, posts, odd times and budgets, full outputs,
// while tasks sleep, wait, cancel each other, start operations and die. Afterwards the loop is destroyed where it
// stands.
//
// Checked after each step: what was produced fits, the budget was kept, time did not go back, and the books of tasks
// and operations agree with the outputs seen. The sanitizers check the rest.
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <set>
#include <vector>

#include <rondo/rondo.hpp>

using namespace rondo;

namespace {

class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}
  bool empty() const { return at_ == end_; }
  std::uint8_t next() { return at_ == end_ ? 0 : *at_++; }
  std::int64_t number() {
    const int shift = next() % 40;
    return static_cast<std::int64_t>(next()) << shift;
  }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

void require(bool truth) {
  if (!truth) std::abort();
}

struct World {
  std::vector<Task<int>> tasks;
  std::vector<Future<int>> futures;
  Event event;
  Lock lock;
  BoundedSemaphore semaphore{2};
  Condition condition;
  Barrier barrier{2};
  Queue<int> queue{2};
  int depth = 0;
};

Coro<int> program(World& world, Bytes& bytes);

Coro<int> child(World& world, Bytes& bytes) {
  if (++world.depth > 200) co_return 0;
  co_return co_await program(world, bytes);
}

template <class T>
T* pick(std::vector<T>& from, std::uint8_t which) {
  return from.empty() ? nullptr : &from[which % from.size()];
}

/// Awaits whatever it is, and forgets how it ended.
template <class A>
Coro<void> awaited(A awaitable) {
  static_cast<void>(co_await as_outcome(std::move(awaitable)));
}

// --- statements that await -------------------------------------------------------------------------------------------

Coro<void> sleeping(World&, Bytes& bytes) { co_await sleep(Duration(bytes.number())); }

Coro<void> spawning(World& world, Bytes& bytes) {
  world.tasks.push_back(create_task(child(world, bytes)));
  co_return;
}

Coro<void> joining(World& world, Bytes& bytes) {
  if (auto* task = pick(world.tasks, bytes.next())) co_await awaited(Task<int>(*task));
}

Coro<void> awaiting_future(World& world, Bytes& bytes) {
  if (auto* future = pick(world.futures, bytes.next())) co_await awaited(Future<int>(*future));
}

Coro<void> making_future(World& world, Bytes&) {
  world.futures.push_back(this_loop().create_future<int>());
  co_return;
}

Coro<void> reading(World&, Bytes& bytes) { co_await awaited(readable(bytes.next())); }

Coro<void> in_thread(World&, Bytes&) {
  co_await awaited(to_thread([] { return 1; }));
}

Coro<void> limited(World& world, Bytes& bytes) {
  co_await awaited(wait_for(child(world, bytes), Duration(bytes.number())));
}

Coro<void> gathering(World& world, Bytes&) { co_await awaited(gather(world.tasks)); }

Coro<void> shielding(World& world, Bytes& bytes) {
  if (auto* task = pick(world.tasks, bytes.next())) co_await awaited(shield(Task<int>(*task)));
}

Coro<void> group_body(TaskGroup& group, World* world, Bytes* bytes) {
  static_cast<void>(group.create_task(child(*world, *bytes)));
  co_await sleep(Duration(bytes->number()));
}

Coro<void> grouping(World& world, Bytes& bytes) { co_await awaited(task_group(group_body, &world, &bytes)); }

Coro<void> waiting(World& world, Bytes& bytes) {
  if (world.tasks.empty()) co_return;
  const WaitOptions first{Duration(bytes.number()), ReturnWhen::first_completed};
  co_await awaited(wait(world.tasks, first));
}

AsyncGenerator<int> numbers(Bytes& bytes) {
  for (int i = 0; i < 3; ++i) {
    co_yield i;
    co_await sleep(Duration(bytes.number()));
  }
}

Coro<void> generating(World&, Bytes& bytes) {
  auto generator = numbers(bytes);
  static_cast<void>(co_await as_outcome(generator.next()));
  if (bytes.next() & 1) co_await generator.aclose();
}

Coro<void> first_of(World& world, Bytes& bytes) {
  if (world.futures.empty()) co_return;
  auto completed = as_completed(world.futures, Duration(bytes.number()));
  auto next = completed.next();
  if (next && (bytes.next() & 1)) co_await awaited(std::move(*next));
}

Coro<void> awaiting_event(World& world, Bytes&) { co_await world.event.wait(); }

Coro<void> locking(World& world, Bytes& bytes) {
  const auto held = co_await world.lock.scoped();
  co_await sleep(Duration(bytes.number()));
}

Coro<void> permitted(World& world, Bytes& bytes) {
  const auto place = co_await world.semaphore.scoped();
  co_await sleep(Duration(bytes.number()));
}

Coro<void> awaiting_condition(World& world, Bytes&) {
  const auto held = co_await world.condition.scoped();
  co_await awaited(world.condition.wait());
}

Coro<void> notifying(World& world, Bytes& bytes) {
  const auto held = co_await world.condition.scoped();
  world.condition.notify(bytes.next() % 4);
}

Coro<void> meeting(World& world, Bytes&) { co_await awaited(world.barrier.wait()); }

Coro<void> breaking(World& world, Bytes& bytes) {
  co_await awaited(bytes.next() & 1 ? world.barrier.reset() : world.barrier.abort());
}

Coro<void> putting(World& world, Bytes& bytes) { co_await awaited(world.queue.put(bytes.next())); }

Coro<void> getting(World& world, Bytes&) { co_await awaited(world.queue.get()); }

using Statement = Coro<void> (*)(World&, Bytes&);
constexpr Statement statements[] = {
    sleeping,  spawning, joining,   awaiting_future, making_future, reading,  in_thread,          limited,
    gathering, shielding, grouping, waiting,         generating,    first_of, awaiting_event,     locking,
    permitted, awaiting_condition,  notifying,       meeting,       breaking, putting,            getting,
};

// --- statements that do not ------------------------------------------------------------------------------------------

void change(World& world, std::uint8_t what) {
  switch (what % 6) {
    case 0:
      return world.event.set();
    case 1:
      return world.event.clear();
    case 2:
      if (world.queue.is_shutdown() || world.queue.full()) return;
      return world.queue.put_nowait(what);
    case 3:
      if (!world.queue.empty()) static_cast<void>(world.queue.get_nowait());
      return;
    case 4:
      if (world.lock.locked()) world.lock.release();
      return;
    default:
      if (what == 65) world.queue.shutdown((what & 1) != 0);
      return;
  }
}

Coro<int> program(World& world, Bytes& bytes) {
  while (!bytes.empty()) {
    const std::uint8_t what = bytes.next();
    if (what < 20) co_return what;
    if (what < 24) throw std::uint8_t(what);
    if (what < 40) {
      if (auto* task = pick(world.tasks, bytes.next())) task->cancel(what & 1 ? "why" : "");
    } else if (what < 54) {
      auto* future = pick(world.futures, bytes.next());
      if (future && !future->done()) future->set_result(what);
    } else if (what < 70) {
      change(world, what);
    } else {
      co_await statements[what % std::size(statements)](world, bytes);
    }
  }
  co_return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 2000) return 0;
  Bytes bytes(data, size);
  Loop loop;
  World world;  // goes first, and so while tasks may wait for its primitives
  std::set<std::pair<std::uint32_t, std::uint32_t>> started;
  std::vector<Input> inputs;
  std::vector<Output> outputs(1 + bytes.next() % 8);
  for (int i = bytes.next() % 4; i >= 0; --i) world.tasks.push_back(loop.create_task(program(world, bytes)));
  Instant last{};
  for (int i = 0; i < 200 && !bytes.empty(); ++i) {
    inputs.clear();
    for (int n = bytes.next() % 4; n > 0; --n) {
      OperationId id{static_cast<std::uint32_t>(bytes.next() % 8), static_cast<std::uint32_t>(bytes.next() % 4)};
      if ((bytes.next() & 1) && !started.empty()) id = {started.begin()->first, started.begin()->second};
      const bool more = bytes.next() == 0;
      inputs.push_back(Input::completion(id, static_cast<std::int8_t>(bytes.next()), more));
      if (!more) started.erase({id.slot, id.generation});
    }
    const int budget = bytes.next();
    const StepResult result = loop.step(Instant(Duration(bytes.number())), inputs, outputs, budget);
    require(result.produced <= outputs.size());
    require(result.resumed <= static_cast<std::uint32_t>(budget));
    require(loop.time() >= last);
    last = loop.time();
    for (std::uint32_t o = 0; o < result.produced; ++o) {
      const std::pair name{outputs[o].id.slot, outputs[o].id.generation};
      if (outputs[o].verb == Output::Verb::start) require(started.insert(name).second);
    }
    require(loop.peek(last).tasks == result.tasks);
    require(result.operations >= started.size() || result.why == Why::out_full);
  }
  // What the backend was told to start must end before the loop goes: jobs are lent to it.
  inputs.clear();
  for (const auto& [slot, generation] : started) inputs.push_back(Input::completion({slot, generation}, -1));
  loop.step(last, inputs, {}, 0);
  loop.set_exception_handler([](const ErrorContext&) {});
  if (bytes.next() & 1) world.tasks.clear();
  return 0;
}
