// SPDX-License-Identifier: BSL-1.0
// wall_time.hpp - how long a backend sleeps, as a multiple of what epoll needs for the same in the same run: machines
// differ, and so does what else they do.
#pragma once

#include <algorithm>
#include <chrono>

#include <rondo/backends/epoll.hpp>
#include <rondo/rondo.hpp>

namespace wall_time {

inline rondo::Coro<> sleep_often(int times, rondo::Duration each) {
  for (int i = 0; i < times; ++i) co_await rondo::sleep(each);
}

inline double seconds_of_sleeps(rondo::Backend& backend, int times, rondo::Duration each) {
  const auto begin = std::chrono::steady_clock::now();
  rondo::run(backend, sleep_often(times, each));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// The best of a few tries, each beside one of epoll; of more, as long as it is not what one would expect.
inline double multiple_of_epoll(rondo::Backend& backend, int times, rondo::Duration each) {
  rondo::EpollBackend epoll;
  double least = 1e9;
  double least_of_epoll = 1e9;
  for (int i = 0; i < 30; ++i) {
    least = std::min(least, seconds_of_sleeps(backend, times, each));
    least_of_epoll = std::min(least_of_epoll, seconds_of_sleeps(epoll, times, each));
    if (i >= 1 && least < 1.2 * least_of_epoll) break;
  }
  return least / least_of_epoll;
}

}  // namespace wall_time
