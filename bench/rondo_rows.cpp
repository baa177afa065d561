// SPDX-License-Identifier: BSL-1.0
// rondo_rows.cpp - see rondo_rows.hpp.
#include "rondo_rows.hpp"

#include <malloc.h>

#include <memory>
#include <vector>

#include <rondo/backends/sim.hpp>
#include <rondo/rondo.hpp>

#include "measure.hpp"

namespace bench {

using namespace rondo;
using namespace std::chrono_literals;

namespace {

Coro<void> yielder(std::int64_t times) {
  for (std::int64_t i = 0; i < times; ++i) co_await sleep(0s);
}

Coro<void> yield_main(std::size_t tasks, std::int64_t each, double& ns) {
  std::vector<Task<void>> all;
  for (std::size_t i = 0; i < tasks; ++i) all.push_back(create_task(yielder(each)));
  co_await sleep(0s);
  const std::int64_t start = cpu_ns();
  for (auto& task : all) co_await task;
  ns = static_cast<double>(cpu_ns() - start) / static_cast<double>(each * static_cast<std::int64_t>(tasks));
}

[[gnu::noinline]] Coro<std::int64_t> child(std::int64_t x) { co_return x + 1; }

Coro<void> await_main(std::int64_t awaits, double& ns) {
  std::int64_t sum = 0;
  const std::int64_t start = cpu_ns();
  for (std::int64_t i = 0; i < awaits; ++i) sum += co_await child(i);
  ns = static_cast<double>(cpu_ns() - start) / static_cast<double>(awaits);
  keep(sum);
}

[[gnu::noinline]] Coro<std::int64_t> deep(int depth) {
  if (depth == 0) co_return 1;
  const std::int64_t below = co_await deep(depth - 1);
  co_return below + 1;
}

Coro<void> deep_main(int depth, std::int64_t awaits, double& ns) {
  std::int64_t sum = 0;
  const std::int64_t start = cpu_ns();
  for (std::int64_t i = 0; i < awaits; ++i) sum += co_await deep(depth);
  ns = static_cast<double>(cpu_ns() - start) / static_cast<double>(awaits * depth);
  keep(sum);
}

Coro<void> spawn_one_main(std::int64_t tasks, double& ns) {
  std::int64_t sum = 0;
  const std::int64_t start = cpu_ns();
  for (std::int64_t i = 0; i < tasks; ++i) sum += co_await create_task(child(i));
  ns = static_cast<double>(cpu_ns() - start) / static_cast<double>(tasks);
  keep(sum);
}

Coro<void> spawn_batch_main(std::int64_t batch, std::int64_t batches, double& ns) {
  std::int64_t sum = 0;
  std::vector<Task<std::int64_t>> tasks;
  tasks.reserve(static_cast<std::size_t>(batch));
  const std::int64_t start = cpu_ns();
  for (std::int64_t b = 0; b < batches; ++b) {
    for (std::int64_t i = 0; i < batch; ++i) tasks.push_back(create_task(child(i)));
    for (auto& task : tasks) sum += co_await task;
    tasks.clear();
  }
  ns = static_cast<double>(cpu_ns() - start) / static_cast<double>(batch * batches);
  keep(sum);
}

Coro<void> gather_main(std::int64_t children, std::int64_t times, double& ns) {
  std::int64_t sum = 0;
  const std::int64_t start = cpu_ns();
  for (std::int64_t t = 0; t < times; ++t) {
    std::vector<Coro<std::int64_t>> all;
    all.reserve(static_cast<std::size_t>(children));
    for (std::int64_t i = 0; i < children; ++i) all.push_back(child(i));
    const std::vector<std::int64_t> values = co_await gather(std::move(all));
    sum += values.back();
  }
  ns = static_cast<double>(cpu_ns() - start) / static_cast<double>(children * times);
  keep(sum);
}

Coro<void> one_yield() { co_await sleep(0s); }

Coro<void> sleeper() { co_await sleep(1h); }

Coro<void> timeout_main(std::size_t armed, std::int64_t times, double& ns) {
  std::vector<Task<void>> sleepers;
  for (std::size_t i = 0; i < armed; ++i) sleepers.push_back(create_task(sleeper()));
  co_await sleep(0s);
  const std::int64_t start = cpu_ns();
  for (std::int64_t i = 0; i < times; ++i) co_await timeout(30s, one_yield);
  ns = static_cast<double>(cpu_ns() - start) / static_cast<double>(times);
  for (auto& task : sleepers) task.cancel();
}

Coro<void> contender(Lock& lock, std::int64_t times) {
  for (std::int64_t i = 0; i < times; ++i) {
    co_await lock.acquire();
    co_await sleep(0s);
    lock.release();
  }
}

Coro<void> lock_main(std::size_t tasks, std::int64_t each, double& ns) {
  Lock lock;
  std::vector<Task<void>> all;
  for (std::size_t i = 0; i < tasks; ++i) all.push_back(create_task(contender(lock, each)));
  co_await sleep(0s);
  const std::int64_t start = cpu_ns();
  for (auto& task : all) co_await task;
  ns = static_cast<double>(cpu_ns() - start) / static_cast<double>(each * static_cast<std::int64_t>(tasks));
}

Coro<void> produce(Queue<std::int64_t>& queue, std::int64_t items) {
  for (std::int64_t i = 0; i < items; ++i) co_await queue.put(i);
}

Coro<void> channel_main(std::int64_t items, double& ns) {
  Queue<std::int64_t> queue(1);
  const Task<void> producer = create_task(produce(queue, items));
  std::int64_t sum = 0;
  const std::int64_t start = cpu_ns();
  for (std::int64_t i = 0; i < items; ++i) sum += co_await queue.get();
  ns = static_cast<double>(cpu_ns() - start) / static_cast<double>(items);
  keep(sum);
  co_await producer;
}

Coro<void> answer(Queue<std::int64_t>& questions, Queue<std::int64_t>& answers, std::int64_t trips) {
  for (std::int64_t i = 0; i < trips; ++i) {
    const std::int64_t question = co_await questions.get();
    co_await answers.put(question + 1);
  }
}

Coro<void> round_trip_main(std::int64_t trips, double& ns) {
  Queue<std::int64_t> questions(1);
  Queue<std::int64_t> answers(1);
  const Task<void> other = create_task(answer(questions, answers, trips));
  std::int64_t sum = 0;
  const std::int64_t start = cpu_ns();
  for (std::int64_t i = 0; i < trips; ++i) {
    co_await questions.put(i);
    sum += co_await answers.get();
  }
  ns = static_cast<double>(cpu_ns() - start) / static_cast<double>(trips);
  keep(sum);
  co_await other;
}

Coro<void> lock_waiter(Lock& lock) { co_await lock.acquire(); }

template <class F>
double run_in_sim(F main) {
  double ns = 0;
  sim::run(main(ns));
  return ns;
}

}  // namespace

double yield(std::size_t tasks, std::int64_t yields) {
  const std::int64_t each = yields / static_cast<std::int64_t>(tasks);
  return run_in_sim([&](double& ns) { return yield_main(tasks, each, ns); });
}
double await_child(std::int64_t awaits) {
  return run_in_sim([&](double& ns) { return await_main(awaits, ns); });
}
double await_child_deep(int depth, std::int64_t awaits) {
  return run_in_sim([&](double& ns) { return deep_main(depth, awaits, ns); });
}
double spawn_join_one(std::int64_t tasks) {
  return run_in_sim([&](double& ns) { return spawn_one_main(tasks, ns); });
}
double spawn_join_batches(std::int64_t batch, std::int64_t batches) {
  return run_in_sim([&](double& ns) { return spawn_batch_main(batch, batches, ns); });
}
double gather_many(std::int64_t children, std::int64_t times) {
  return run_in_sim([&](double& ns) { return gather_main(children, times, ns); });
}
double timeout_around_yield(std::size_t armed, std::int64_t times) {
  return run_in_sim([&](double& ns) { return timeout_main(armed, times, ns); });
}

double lock_contended(std::size_t tasks, std::int64_t times) {
  const std::int64_t each = times / static_cast<std::int64_t>(tasks);
  return run_in_sim([&](double& ns) { return lock_main(tasks, each, ns); });
}
double round_trip(std::int64_t trips) {
  return run_in_sim([&](double& ns) { return round_trip_main(trips, ns); });
}
double channel(std::int64_t items) {
  return run_in_sim([&](double& ns) { return channel_main(items, ns); });
}

namespace {

/// Heap bytes for each of `tasks` tasks that have run to where they wait.
template <class Body>
double bytes_per_task(std::size_t tasks, Body body) {
  Loop loop;
  const auto before = mallinfo2().uordblks + mallinfo2().hblkhd;
  std::vector<Output> out(1);
  {
    const Loop::Scope scope(loop);
    for (std::size_t i = 0; i < tasks; ++i) static_cast<void>(create_task(body()));
  }
  loop.step(Instant(), {}, out, static_cast<int>(tasks));
  const auto after = mallinfo2().uordblks + mallinfo2().hblkhd;
  loop.drop_tasks_silently();
  return static_cast<double>(after - before) / static_cast<double>(tasks);
}

}  // namespace

double idle_task_bytes(std::size_t tasks) { return bytes_per_task(tasks, sleeper); }

double waiting_task_bytes(std::size_t tasks) {
  Lock lock;
  return bytes_per_task(tasks, [&] { return lock_waiter(lock); });
}

namespace {

std::uint64_t next_random(std::uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

class Nothing : public Timer {
 public:
  Nothing() : Timer(nullptr) {}
};

}  // namespace

double timer_churn(std::size_t outstanding, std::int64_t times) {
  TimerQueue queue(std::pmr::new_delete_resource());
  const std::unique_ptr<Nothing[]> timers(new Nothing[outstanding]);
  std::uint64_t random = 88172645463325252ULL;
  const auto when = [&] { return Instant(Duration(static_cast<std::int64_t>(next_random(random) % 60'000'000'000))); };
  for (std::size_t i = 0; i < outstanding; ++i) queue.arm(timers[i], when());
  return per_operation(times, [&] {
    for (std::int64_t i = 0; i < times; ++i) {
      Timer& timer = timers[next_random(random) % outstanding];
      queue.cancel(timer);
      queue.arm(timer, when());
    }
  });
}

// --- the cost of fire() against hand-written methods -----------------------------------------------------------------

namespace {

/// A task's machine without a task, so that nothing but the transitions is measured.
struct MachineTask {
  machines::task::State state = machines::task::State::scheduled;
  std::uint32_t work = 0;
  machines::task::State& state_in(const decltype(machines::task::diagram)&) { return state; }
  void perform(machines::task::Do effect) { work += static_cast<std::uint32_t>(effect) + 1; }
};

struct HandTask {
  machines::task::State state = machines::task::State::scheduled;
  std::uint32_t work = 0;
  void step() {
    if (state != machines::task::State::scheduled) std::abort();
    state = machines::task::State::running;
    work += static_cast<std::uint32_t>(machines::task::Do::nothing) + 1;
  }
  void suspend() {
    if (state != machines::task::State::running) std::abort();
    state = machines::task::State::waiting;
    work += static_cast<std::uint32_t>(machines::task::Do::park) + 1;
  }
  void wake() {
    if (state != machines::task::State::waiting) std::abort();
    state = machines::task::State::scheduled;
    work += static_cast<std::uint32_t>(machines::task::Do::enqueue) + 1;
  }
};

}  // namespace

double machine_events(std::int64_t events) {
  std::vector<MachineTask> tasks(1024);
  return per_operation(events, [&] {
    for (std::int64_t done = 0; done < events; done += 3 * 1024) {
      for (auto& t : tasks) fire<machines::task::Event::step>(t);
      for (auto& t : tasks) fire<machines::task::Event::suspend>(t);
      for (auto& t : tasks) fire<machines::task::Event::wake>(t);
      keep(tasks);
    }
  });
}

double hand_written_events(std::int64_t events) {
  std::vector<HandTask> tasks(1024);
  return per_operation(events, [&] {
    for (std::int64_t done = 0; done < events; done += 3 * 1024) {
      for (auto& t : tasks) t.step();
      for (auto& t : tasks) t.suspend();
      for (auto& t : tasks) t.wake();
      keep(tasks);
    }
  });
}

}  // namespace bench
