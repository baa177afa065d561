// SPDX-License-Identifier: BSL-1.0
// fuzz_step.cpp - random inputs for Loop::step: completions of any id, posts, odd times and budgets, full outputs, while
// tasks sleep, wait, cancel each other, start operations and die. Afterwards the loop is destroyed where it stands.
//
// Checked after each step: what was produced fits, the budget was kept, time did not go back, and the books of tasks
// and operations agree with the outputs seen. The sanitizers check the rest.
#include <cstdint>
#include <cstdlib>
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

Coro<void> grouped(TaskGroup& group, World* world, Bytes* bytes) {
  static_cast<void>(group.create_task(child(*world, *bytes)));
  co_await sleep(Duration(bytes->number()));
}

AsyncGenerator<int> numbers(Bytes& bytes) {
  for (int i = 0; i < 3; ++i) {
    co_yield i;
    co_await sleep(Duration(bytes.number()));
  }
}

Coro<void> one_wait(World& world, Bytes& bytes, std::uint8_t what) {
  switch (what % 14) {
    case 0: co_await sleep(Duration(bytes.number())); break;
    case 1: world.tasks.push_back(create_task(child(world, bytes))); break;
    case 2: if (auto* task = pick(world.tasks, bytes.next())) { Task<int> copy = *task; static_cast<void>(co_await as_outcome(copy)); } break;
    case 3: if (auto* future = pick(world.futures, bytes.next())) { Future<int> copy = *future; static_cast<void>(co_await as_outcome(copy)); } break;
    case 4: world.futures.push_back(this_loop().create_future<int>()); break;
    case 5: static_cast<void>(co_await as_outcome(readable(bytes.next()))); break;
    case 6: static_cast<void>(co_await as_outcome(to_thread([] { return 1; }))); break;
    case 7: static_cast<void>(co_await as_outcome(wait_for(child(world, bytes), Duration(bytes.number())))); break;
    case 8: static_cast<void>(co_await as_outcome(gather(world.tasks))); break;
    case 9: if (auto* task = pick(world.tasks, bytes.next())) { Task<int> copy = *task; static_cast<void>(co_await as_outcome(shield(copy))); } break;
    case 10: static_cast<void>(co_await as_outcome(task_group(grouped, &world, &bytes))); break;
    case 11: if (!world.tasks.empty()) { auto copy = world.tasks; static_cast<void>(co_await as_outcome(wait(copy, {Duration(bytes.number()), ReturnWhen::first_completed}))); } break;
    case 12: { auto generator = numbers(bytes); static_cast<void>(co_await as_outcome(generator.next())); if (bytes.next() & 1) co_await generator.aclose(); } break;
    default: if (!world.futures.empty()) { auto completed = as_completed(world.futures, Duration(bytes.number())); auto next = completed.next(); if (next && (bytes.next() & 1)) static_cast<void>(co_await as_outcome(std::move(*next))); } break;
  }
}

Coro<int> program(World& world, Bytes& bytes) {
  while (!bytes.empty()) {
    const std::uint8_t what = bytes.next();
    if (what < 20) co_return what;
    if (what < 24) throw std::uint8_t(what);
    if (what < 50) {
      if (auto* task = pick(world.tasks, bytes.next())) task->cancel(what & 1 ? "why" : "");
    } else if (what < 70) {
      auto* future = pick(world.futures, bytes.next());
      if (future && !future->done()) future->set_result(what);
    } else {
      co_await one_wait(world, bytes, what);
    }
  }
  co_return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 2000) return 0;
  Bytes bytes(data, size);
  World world;
  Loop loop;
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
  if (bytes.next() & 1) world.tasks.clear();
  return 0;
}
