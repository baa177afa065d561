// SPDX-License-Identifier: BSL-1.0
// lock.hpp - one task at a time.
#pragma once

#include <rondo/guard.hpp>

namespace rondo {

/// A mutex for tasks: strictly first come first served, not re-entrant, and any task may release it. A task that awaits
/// nothing between two lines needs no lock there. Source: asyncio.Lock.
class Lock : public SyncPrimitive {
 public:
  explicit Lock(std::string_view name = {}, Place created = Place::here()) : SyncPrimitive("Lock", name, created) {}

  /// False also in the hop between release() and the step of the task that is next; nobody else can take it then.
  bool locked() const { return locked_; }

  /// Await it to hold the lock: at once if it is free and nobody is in line, else in turn, one hop after the release.
  /// A cancelled task leaves the line and, if its turn had come, passes it on. Taking a lock twice in one task waits
  /// for ever (DeadlockError names both). No allocation.
  LineUp<Lock> acquire() { return LineUp<Lock>(*this); }

  /// Lets the first in line have it. RuntimeError if it is free, and so also in the hop of a hand-over.
  void release();

  /// Like acquire(), and gives a guard that releases at the end of its scope. A guard without a name is released at
  /// once: `co_await lock.scoped();` holds nothing. clang warns of that, GCC 12 does not.
  Scoped<Lock> scoped() { return Scoped<Lock>(*this); }

  std::string describe(Kernel& kernel) const override;
  std::uint32_t holder() const override { return locked_ ? holder_ : 0; }

 protected:
  /// For the lock of a condition.
  Lock(const char* what, std::string_view name, Place created) : SyncPrimitive(what, name, created) {}

 private:
  template <class P, class T>
  friend class LineAwaiter;
  bool enter();
  void resumed(Waiter& waiter, bool cancelled);
  void wake_first();
  [[noreturn]] [[gnu::noinline]] void refuse_release() const;

  bool locked_ = false;
  std::uint32_t holder_ = 0;  // the id of the task that took it
};

inline bool Lock::enter() {
  if (locked_ || has_line()) return false;
  locked_ = true;
  holder_ = thread_slot.task->id();
  return true;
}

inline void Lock::wake_first() {
  if (Waiter* first = waiters_.front()) wake(*first);
}

inline void Lock::resumed(Waiter&, bool cancelled) {
  if (cancelled) {
    if (!locked_) wake_first();
    return;
  }
  locked_ = true;
  holder_ = thread_slot.task->id();
}

}  // namespace rondo
