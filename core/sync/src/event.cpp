// SPDX-License-Identifier: BSL-1.0
// event.cpp - raising the flag.
#include <rondo/event.hpp>

namespace rondo {

void Event::set() {
  if (set_) return;
  check_thread("set");
  set_ = true;
  while (Waiter* const waiter = first_pending()) wake(*waiter);
}

std::string Event::describe(Kernel&) const { return title(); }

}  // namespace rondo
