// SPDX-License-Identifier: BSL-1.0
// sim_alarm.hpp - what ends the sleep of a simulated world that has nothing but other threads to wait for.
#pragma once

#include <condition_variable>
#include <mutex>

namespace rondo::sim {

/// One thread sleeps, any may ring. A ring that comes before the sleep ends it at once.
class Alarm {
 public:
  void ring() noexcept;
  void sleep();

 private:
  std::mutex mutex_;
  std::condition_variable rung_;
  bool rings_ = false;
};

}  // namespace rondo::sim
