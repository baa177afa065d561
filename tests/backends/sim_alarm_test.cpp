// SPDX-License-Identifier: BSL-1.0
// sim_alarm_test.cpp - the sleep of a simulated world that only other threads can end.
#include <rondo/backends/sim_alarm.hpp>

#include <memory>
#include <thread>

#include "catch.hpp"

using rondo::sim::Alarm;

TEST_CASE("a ring that comes before the sleep ends it, and rings once") {
  Alarm alarm;
  alarm.ring();
  alarm.ring();
  alarm.sleep();
  std::thread later([&alarm] { alarm.ring(); });
  alarm.sleep();
  later.join();
  SUCCEED("both sleeps have ended");
}

TEST_CASE("an alarm may go as soon as the sleep has ended") {
  for (int i = 0; i < 200; ++i) {
    auto alarm = std::make_unique<Alarm>();
    std::thread rings([one = alarm.get()] { one->ring(); });
    alarm->sleep();
    alarm.reset();  // while ring() may not have returned yet
    rings.join();
  }
  SUCCEED("nothing was touched that was gone");
}
