// SPDX-License-Identifier: BSL-1.0
// operation_table_test.cpp - names of operations: none comes twice, also when a slot has had its last one.
#include <rondo/kernel/operation_table.hpp>

#include <array>
#include <set>

#include "catch.hpp"

using namespace rondo;

namespace {

/// Starts an operation, hands it out and completes it; gives its name.
OperationId go_through(OperationTable& table) {
  Operation operation(nullptr);
  Output output;
  output.kind = OperationKind::readable;
  table.start(operation, output);
  std::array<Output, 1> out;
  REQUIRE(table.drain(out) == 1);
  const OperationId id = out[0].id;
  CHECK(table.complete(Input::completion(id, 0)) == &operation);
  return id;
}

}  // namespace

TEST_CASE("a slot is used again with the next generation") {
  Wakeup nobody;
  OperationTable table(std::pmr::new_delete_resource(), nobody);
  const OperationId first = go_through(table);
  const OperationId second = go_through(table);
  CHECK(second.slot == first.slot);
  CHECK(second.generation == first.generation + 1);
}

TEST_CASE("a slot that has had its last generation is not used again") {
  Wakeup nobody;
  OperationTable table(std::pmr::new_delete_resource(), nobody, UINT32_MAX - 3);
  std::set<std::pair<std::uint32_t, std::uint32_t>> names;
  for (int i = 0; i < 40; ++i) {
    const OperationId id = go_through(table);
    CHECK(names.insert({id.slot, id.generation}).second);
    CHECK(id.slot == static_cast<std::uint32_t>(i / 3));
  }
  CHECK(table.in_flight() == 0);
}

TEST_CASE("a completion that comes after the last generation of its slot is stale") {
  Wakeup nobody;
  OperationTable table(std::pmr::new_delete_resource(), nobody, UINT32_MAX - 1);
  const OperationId last = go_through(table);
  CHECK(last.generation == UINT32_MAX);
  static_cast<void>(go_through(table));
  CHECK(table.complete(Input::completion(last, 0)) == nullptr);
  CHECK(table.stale() == 1);
}
