// SPDX-License-Identifier: BSL-1.0
// condition.hpp - wait, under a lock, until somebody says that something has changed.
#pragma once

#include <cstddef>
#include <optional>
#include <type_traits>

#include <rondo/coro.hpp>
#include <rondo/lock.hpp>

namespace rondo {

/// A condition variable over a lock of its own or one that several share. Source: asyncio.Condition.
class Condition : public SyncPrimitive {
 public:
  explicit Condition(std::string_view name = {}, Place created = Place::here())
      : Condition("Condition", "the lock of Condition", name, created) {}
  /// Over `lock`, which must live as long.
  explicit Condition(Lock& lock, std::string_view name = {}, Place created = Place::here())
      : SyncPrimitive("Condition", name, created), lock_(&lock) {}

  bool locked() const { return lock_->locked(); }
  LineUp<Lock> acquire() { return lock_->acquire(); }
  void release() { lock_->release(); }
  /// A guard without a name releases at once: see Lock::scoped().
  Scoped<Lock> scoped() { return lock_->scoped(); }
  Lock& lock() { return *lock_; }

  /// Releases the lock, waits for a notification, and takes the lock again before it returns or throws: a cancellation
  /// therefore arrives only when the lock is free, and passes a notification on. May return without one (look again, or
  /// use wait_for). RuntimeError if the lock is not held by anybody. One frame from the loop's pool.
  Coro<void> wait();

  /// Waits until `predicate()` is true, which it may be at once, and gives what it returned.
  template <class Predicate>
  auto wait_for(Predicate predicate) -> Coro<std::invoke_result_t<Predicate&>> {
    auto result = predicate();
    while (!result) {
      co_await unnoted(wait());
      result = predicate();
    }
    co_return result;
  }

  /// Wakes the first `n` that wait; they go on one after the other once the lock is released, in the order in which
  /// they came. RuntimeError if the lock is not held by anybody.
  void notify(std::size_t n = 1);
  void notify_all();

  std::string describe(Kernel& kernel) const override;

 protected:
  /// `what` is the word for it in texts, `lock` that for its lock.
  Condition(const char* what, const char* lock, std::string_view name, Place created)
      : SyncPrimitive(what, name, created), own_(std::in_place, lock, name, created), lock_(&*own_) {}
  void wake(std::size_t n);

 private:
  template <class P, class T>
  friend class LineAwaiter;
  bool enter() const { return false; }
  void resumed(Waiter&, bool) {}

  class OwnLock final : public Lock {
   public:
    OwnLock(const char* what, std::string_view name, Place created) : Lock(what, name, created) {}
  };

  std::optional<OwnLock> own_;  // unless it is over the lock of others
  Lock* lock_;
};

}  // namespace rondo
