// SPDX-License-Identifier: BSL-1.0
// main.cpp - rondo-bench [--rounds N] [--check] [ROW...]: the table of docs/performance.md.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "measure.hpp"
#include "peers.hpp"
#include "posts.hpp"
#include "raw.hpp"
#include "rondo_rows.hpp"

using namespace bench;

namespace {

constexpr std::int64_t million = 1'000'000;

std::vector<Row> all_rows() {
  std::vector<Row> rows = {
      {"machine: one event", "hand-written methods", [] { return hand_written_events(30 * million); }, "fire()",
       [] { return machine_events(30 * million); }, 1.1},
      {"yield, 1000 tasks", "raw ring of 1000", [] { return raw_ring(1000, 10 * million); }, "rondo",
       [] { return yield(1000, 10 * million); }, 2.0},
      {"yield, 100000 tasks", "raw ring of 1000", [] { return raw_ring(1000, 10 * million); }, "rondo",
       [] { return yield(100'000, 10 * million); }, 2.3},
      {"await a child", "raw child", [] { return raw_child(5 * million); }, "rondo",
       [] { return await_child(5 * million); }, 1.2},
      {"await 100 deep, per level", "raw child 100 deep", [] { return raw_child_deep(100, 50'000); }, "rondo",
       [] { return await_child_deep(100, 50'000); }, 1.2},
      {"spawn and join, one by one", "raw child", [] { return raw_child(5 * million); }, "rondo",
       [] { return spawn_join_one(3 * million); }, 2.7},
      {"spawn and join, 1000 at a time", "raw child", [] { return raw_child(5 * million); }, "rondo",
       [] { return spawn_join_batches(1000, 3000); }, 2.6},
      {"gather of 1000, per child", "raw child", [] { return raw_child(5 * million); }, "rondo",
       [] { return gather_many(1000, 2000); }, 3.2},
      // 90 ns where the ring took 1.95 ns: normalised by the ring of the same round.
      {"timeout around a yield, 10k armed", "raw ring of 1000", [] { return raw_ring(1000, 10 * million); }, "rondo",
       [] { return timeout_around_yield(10'000, million); }, 90 / 1.95},
      {"lock, yield, release; 100 contend", "raw ring of 1000", [] { return raw_ring(1000, 10 * million); }, "rondo",
       [] { return lock_contended(100, 5 * million); }, 5.5},
      {"item through a queue of one", "raw ring of 1000", [] { return raw_ring(1000, 10 * million); }, "rondo",
       [] { return channel(5 * million); }, 9},
      {"post from a thread", "raw mutex and vector", [] { return raw_posts(million); }, "Backend::post",
       [] { return backend_posts(million); }, 2.0},
      {"post a callable from a thread", "raw mutex and vector", [] { return raw_posts(million); },
       "call_soon_threads.", [] { return threadsafe_calls(million); }},
  };
  add_peer_rows(rows);
  return rows;
}

}  // namespace

int main(int argc, char** argv) {
  int rounds = 7;
  bool check = false;
  std::vector<std::string> filters;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--rounds" && i + 1 < argc) {
      rounds = std::max(1, std::atoi(argv[++i]));
    } else if (argument == "--check") {
      check = true;
    } else {
      filters.push_back(argument);
    }
  }
  const int missed = run_rows(all_rows(), rounds, filters);
  const double sleeping = idle_task_bytes(100'000);
  std::printf("sleeping task: %.0f bytes (goal <= 320 %s)\n", sleeping, sleeping <= 320 ? "met" : "MISSED");
  const double waiting = waiting_task_bytes(100'000);
  std::printf("task waiting for a lock: %.0f bytes (goal <= 320 %s)\n", waiting, waiting <= 320 ? "met" : "MISSED");
  threadsafe_calls(million);
  const double wakeups = wakeups_per_post();
  std::printf("eventfd writes for each post: %.4f (goal <= 0.05 %s)\n", wakeups, wakeups <= 0.05 ? "met" : "MISSED");
  return check && (missed > 0 || std::max(sleeping, waiting) > 320 || wakeups > 0.05) ? 1 : 0;
}
