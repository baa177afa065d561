// SPDX-License-Identifier: BSL-1.0
// own_rows.cpp - see own_rows.hpp.
#include "own_rows.hpp"

#include <algorithm>

#include "rondo_rows.hpp"

namespace bench {
namespace {

using Count = std::int64_t;

constexpr OwnRow rows[] = {
    {"machine: one event", 3 * 1024 * 10, machine_events},
    {"yield, 1 task", 20'000, [](Count n) { return yield(1, n); }},
    {"yield, 1000 tasks", 20'000, [](Count n) { return yield(1000, n); }},
    {"yield, 100000 tasks", 100'000, [](Count n) { return yield(100'000, n); }},
    {"await a child", 20'000, await_child},
    {"await 100 deep, per level", 20'000, [](Count n) { return await_child_deep(100, n / 100); }},
    {"spawn and join, one by one", 20'000, spawn_join_one},
    {"spawn and join, 1000 at a time", 20'000, [](Count n) { return spawn_join_batches(1000, n / 1000); }},
    {"spawn and join, 1000000 at a time", 0, [](Count n) { return spawn_join_batches(1'000'000, n / 1'000'000); }},
    {"gather of 1000, per child", 20'000, [](Count n) { return gather_many(1000, n / 1000); }},
    {"timeout around a yield, 10k armed", 20'000, [](Count n) { return timeout_around_yield(10'000, n); }},
    {"lock, yield, release; 100 contend", 20'000, [](Count n) { return lock_contended(100, n); }},
    {"item through a queue of one", 20'000, channel},
    {"two queues of one, round trip", 20'000, round_trip},
    {"timer: cancel and arm, 10k", 20'000, [](Count n) { return timer_churn(10'000, n); }},
};

}  // namespace

std::span<const OwnRow> own_rows() { return rows; }

const OwnRow* find_own_row(std::string_view name) {
  const auto found = std::find_if(std::begin(rows), std::end(rows), [&](const OwnRow& row) { return row.name == name; });
  return found == std::end(rows) ? nullptr : found;
}

}  // namespace bench
