// SPDX-License-Identifier: BSL-1.0
// timer_queue_test.cpp - the heap of deadlines, against a sorted model.
#include <rondo/kernel/timer_queue.hpp>

#include <array>
#include <map>
#include <random>
#include <vector>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

struct Alarm : Timer {
  Alarm() : Timer(nullptr) {}
};

}  // namespace

TEST_CASE("timers come out by deadline, and equal deadlines in the order in which they were armed") {
  TimerQueue queue(std::pmr::new_delete_resource());
  std::array<Alarm, 20> alarms;
  for (std::size_t i = 0; i < alarms.size(); ++i) queue.arm(alarms[i], Instant(i % 2 == 0 ? 2s : 1s));
  CHECK(queue.size() == 20);
  CHECK(queue.earliest() == Instant(1s));
  std::vector<std::size_t> order;
  while (Timer* timer = queue.pop_due(Instant(2s))) {
    order.push_back(static_cast<std::size_t>(static_cast<Alarm*>(timer) - alarms.data()));
  }
  CHECK(order == std::vector<std::size_t>{1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18});
  CHECK(queue.empty());
  CHECK(queue.earliest() == no_deadline);
}

TEST_CASE("a timer is due at its deadline, not a nanosecond earlier") {
  TimerQueue queue(std::pmr::new_delete_resource());
  Alarm alarm;
  CHECK_FALSE(alarm.armed());
  queue.arm(alarm, Instant(1s));
  CHECK(alarm.armed());
  CHECK(queue.when(alarm) == Instant(1s));
  CHECK(queue.pop_due(Instant(1s) - 1ns) == nullptr);
  CHECK(queue.pop_due(Instant(1s)) == &alarm);
  CHECK_FALSE(alarm.armed());
}

TEST_CASE("a timer that is moved stands behind those that have its new deadline already") {
  TimerQueue queue(std::pmr::new_delete_resource());
  Alarm first;
  Alarm second;
  queue.arm(first, Instant(1s));
  queue.arm(second, Instant(2s));
  queue.move(first, Instant(2s));
  CHECK(queue.pop_due(Instant(2s)) == &second);
  CHECK(queue.pop_due(Instant(2s)) == &first);
}

TEST_CASE("deadlines at the ends of time keep their order") {
  TimerQueue queue(std::pmr::new_delete_resource());
  Alarm last;
  Alarm first;
  queue.arm(last, no_deadline);
  queue.arm(first, Instant::min());
  CHECK(queue.earliest() == Instant::min());
  CHECK(queue.pop_due(Instant::min()) == &first);
  CHECK(queue.pop_due(no_deadline - 1ns) == nullptr);
  CHECK(queue.pop_due(no_deadline) == &last);
}

TEST_CASE("random operations do what a sorted multimap does") {
  const auto seed = GENERATE(1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U);
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto draw = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  TimerQueue queue(std::pmr::new_delete_resource());
  std::vector<Alarm> alarms(200);
  std::multimap<Instant, Alarm*> model;  // equal keys keep the order of insertion
  Instant now{};
  const auto forget = [&model](const Alarm* alarm) {
    for (auto at = model.begin(); at != model.end(); ++at) {
      if (at->second == alarm) return static_cast<void>(model.erase(at));
    }
  };
  for (int step = 0; step < 5000; ++step) {
    Alarm& alarm = alarms[draw(alarms.size())];
    const Instant when = now + Duration(static_cast<std::int64_t>(draw(50)) - 5);
    if (!alarm.armed()) {
      queue.arm(alarm, when);
      model.emplace(when, &alarm);
    } else if (draw(3) == 0) {
      forget(&alarm);
      queue.move(alarm, when);
      model.emplace(when, &alarm);
    } else if (draw(2) == 0) {
      forget(&alarm);
      queue.cancel(alarm);
    } else {
      now += Duration(static_cast<std::int64_t>(draw(4)));
      while (Timer* timer = queue.pop_due(now)) {
        REQUIRE_FALSE(model.empty());
        REQUIRE(timer == model.begin()->second);
        model.erase(model.begin());
      }
    }
    REQUIRE(queue.size() == model.size());
    REQUIRE(queue.earliest() == (model.empty() ? no_deadline : model.begin()->first));
  }
}
