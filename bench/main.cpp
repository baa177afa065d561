// SPDX-License-Identifier: BSL-1.0
// main.cpp - rondo-bench [--rounds N] [--check] [ROW...]: the table of docs/performance.md.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "measure.hpp"
#include "own_rows.hpp"
#include "peers.hpp"
#include "posts.hpp"
#include "prototype.hpp"
#include "raw.hpp"
#include "rondo_rows.hpp"

using namespace bench;

namespace {

constexpr std::int64_t million = 1'000'000;

Program own(std::string_view name, std::int64_t operations) {
  const OwnRow* row = find_own_row(name);
  if (!row) std::abort();
  return [=] { return row->run(operations); };
}

/// A row of own_rows, `operations` of it, and of the prototype. `goal`: the ratio to that.
Row against(std::string name, std::string base_name, Program base, std::int64_t operations, double goal) {
  const Program program = own(name, operations);
  const OwnRow* prototype = find_prototype_row(name);
  if (!prototype) std::abort();
  return {std::move(name), std::move(base_name), std::move(base), "rondo", program, goal,
          [=] { return prototype->run(operations); }};
}

std::vector<Row> all_rows() {
  const auto ring = [] { return raw_ring(1000, 10 * million); };
  const auto child = [] { return raw_child(5 * million); };
  std::vector<Row> rows = {
      {"machine: one event", "hand-written methods", [] { return hand_written_events(30 * million); }, "fire()",
       own("machine: one event", 30 * million), 1.1},
      {"ready queue: links, 1000 tasks", "raw ring of 1000", ring, "raw links", [] { return raw_links(1000, 10 * million); }},
      {"ready queue: links, 100000 tasks", "raw ring of 100000", [] { return raw_ring(100'000, 10 * million); }, "raw links",
       [] { return raw_links(100'000, 10 * million); }},
      against("yield, 1 task", "raw ring of 1000", ring, 10 * million, 1.8),
      against("yield, 1000 tasks", "raw ring of 1000", ring, 10 * million, 1.5),
      against("yield, 100000 tasks", "raw ring of 1000", ring, 10 * million, 1.7),
      against("await a child", "raw child", child, 5 * million, 1.15),
      against("await 100 deep, per level", "raw child 100 deep", [] { return raw_child_deep(100, 50'000); }, 5 * million,
              1.2),
      against("spawn and join, one by one", "raw child", child, 3 * million, 1.35),
      against("spawn and join, 1000 at a time", "raw child", child, 3 * million, 1.5),
      against("spawn and join, 1000000 at a time", "raw child", child, 2 * million, 1.1),
      against("gather of 1000, per child", "raw child", child, 2 * million, 1.7),
      against("timeout around a yield, 10k armed", "raw ring of 1000", ring, million, 1.6),
      against("lock, yield, release; 100 contend", "raw ring of 1000", ring, 5 * million, 1.8),
      against("item through a queue of one", "raw ring of 1000", ring, 5 * million, 0),
      against("two queues of one, round trip", "raw ring of 1000", ring, 3 * million, 2.5),
      {"post from a thread", "raw mutex and vector", [] { return raw_posts(million); }, "Backend::post",
       [] { return backend_posts(million); }, 2.0},
      {"post a callable from a thread", "raw mutex and vector", [] { return raw_posts(million); },
       "call_soon_threads.", [] { return threadsafe_calls(million); }, 2.5},
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
