// SPDX-License-Identifier: BSL-1.0
// condition.cpp - waiting, and taking the lock again whatever comes.
#include <rondo/condition.hpp>

namespace rondo {

Coro<void> Condition::wait() {
  if (!locked()) throw RuntimeError("wait: the lock of " + title() + " is not locked");
  check_loop();
  const Watch watch(*this);
  release();
  Outcome<void> ended = co_await unnoted(as_outcome(LineUp<Condition>(*this)));
  Lock* const lock = watch.gone() ? nullptr : lock_;
  while (lock) {
    Outcome<void> acquired = co_await unnoted(as_outcome(lock->acquire()));
    if (acquired.has_value()) break;
    ended = std::move(acquired);
    if (ended.failed()) break;  // the lock is gone
  }
  if (!ended.has_value() && !watch.gone()) wake(1);  // it may have been notified: somebody else gets that
  ended.raise();
  if (watch.gone()) throw_primitive_gone();  // while it took a lock again that is not the condition's own
}

void Condition::notify(std::size_t n) {
  check_thread("notify");
  if (!locked()) throw RuntimeError("notify: the lock of " + title() + " is not locked");
  wake(n);
}

void Condition::notify_all() { notify(static_cast<std::size_t>(-1)); }

void Condition::wake(std::size_t n) {
  for (; n > 0; --n) {
    Waiter* const waiter = first_pending();
    if (!waiter) return;
    SyncPrimitive::wake(*waiter);
  }
}

std::string Condition::describe(Kernel&) const { return "a notification of " + title(); }

}  // namespace rondo
