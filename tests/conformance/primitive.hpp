// SPDX-License-Identifier: BSL-1.0
// primitive.hpp - what a scenario may name besides tasks, futures, timers and generators: locks, barriers, queues.
#pragma once

#include <cstdint>
#include <variant>

#include <rondo/rondo.hpp>

namespace conformance {

/// What is put into queues.
using QueueItem = std::int64_t;

using Primitive = std::variant<rondo::Event, rondo::Lock, rondo::Semaphore, rondo::BoundedSemaphore, rondo::Condition,
                               rondo::Barrier, rondo::Queue<QueueItem>, rondo::LifoQueue<QueueItem>,
                               rondo::PriorityQueue<QueueItem>>;

}  // namespace conformance
