// SPDX-License-Identifier: BSL-1.0
// sim_alarm.cpp - see sim_alarm.hpp.
#include <rondo/backends/sim_alarm.hpp>

#include <utility>

namespace rondo::sim {

/// Under the lock: once that is free, the sleeper may go on, and take the alarm with it.
void Alarm::ring() noexcept {
  const std::lock_guard lock(mutex_);
  rings_ = true;
  rung_.notify_one();
}

void Alarm::sleep() {
  std::unique_lock lock(mutex_);
  rung_.wait(lock, [this] { return std::exchange(rings_, false); });
}

}  // namespace rondo::sim
