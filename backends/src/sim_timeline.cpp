// SPDX-License-Identifier: BSL-1.0
// sim_timeline.cpp - see sim_timeline.hpp.
#include <rondo/backends/sim_timeline.hpp>

#include <algorithm>
#include <utility>

namespace rondo::sim {

Timeline::Moment Timeline::add(Instant when, std::unique_ptr<TimelineEvent> event) {
  const Moment moment{std::max(when, now_), sequence_++};
  events_.emplace_hint(events_.end(), moment, std::move(event));  // most often the last
  return moment;
}

void Timeline::move_to(Instant when) { now_ = std::max(now_, when); }

void Timeline::run_due() {
  while (something_is_due()) {
    const auto event = events_.extract(events_.begin());
    event.mapped()->happen();
  }
}

}  // namespace rondo::sim
