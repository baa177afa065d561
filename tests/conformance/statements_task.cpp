// SPDX-License-Identifier: BSL-1.0
// statements_task.cpp - tasks: made, called, awaited, cancelled; and what a task does by itself.
#include "statement.hpp"

namespace conformance {
namespace {

using namespace rondo;

void do_log(Interpreter& it, const Json& s) { it.emit(it.name_of(s[1])); }

void do_raise(Interpreter& it, const Json& s) { throw UserError{it.name_of(s[1])}; }

void do_spawn(Interpreter& it, const Json& s) {
  const std::string name = it.name_of(s[1]);
  Coro<Value> fresh = it.coro(it.name_of(s[2]));
  it.bind(name, it.loop().create_task(std::move(fresh), {.name = name}));
}

void do_cancel(Interpreter& it, const Json& s) {
  const bool answer = it.future(s[1]).cancel(s.size() > 2 ? it.name_of(s[2]) : std::string());
  it.emit("cancel " + it.name_of(s[1]) + (answer ? " true" : " false"));
}

void do_cancelling(Interpreter& it, const Json& s) {
  const auto& core = static_cast<TaskCore&>(it.future(s[1]).core());
  it.emit("cancelling " + it.name_of(s[1]) + " " + std::to_string(core.cancelling()));
}

Coro<void> do_sleep(Interpreter& it, const Json& s) { co_await sleep(it.duration(s[1])); }

Coro<void> do_call(Interpreter& it, const Json& s) {
  Value value = co_await it.coro(it.name_of(s[1]));
  it.emit("call " + value.text);
}

Coro<void> do_await(Interpreter& it, const Json& s) {
  Future<Value> object = it.future(s[1]);
  Value value = co_await object;
  it.emit("await " + it.name_of(s[1]) + " " + value.text);
}

Coro<void> do_cancel_self(Interpreter& it, const Json&) {
  it.emit(std::string("cancel_self ") + (current_task().cancel() ? "true" : "false"));
  co_return;
}

Coro<void> do_uncancel(Interpreter& it, const Json&) {
  it.emit("uncancel " + std::to_string(current_task().uncancel()));
  co_return;
}

}  // namespace

Statements task_statements() {
  return {
      {"log", do_log},
      {"raise", do_raise},
      {"spawn", do_spawn},
      {"cancel", do_cancel, 1},
      {"cancelling", do_cancelling, 1},
      {"sleep", do_sleep},
      {"call", do_call},
      {"await", do_await, 1},
      {"cancel_self", do_cancel_self},
      {"uncancel", do_uncancel},
  };
}

}  // namespace conformance
