// SPDX-License-Identifier: BSL-1.0
// semaphore.cpp - who gets the next permit.
#include <rondo/semaphore.hpp>

#include <stdexcept>

namespace rondo {

Semaphore::Semaphore(std::ptrdiff_t value, std::string_view name, Place created)
    : Semaphore("Semaphore", value, -1, name, created) {}

Semaphore::Semaphore(const char* what, std::ptrdiff_t value, std::ptrdiff_t bound, std::string_view name, Place created)
    : SyncPrimitive(what, name, created), value_(value), bound_(bound) {
  if (value < 0) {
    throw std::invalid_argument(title() + ": the number of permits must be 0 or more, not " +
                                std::to_string(value));
  }
}

void Semaphore::release() {
  check_thread("release");
  if (bound_ >= 0 && value_ >= bound_) {
    throw std::invalid_argument("release: " + title() + " has all its " + std::to_string(bound_) +
                                " permits: it was released too often");
  }
  ++value_;
  wake_next();
}

bool Semaphore::wake_next() {
  Waiter* const waiter = first_pending();
  if (!waiter) return false;
  --value_;
  return wake(*waiter);
}

void Semaphore::resumed(Waiter& waiter, bool cancelled) {
  if (cancelled && waiter.woken()) ++value_;  // its permit is free again
  while (value_ > 0 && wake_next()) {         // newcomers had to wait although there was a permit
  }
}

std::string Semaphore::describe(Kernel& kernel) const {
  const std::string who = holders(kernel);
  return title() + (who.empty() ? "" : " held by " + who);
}

}  // namespace rondo
