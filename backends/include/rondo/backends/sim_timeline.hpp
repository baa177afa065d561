// SPDX-License-Identifier: BSL-1.0
// sim_timeline.hpp - virtual time: what is going to happen in a simulated world, earliest first.
//
// Ordered by (time, sequence): what is due at one instant happens in the order in which it was planned. Adding and
// removing are O(log n), and what was removed is gone: it neither moves the time nor keeps the world from being stuck.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include <rondo/time.hpp>

namespace rondo::sim {

class TimelineEvent {
 public:
  virtual ~TimelineEvent() = default;
  virtual void happen() = 0;
};

class Timeline {
 public:
  /// The name of an event that has not happened.
  struct Moment {
    Instant when;
    std::uint64_t sequence;
    friend bool operator<(const Moment& a, const Moment& b) {
      return a.when != b.when ? a.when < b.when : a.sequence < b.sequence;
    }
  };

  Instant now() const { return now_; }
  bool empty() const { return events_.empty(); }
  /// When the next event is due; `no_deadline` if there is none.
  Instant next() const { return empty() ? no_deadline : events_.begin()->first.when; }
  bool something_is_due() const { return next() <= now_; }

  Moment add(Instant when, std::unique_ptr<TimelineEvent> event);
  void remove(const Moment& moment) { events_.erase(moment); }
  /// Time does not go back.
  void move_to(Instant when);
  /// All that is due now, also what is planned for now meanwhile.
  void run_due();

 private:
  Instant now_{};
  std::uint64_t sequence_ = 0;
  std::map<Moment, std::unique_ptr<TimelineEvent>> events_;
};

}  // namespace rondo::sim
