// SPDX-License-Identifier: BSL-1.0
// event.cpp - raising the flag.
#include <rondo/event.hpp>

namespace rondo {

void Event::set() {
  if (set_) return;
  set_ = true;
  for (Waiter* waiter = waiters_.front(); waiter; waiter = waiters_.after(*waiter)) wake(*waiter);
}

std::string Event::describe(Kernel&) const { return title(); }

}  // namespace rondo
