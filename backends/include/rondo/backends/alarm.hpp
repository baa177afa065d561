// SPDX-License-Identifier: BSL-1.0
// alarm.hpp - what ends the sleep of a loop that has nothing but other threads to wait for.
#pragma once

#include <condition_variable>
#include <mutex>

namespace rondo {

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

}  // namespace rondo
