// SPDX-License-Identifier: BSL-1.0
// parked.hpp - tasks that wait for a primitive, or hold it.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include <rondo/condition.hpp>
#include <rondo/sleep.hpp>

#include "hops.hpp"

inline const std::string waiter_made_at = "(made at parked.hpp:" + std::to_string(__LINE__ + 4) + ")";
/// A task with this name that awaits `aw` and notes how that ended.
template <class A>
rondo::Task<> waiter(Hops& h, const char* name, A aw) {
  return h.loop.create_task(see(h, name, std::move(aw)), {.name = name});
}

inline rondo::Coro<> in_condition(rondo::Condition& condition) {
  const auto guard = co_await condition.scoped();
  co_await condition.wait();
}

/// Holds a guard of a lock or semaphore until the end of time.
template <class P>
rondo::Coro<> hold(P& primitive) {
  const auto guard = co_await primitive.scoped();
  co_await rondo::sleep(std::chrono::hours(1));
}
