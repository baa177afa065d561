// SPDX-License-Identifier: BSL-1.0
// event.cpp - raising the flag.
#include <rondo/event.hpp>

namespace rondo {

void Event::set() {
  check_thread("set");
  if (set_) return;
  set_ = true;
  while (Waiter* const waiter = first_pending()) wake(*waiter);
}

std::string Event::describe(Kernel&) const { return title(); }

}  // namespace rondo
