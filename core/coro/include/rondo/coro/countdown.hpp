// SPDX-License-Identifier: BSL-1.0
// countdown.hpp - posts an entry, or wakes a task, when all of several futures are done.
#pragma once

#include <cstddef>
#include <list>

#include <rondo/kernel/kernel.hpp>

namespace rondo {

/// Counts futures of one kernel, each in a turn of its own after it is done (so does gather).
class Countdown {
 public:
  Countdown() = default;
  Countdown(const Countdown&) = delete;
  Countdown& operator=(const Countdown&) = delete;

  /// Holds `future` until this goes.
  void add(FutureCore& future) {
    ++left_;
    watches_.emplace_back(*this, future);
  }
  bool done() const { return left_ == 0; }
  /// Calls `function(FutureCore&)` for each, in the order in which they were added.
  template <class F>
  void for_each(F function) const {
    for (const auto& watch : watches_) function(watch.future());
  }

  /// Tells the exception handler which ended with an error that nobody will ask for. `subject`: null for their own
  /// names.
  void report_failures(const char* what, const char* subject = nullptr) const;

  /// Posts `entry` once all are done: at most one.
  void then_post(Entry& entry) { last_ = &entry; }
  /// Wakes who waits at `parking`, too.
  void then_wake(Parking& parking) { waiting_ = &parking; }

 private:
  void count(Ref<FutureCore>& future);

  std::list<FutureHook<Countdown, &Countdown::count>> watches_;
  std::size_t left_ = 0;
  Entry* last_ = nullptr;
  Parking* waiting_ = nullptr;
};

}  // namespace rondo
