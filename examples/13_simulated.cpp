// SPDX-License-Identifier: BSL-1.0
// 13_simulated.cpp - sim::run(): the same coroutines on virtual time, and the same run each time.
//
// Expected output:
//   slept for 3600 s
//   that took less than a second: true
//   the meeting of 50 tasks ended after 50 min
//   the same seed gives the same run: true
#include <chrono>
#include <iostream>
#include <vector>

#include <rondo/backends/sim.hpp>
#include <rondo/rondo.hpp>

using namespace std::chrono_literals;

// Nothing here knows in which world it runs: rondo::run(hour()) would take an hour.
rondo::Coro<std::int64_t> hour() {
  const rondo::Instant start = rondo::this_loop().time();
  co_await rondo::sleep(1h);
  co_return std::chrono::round<std::chrono::seconds>(rondo::this_loop().time() - start).count();
}

rondo::Coro<std::int64_t> meeting() {
  const rondo::Instant start = rondo::this_loop().time();
  std::vector<rondo::Coro<>> talks;
  auto talk = [](int minutes) -> rondo::Coro<> { co_await rondo::sleep(std::chrono::minutes(minutes)); };
  for (int minutes = 1; minutes <= 50; ++minutes) talks.push_back(talk(minutes));
  co_await rondo::gather(std::move(talks));
  co_return std::chrono::round<std::chrono::minutes>(rondo::this_loop().time() - start).count();
}

// How long does a job take? In a simulated world the seed decides, in virtual time.
rondo::Coro<rondo::Duration> uncertain() {
  const rondo::Instant start = rondo::this_loop().time();
  for (int i = 0; i < 5; ++i) co_await rondo::to_thread([] {});
  co_return rondo::this_loop().time() - start;
}

int main() {
  const auto start = std::chrono::steady_clock::now();
  std::cout << "slept for " << rondo::sim::run(hour()) << " s\n";
  const bool fast = std::chrono::steady_clock::now() - start < 1s;
  std::cout << "that took less than a second: " << std::boolalpha << fast << '\n';
  std::cout << "the meeting of 50 tasks ended after " << rondo::sim::run(meeting()) << " min\n";

  const rondo::Duration once = rondo::sim::run(uncertain(), {.seed = 7});
  const rondo::Duration again = rondo::sim::run(uncertain(), {.seed = 7});
  std::cout << "the same seed gives the same run: " << (once == again) << '\n';
}
