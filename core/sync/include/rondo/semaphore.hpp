// SPDX-License-Identifier: BSL-1.0
// semaphore.hpp - some tasks at a time.
#pragma once

#include <rondo/guard.hpp>

namespace rondo {

/// Counts permits; first come first served. Source: asyncio.Semaphore.
class Semaphore : public SyncPrimitive {
 public:
  /// std::invalid_argument for a negative number of permits.
  explicit Semaphore(std::ptrdiff_t value = 1, std::string_view name = {}, Place created = Place::here());

  /// True if acquire() would wait: no permit is left, or somebody is in line.
  bool locked() const { return value_ == 0 || has_line(); }
  /// The permits that nobody has. One that release() gave to a task in line is not among them.
  std::ptrdiff_t value() const { return value_; }

  /// Await it to have a permit: at once if there is one and nobody is in line, else in turn, one hop after the release
  /// that was for it. A cancelled task that had one already gives it to the next in line. No allocation.
  LineUp<Semaphore> acquire() { return LineUp<Semaphore>(*this); }

  /// Gives a permit to the first in line, or adds it. Anybody may release, also without having acquired: that adds one.
  void release();

  /// Like acquire(), and gives a guard that releases at the end of its scope; one without a name releases at once, see
  /// Lock::scoped().
  Scoped<Semaphore> scoped() { return Scoped<Semaphore>(*this); }

  std::string describe(Kernel& kernel) const override;

 protected:
  /// For a BoundedSemaphore.
  Semaphore(const char* what, std::ptrdiff_t value, std::ptrdiff_t bound, std::string_view name, Place created);

 private:
  template <class P, class T>
  friend class LineAwaiter;
  bool enter() {
    if (locked()) return false;
    --value_;
    return true;
  }
  void resumed(Waiter& waiter, bool cancelled);
  bool wake_next();

  std::ptrdiff_t value_;
  std::ptrdiff_t bound_;  // the most it may ever have; -1: no bound
};

/// A semaphore whose release() throws std::invalid_argument when it was released more often than acquired. While tasks
/// are in line the error can hit an innocent release: the permits handed over are not in value(). Source:
/// asyncio.BoundedSemaphore.
class BoundedSemaphore : public Semaphore {
 public:
  explicit BoundedSemaphore(std::ptrdiff_t value = 1, std::string_view name = {}, Place created = Place::here())
      : Semaphore("BoundedSemaphore", value, value, name, created) {}
};

}  // namespace rondo
