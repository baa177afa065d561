// SPDX-License-Identifier: BSL-1.0
// interpreter.cpp - see interpreter.hpp.
#include "interpreter.hpp"

#include <stdexcept>

#include <rondo/backends/sim.hpp>

#include "statement.hpp"

namespace conformance {

using namespace rondo;

Trace run_scenario(const Json& scenario) { return Interpreter(scenario).run(); }

Trace Interpreter::run() {
  sim::SimBackend backend;
  Runner runner(backend, {false, false, nullptr});
  Loop& loop = runner.loop();
  loop_ = &loop;
  loop.set_exception_handler([](const ErrorContext&) {});  // errors of callbacks print nothing
  Trace trace;
  try {
    Outcome<Value> outcome = Outcome<Value>::of_value({});
    try {
      outcome = Outcome<Value>::of_value(runner.run(named_main()));
    } catch (const DeadlockError&) {
      throw;
    } catch (...) {
      outcome = Outcome<Value>::of_error(std::current_exception());
    }
    runner.finish();
    emit_at("-", "end " + text_of(outcome));
  } catch (const DeadlockError&) {
    emit_at("-", "DEADLOCK");
  }
  trace.hash = loop.kernel().hash();
  muted_ = true;
  trace.lines = std::move(lines_);
  names_.clear();
  kept_.clear();
  timers_.clear();
  generators_.clear();
  return trace;
}

// --- printing --------------------------------------------------------------------------------------------------------

void Interpreter::emit_at(const std::string& who, const std::string& text) {
  if (muted_) return;
  const auto us = loop_->time().time_since_epoch().count() / 1000;
  lines_.push_back(std::to_string(us) + " " + who + " " + text);
}

void Interpreter::emit(const std::string& text) {
  TaskCore* task = thread_slot.task;
  emit_at(!task ? "-" : task->has_name() ? task->name() : "*", text);
}

// --- time ------------------------------------------------------------------------------------------------------------

Duration Interpreter::duration(const Json& json) {
  auto us = json.get<std::int64_t>();
  if (us > 0) us += stretch_++;
  return Duration(us * 1000);
}

Limit Interpreter::limit(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return duration(json);
}

// --- named objects ---------------------------------------------------------------------------------------------------

void Interpreter::bind(const std::string& name, Future<Value> object) {
  kept_.push_back(object);
  names_[name] = std::move(object);
}

void Interpreter::bind(const std::string& name, AsyncGenerator<Value> generator) {
  generators_[name] = &kept_generators_.emplace_back(std::move(generator));
}

bool Interpreter::known(const Json& item) const {
  if (!item.is_string()) return true;
  const auto name = name_of(item);
  return names_.contains(name) || timers_.contains(name) || generators_.contains(name) || primitives_.contains(name);
}

/// True if the statement uses a name that does not exist yet.
bool Interpreter::misses_name(const Json& statement, std::size_t uses) const {
  if (uses == 0) return false;
  const Json& used = statement.at(uses);
  if (!used.is_array()) return !known(used);
  for (const Json& item : used) {
    if (!known(item)) return true;
  }
  return false;
}

// --- coroutines and items --------------------------------------------------------------------------------------------

const Json& Interpreter::code(const std::string& coro) const {
  if (!coros_.contains(coro)) throw std::invalid_argument("the scenario has no coroutine '" + coro + "'");
  return coros_.at(coro);
}

Coro<Value> Interpreter::coro(std::string name) {
  Frame frame;
  Flow flow = co_await body(code(name), frame);
  co_return flow ? std::move(*flow) : Value{};
}

Coro<Value> Interpreter::named_main() {
  TaskCore& task = *thread_slot.task;
  task.set_name("main");
  bind("main", Future<Value>(Ref<FutureCore>(task)));
  Frame frame;
  Flow flow = co_await body(code("main"), frame);
  co_return flow ? std::move(*flow) : Value{};
}

Future<Value> Interpreter::ensured(const Json& item) {
  if (item.is_string()) return future(item);
  return create_task(coro(name_of(item.at("coro"))));
}

std::vector<Future<Value>> Interpreter::ensured_all(const Json& items) {
  std::vector<Future<Value>> futures;
  for (const Json& item : items) futures.push_back(ensured(item));
  return futures;
}

// --- running statements ----------------------------------------------------------------------------------------------

Coro<Flow> Interpreter::body(const Json& statements, Frame& frame) {
  for (const Json& s : statements) {
    const Statement& statement = find_statement(name_of(s.at(0)));
    if (misses_name(s, statement.uses)) {
      emit("skip " + statement.name);
    } else if (statement.plain) {
      statement.plain(*this, s);
    } else if (statement.awaiting) {
      co_await statement.awaiting(*this, s);
    } else {
      Flow flow = co_await statement.framed(*this, s, frame);
      if (flow) co_return flow;
    }
  }
  co_return std::nullopt;
}

void Interpreter::run_plain(const Json& statements) {
  for (const Json& s : statements) {
    const Statement& statement = find_statement(name_of(s.at(0)));
    if (misses_name(s, statement.uses)) {
      emit("skip " + statement.name);
    } else if (statement.plain) {
      statement.plain(*this, s);
    } else {
      throw std::invalid_argument("a callback cannot hold the statement " + s.dump());
    }
  }
}

namespace {

bool takes(const std::string& what, const std::exception_ptr& error) {
  const std::string text = text_of(error);
  const auto is = [&](const char* prefix) { return text.starts_with(prefix); };
  if (what == "Cancelled") return is("!Cancelled");
  if (what == "Timeout") return is("!Timeout");
  if (what == "Error") return is("!Error");
  if (what == "Group") return is("!Group");
  return what == "Base" || (what == "Any" && !is("!Cancelled"));
}

}  // namespace

const Json* Interpreter::clause(const Json& clauses, const std::exception_ptr& error) {
  for (const Json& candidate : clauses) {
    if (!takes(name_of(candidate[0]), error)) continue;
    emit("except " + text_of(error));
    return &candidate[1];
  }
  return nullptr;
}

}  // namespace conformance
