// SPDX-License-Identifier: BSL-1.0
// event.cpp - raising the flag.
#include <rondo/event.hpp>

namespace rondo {

void Event::set() {
  if (set_) return;
  while (Waiter* const waiter = first_pending()) wake(*waiter, "set");
  set_ = true;
}

std::string Event::describe(Kernel&) const { return title(); }

}  // namespace rondo
