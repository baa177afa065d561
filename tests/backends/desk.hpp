// SPDX-License-Identifier: BSL-1.0
// desk.hpp - operations of a backend by hand, without a loop.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include <rondo/kernel/facilities.hpp>
#include <rondo/rondo.hpp>

#include "catch.hpp"

namespace by_hand {

using namespace rondo;
using namespace std::chrono_literals;

/// Operations by hand, without a loop: what was reported for each.
class Desk {
 public:
  explicit Desk(Backend& backend) : backend_(backend) {
    facilities::names();  // and jobs
    facilities::processes();  // and all the rest
  }

  OperationId start(Output output) {
    queue(output);
    flush();
    return output.id;
  }
  /// Several outputs for one submit().
  OperationId queue(Output& output) {
    output.id = {next_++, 1};
    outputs_.push_back(output);
    started_[output.id.slot] = output;
    return output.id;
  }
  void queue_cancel(OperationId id) {
    Output output = started_.at(id.slot);
    output.verb = Output::Verb::cancel;
    outputs_.push_back(output);
  }
  void flush() {
    backend_.submit(outputs_);
    outputs_.clear();
  }
  void cancel(OperationId id) {
    queue_cancel(id);
    flush();
  }
  void take(Duration limit) {
    for (const Input& input : backend_.reap(backend_.now() + limit)) {
      results_[input.id.slot].push_back(input.result);
      if (input.more) ++more_;
    }
  }
  /// Its result, when it comes.
  std::int32_t wait(OperationId id) {
    for (int i = 0; i < 200 && results_[id.slot].empty(); ++i) take(100ms);
    REQUIRE_FALSE(results_[id.slot].empty());
    return results_[id.slot].front();
  }
  std::int32_t run(Output output) { return wait(start(output)); }
  /// What has been taken for it so far.
  const std::vector<std::int32_t>& results(OperationId id) { return results_[id.slot]; }
  /// The result after `count` others, for operations that have several.
  std::int32_t wait_for_another(OperationId id, std::size_t count) {
    for (int i = 0; i < 200 && results_[id.slot].size() <= count; ++i) take(100ms);
    REQUIRE(results_[id.slot].size() == count + 1);
    return results_[id.slot].back();
  }
  /// Gives time for a second completion, which must not come.
  void check_single() {
    for (int i = 0; i < 3; ++i) take(1ms);
    CHECK(more_ == 0);
    for (const auto& [slot, results] : results_) CHECK(results.size() == 1);
    CHECK(results_.size() == started_.size());
  }

  static Output of(OperationKind kind, int handle = -1) {
    Output output;
    output.kind = kind;
    output.handle = handle;
    return output;
  }
  static Output with_endpoint(OperationKind kind, Endpoint& endpoint, int handle = -1) {
    Output output = of(kind, handle);
    output.endpoint = &endpoint;
    return output;
  }
  static Output recv(int handle, std::span<std::byte> buffer) {
    Output output = of(OperationKind::recv, handle);
    output.buffer = buffer.data();
    output.size = buffer.size();
    return output;
  }
  static Output send(int handle, const Slice& slice) {
    Output output = of(OperationKind::send, handle);
    output.slices = &slice;
    output.size = 1;
    return output;
  }
  void close(int handle) { CHECK(run(of(OperationKind::close, handle)) == 0); }

 private:
  Backend& backend_;
  std::uint32_t next_ = 0;
  std::vector<Output> outputs_;
  std::map<std::uint32_t, Output> started_;
  std::map<std::uint32_t, std::vector<std::int32_t>> results_;
  int more_ = 0;
};

}  // namespace by_hand
