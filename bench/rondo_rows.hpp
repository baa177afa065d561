// SPDX-License-Identifier: BSL-1.0
// rondo_rows.hpp - the same work on rondo, in simulated time, where the loop costs what it costs anywhere.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bench {

double yield(std::size_t tasks, std::int64_t yields);
double await_child(std::int64_t awaits);
double await_child_deep(int depth, std::int64_t awaits);
double spawn_join_one(std::int64_t tasks);
double spawn_join_batches(std::int64_t batch, std::int64_t batches);
double gather_many(std::int64_t children, std::int64_t times);
double timeout_around_yield(std::size_t armed, std::int64_t times);
/// Tasks that take one lock in turn, and yield while they hold it.
double lock_contended(std::size_t tasks, std::int64_t times);
/// Items from one task to another through a queue with room for one.
double channel(std::int64_t items);
/// Two tasks that send an item to and fro, each through a queue with room for one.
double round_trip(std::int64_t trips);
double machine_events(std::int64_t events);
double hand_written_events(std::int64_t events);
/// Heap bytes for each task that sleeps.
double idle_task_bytes(std::size_t tasks);
/// Heap bytes for each task that waits for a lock.
double waiting_task_bytes(std::size_t tasks);
/// Arming and cancelling one of `outstanding` timers.
double timer_churn(std::size_t outstanding, std::int64_t times);

}  // namespace bench
