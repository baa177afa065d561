// SPDX-License-Identifier: BSL-1.0
// contract.hpp - what passes between the loop and the world: inputs, outputs and the answer of one step.
//
// All are plain values. Operations are named by slot and generation, never by address. docs/the-loop.md has the rules
// C1 to C12 that both sides keep; tests/core/contract_test.cpp has a test for each.
#pragma once

#include <cstdint>

#include <rondo/time.hpp>

namespace rondo {

class CallCore;
class Executor;
class Job;

/// The name of an operation: a slot of the loop's table and how often that slot was used before.
struct OperationId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  friend bool operator==(const OperationId&, const OperationId&) = default;
};

enum class OperationKind : std::uint8_t { readable, writable, signal, job };

/// What a backend is asked to do, in the order asked.
struct Output {
  enum class Verb : std::uint8_t { start, cancel };
  Verb verb = Verb::start;
  OperationKind kind = OperationKind::readable;
  std::int32_t handle = -1;      // readable, writable: the descriptor; signal: its number
  OperationId id;
  Job* job = nullptr;            // job: lent to the backend until the terminal completion
  Executor* executor = nullptr;  // job: where to run it; null: the default executor
};

/// What a backend reports.
struct Input {
  enum class Type : std::uint8_t { completion, post };
  Type type = Type::completion;
  bool more = false;           // completion: not the terminal one
  std::int32_t result = 0;     // completion: 0 or more is success, -errno is failure
  OperationId id;              // completion
  CallCore* call = nullptr;    // post: the loop takes it over

  static Input completion(OperationId id, std::int32_t result, bool more = false) {
    return {Type::completion, more, result, id, nullptr};
  }
  static Input post(CallCore& call) { return {Type::post, false, 0, {}, &call}; }
};

/// Why StepResult::deadline is what it is.
enum class Why : std::uint8_t {
  inputs,    // nothing to do before an input comes; deadline == never
  timer,     // deadline is that of the earliest timer
  ready,     // more is ready: step again at once; deadline == now
  out_full,  // outputs wait inside for room: step again at once; deadline == now
  done,      // stop() was called and its batch has ended
};

struct StepResult {
  std::uint32_t produced = 0;    // outputs written
  std::uint32_t resumed = 0;     // tasks resumed and callbacks run
  std::uint32_t batches = 0;     // batches begun
  bool done = false;             // see Why::done
  Why why = Why::inputs;
  Instant deadline = never;      // when to step again if no input comes before
  std::uint32_t operations = 0;  // operations in flight
  std::uint32_t sources = 0;     // open outside sources: somebody may still post
  std::uint32_t tasks = 0;       // tasks that are not done
  std::uint64_t hash = 0;        // rolls over everything that happened; equal runs have equal hashes
};

}  // namespace rondo
