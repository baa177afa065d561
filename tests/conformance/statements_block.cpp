// SPDX-License-Identifier: BSL-1.0
// statements_block.cpp - statements in statements: try, loop, timeout, group; and those that speak of their block.
#include <stdexcept>

#include "statement.hpp"

namespace conformance {
namespace {

using namespace rondo;

Coro<Flow> do_return(Interpreter&, const Json& s, Frame&) {
  co_return Value{s[1].is_null() ? "=none" : "=" + std::to_string(s[1].get<std::int64_t>())};
}

Coro<Flow> do_loop(Interpreter& it, const Json& s, Frame& frame) {
  for (int i = 0; i < s[1].get<int>(); ++i) {
    Flow flow = co_await it.body(s[2], frame);
    if (flow) co_return flow;
  }
  co_return std::nullopt;
}

// --- errors ----------------------------------------------------------------------------------------------------------

Coro<Flow> do_try(Interpreter& it, const Json& s, Frame& frame) {
  auto outcome = co_await as_outcome(it.body(s[1], frame));
  if (!outcome.has_value()) {
    if (const Json* handler = it.clause(s[2], outcome.exception())) {
      frame.handled.push_back(outcome.exception());
      outcome = co_await as_outcome(it.body(*handler, frame));
      frame.handled.pop_back();
    }
  }
  if (!s[3].empty()) {
    Flow flow = co_await it.body(s[3], frame);
    if (flow) co_return flow;
  }
  co_return std::move(outcome).value();
}

Coro<Flow> do_reraise(Interpreter&, const Json&, Frame& frame) {
  std::rethrow_exception(frame.handled.back());
  co_return std::nullopt;
}

// --- timeouts --------------------------------------------------------------------------------------------------------

std::optional<Instant> deadline(Interpreter& it, const Json& delay) {
  const Limit limit = it.limit(delay);
  if (!limit) return std::nullopt;
  return after(it.loop().time(), *limit);
}

Coro<Flow> do_timeout(Interpreter& it, const Json& s, Frame& frame) {
  Timeout timeout(deadline(it, s[1]));
  timeout.enter();
  frame.timeouts.push_back(&timeout);
  auto outcome = co_await as_outcome(it.body(s[2], frame));
  frame.timeouts.pop_back();
  std::exception_ptr error = outcome.exception();
  if (timeout.leave() && outcome.cancelled()) error = std::make_exception_ptr(TimeoutError());
  if (error) {
    if (timeout.expired() && text_of(error) == "!Timeout") it.emit("timeout expired");
    std::rethrow_exception(error);
  }
  it.emit(timeout.expired() ? "timeout expired" : "timeout ok");
  co_return std::move(outcome).value();
}

Coro<Flow> do_reschedule(Interpreter& it, const Json& s, Frame& frame) {
  if (frame.timeouts.empty()) throw std::invalid_argument("reschedule outside a timeout");
  frame.timeouts.back()->reschedule(deadline(it, s[1]));
  co_return std::nullopt;
}

// --- groups ----------------------------------------------------------------------------------------------------------

Coro<Flow> do_group(Interpreter& it, const Json& s, Frame& frame) {
  TaskGroup group;
  group.enter();
  frame.groups.push_back(&group);
  auto outcome = co_await as_outcome(it.body(s[1], frame));
  frame.groups.pop_back();
  group.leave(outcome.exception(), outcome.cancelled());
  co_await join(group);
  it.emit("group ok");
  co_return std::move(outcome).value();
}

Coro<Flow> do_gspawn(Interpreter& it, const Json& s, Frame& frame) {
  if (frame.groups.empty()) throw std::invalid_argument("gspawn outside a group");
  const std::string name = it.name_of(s[1]);
  Coro<Value> fresh = it.coro(it.name_of(s[2]));
  it.bind(name, frame.groups.back()->create_task(std::move(fresh), {.name = name}));
  co_return std::nullopt;
}

}  // namespace

Statements block_statements() {
  return {
      {"return", do_return},
      {"loop", do_loop},
      {"try", do_try},
      {"reraise", do_reraise},
      {"timeout", do_timeout},
      {"reschedule", do_reschedule},
      {"group", do_group},
      {"gspawn", do_gspawn},
  };
}

}  // namespace conformance
