// SPDX-License-Identifier: BSL-1.0
// statements_combinator.cpp - waiting for several things at once, or for one under conditions.
#include "statement.hpp"

namespace conformance {
namespace {

using namespace rondo;

Coro<void> do_gather(Interpreter& it, const Json& s) {
  Future<Value> outer = gather_values(it.ensured_all(s[1]), s[2].get<bool>());
  Value value = co_await outer;
  it.emit("gather " + value.text);
}

Coro<void> do_shield(Interpreter& it, const Json& s) {
  Future<Value> outer = shield(it.ensured(s[1]));
  Value value = co_await outer;
  it.emit("shield " + value.text);
}

Coro<void> do_wait_for(Interpreter& it, const Json& s) {
  Value value;
  if (s[1].is_string()) {
    Future<Value> object = it.future(s[1]);
    const Limit time = it.limit(s[2]);
    value = co_await wait_for(object, time);
  } else {
    Coro<Value> fresh = it.coro(it.name_of(s[1].at("coro")));
    const Limit time = it.limit(s[2]);
    value = co_await wait_for(std::move(fresh), time);
  }
  it.emit("wait_for " + value.text);
}

Coro<void> do_wait(Interpreter& it, const Json& s) {
  std::vector<Future<Value>> members = it.ensured_all(s[1]);
  const std::string mode = it.name_of(s[3]);
  WaitOptions options;
  options.timeout = it.limit(s[2]);
  options.return_when = mode == "FIRST_COMPLETED"   ? ReturnWhen::first_completed
                        : mode == "FIRST_EXCEPTION" ? ReturnWhen::first_exception
                                                    : ReturnWhen::all_completed;
  auto result = co_await wait(members, options);
  const auto list = [&](const std::vector<Future<Value>>& set) {
    std::string text;
    for (std::size_t i = 0; i < members.size(); ++i) {
      for (const auto& member : set) {
        if (member == members[i]) text += (text.empty() ? "" : ",") + it.name_of(s[1][i]);
      }
    }
    return "[" + text + "]";
  };
  it.emit("wait done=" + list(result.done) + " pending=" + list(result.pending));
}

Coro<void> do_as_completed(Interpreter& it, const Json& s) {
  std::vector<Future<Value>> members = it.ensured_all(s[1]);
  const Limit time = it.limit(s[2]);
  auto completed = as_completed(std::move(members), time);
  while (auto next = completed.next()) {
    auto outcome = co_await as_outcome(std::move(*next));
    if (outcome.cancelled()) outcome.raise();
    it.emit("next " + text_of(outcome));
  }
}

}  // namespace

Statements combinator_statements() {
  return {
      {"gather", do_gather, 1},
      {"shield", do_shield, 1},
      {"wait_for", do_wait_for, 1},
      {"wait", do_wait, 1},
      {"as_completed", do_as_completed, 1},
  };
}

}  // namespace conformance
