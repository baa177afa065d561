// SPDX-License-Identifier: BSL-1.0
// net_world.hpp - a test that plays the backend of sockets: it sees every output, and says what arrives.
#pragma once

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include <rondo/rondo.hpp>

#include "ending.hpp"

/// How something ended, errors with their texts.
template <class T>
std::string words_of(const rondo::Outcome<T>& outcome) {
  return outcome.failed() ? rondo::describe(outcome.error()) : ending_of(outcome);
}
template <rondo::Awaitable A>
rondo::Coro<std::string> told(A awaitable) {
  const auto outcome = co_await rondo::as_outcome(std::move(awaitable));
  co_return words_of(outcome);
}

/// Steps a loop by hand. Outputs of all steps are kept until somebody takes them.
struct NetWorld {
  rondo::StepResult step(std::vector<rondo::Input> in = {}, int budget = 256) {
    const rondo::StepResult result = loop.step(now, in, out, budget);
    outputs.insert(outputs.end(), out.begin(), out.begin() + result.produced);
    return result;
  }
  /// The oldest output of this kind that was not taken; what it names stays -1 if there is none.
  rondo::Output take(rondo::OperationKind kind, rondo::Output::Verb verb = rondo::Output::Verb::start) {
    for (auto at = outputs.begin(); at != outputs.end(); ++at) {
      if (at->kind != kind || at->verb != verb) continue;
      const rondo::Output taken = *at;
      outputs.erase(at);
      return taken;
    }
    return {};
  }
  bool has(rondo::OperationKind kind, rondo::Output::Verb verb = rondo::Output::Verb::start) const {
    for (const rondo::Output& output : outputs) {
      if (output.kind == kind && output.verb == verb) return true;
    }
    return false;
  }
  /// Ends the oldest operation of this kind.
  rondo::StepResult end(rondo::OperationKind kind, std::int32_t result) {
    return step({rondo::Input::completion(take(kind).id, result)});
  }
  /// Bytes arrive for the oldest recv, in the caller's memory, or lent; with `last` the end is known to be behind them.
  rondo::StepResult arrive(std::string text, bool last = false) {
    const rondo::Output output = take(rondo::OperationKind::recv);
    arrived = std::move(text);
    rondo::Input input = rondo::Input::completion(output.id, static_cast<std::int32_t>(arrived.size()));
    if (output.buffer) {
      std::memcpy(output.buffer, arrived.data(), arrived.size());
    } else {
      input.bytes = reinterpret_cast<const std::byte*>(arrived.data());
    }
    input.last = last;
    return step({input});
  }
  /// The oldest send goes out, `most` bytes of it: gives them.
  std::string depart(std::size_t most = SIZE_MAX) {
    const rondo::Output output = take(rondo::OperationKind::send);
    std::string sent;
    for (std::size_t i = 0; i < output.size; ++i) {
      sent.append(reinterpret_cast<const char*>(output.slices[i].data), output.slices[i].size);
    }
    sent.resize(std::min(sent.size(), most));
    step({rondo::Input::completion(output.id, static_cast<std::int32_t>(sent.size()))});
    return sent;
  }

  rondo::Instant now{};
  std::array<rondo::Output, 16> out;
  std::vector<rondo::Output> outputs;
  std::string arrived;
  rondo::Loop loop;
};
