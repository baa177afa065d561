// SPDX-License-Identifier: BSL-1.0
// event.hpp - a flag that tasks can wait for.
#pragma once

#include <rondo/sync/sync_primitive.hpp>

namespace rondo {

/// All members belong to the thread of the loop whose tasks wait. Source: asyncio.Event.
class Event : public SyncPrimitive {
 public:
  explicit Event(std::string_view name = {}, Place created = Place::here()) : SyncPrimitive("Event", name, created) {}

  bool is_set() const { return set_; }

  /// Raises the flag and wakes all who wait, in the order in which they came; they go on one hop later, also if the
  /// flag is lowered meanwhile. O(waiters).
  void set();

  /// Lowers the flag: whoever waits from now on waits for the next set().
  void clear() {
    check_thread("clear");
    set_ = false;
  }

  /// Await it: goes on at once, without suspending, if the flag is up; else one hop after set(). No allocation.
  LineUp<Event> wait() { return LineUp<Event>(*this); }

  std::string describe(Kernel& kernel) const override;

 protected:
  Event(const char* what, std::string_view name, Place created) : SyncPrimitive(what, name, created) {}

 private:
  template <class P, class T>
  friend class LineAwaiter;
  bool enter() const { return set_; }
  void resumed(Waiter&, bool) {}

  bool set_ = false;
};

}  // namespace rondo
