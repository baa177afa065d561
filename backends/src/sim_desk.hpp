// SPDX-License-Identifier: BSL-1.0
// sim_desk.hpp - the operations of a simulated network: those that wait, and those that have ended.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <rondo/backends/sim_timeline.hpp>
#include <rondo/contract.hpp>

#include "sim_choices.hpp"

namespace rondo::sim {

struct Waiting;
/// Operations that wait for the same thing, first come, first served.
using Line = std::deque<Waiting*>;

struct Waiting {
  Output output;
  Line* line = nullptr;                 // where it stands
  std::optional<Timeline::Moment> due;  // what it waits for, if nobody but itself does
};

class Desk {
 public:
  Desk(Timeline& timeline, Choices& choices) : timeline_(timeline), choices_(choices) {}

  /// Until it is finished.
  Waiting& wait(const Output& output);
  void wait_in(Line& line, const Output& output) { stand(line, wait(output)); }
  static void stand(Line& line, Waiting& waiting);

  /// The one completion of an operation, whether it waited or not.
  void finish(Output output, std::int32_t result) { finish(output, Input::completion(output.id, result)); }
  /// Of a receive without a buffer, and of one with the bytes in its own. `last`: the end is behind them.
  void finish_receive(Output output, std::string bytes, bool last);
  void finish_receive(Output output, std::size_t size, bool last);
  /// All in a line end in the same way.
  void finish_all(Line& line, std::int32_t result);
  bool cancel(OperationId id);
  /// Without a completion.
  void forget(OperationId id);

  void take(std::vector<Input>& inputs);
  void hand_out() { handed_out_.swap(lent_); }
  void release_bytes() { handed_out_.clear(); }
  bool idle() const { return ready_.empty() && hurried_.empty(); }

 private:
  struct ById {
    bool operator()(const OperationId& a, const OperationId& b) const {
      return a.slot != b.slot ? a.slot < b.slot : a.generation < b.generation;
    }
  };
  struct Ready {
    Input input;
    std::int32_t handle;
  };
  void finish(const Output& output, const Input& input);

  Timeline& timeline_;
  Choices& choices_;
  std::map<OperationId, Waiting, ById> waiting_;
  std::vector<Ready> ready_;
  std::vector<OperationId> hurried_;  // were cancelled, but what happens at this instant may be faster
  std::deque<std::string> lent_;      // bytes of completions that are not handed out
  std::deque<std::string> handed_out_;
};

}  // namespace rondo::sim
