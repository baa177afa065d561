// SPDX-License-Identifier: BSL-1.0
// queue_hops.hpp - the two sides of a queue, with their hops.
#pragma once

#include <string>

#include <rondo/queue.hpp>

#include "hops.hpp"

/// Notes `name` with the item got.
template <class Q>
rondo::Coro<> take(Hops& h, const char* name, Q& queue) {
  co_await see(h, name, queue.get());
}
/// Notes `name` when the item has been put.
inline rondo::Coro<> give(Hops& h, const char* name, rondo::Queue<int>& queue, int item) {
  co_await see(h, name, queue.put(item));
}

/// All items that are there, taken.
template <class Q>
std::string drain(Q& queue) {
  std::string text;
  while (!queue.empty()) text += (text.empty() ? "" : " ") + std::to_string(queue.get_nowait());
  return text;
}
