// SPDX-License-Identifier: BSL-1.0
// interpreter.hpp - one run of a scenario: its clock, its trace, its named objects, and the way through its statements.
//
// What a statement does stands in the statements_*.cpp, in one table for each group of them (statement.hpp).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <rondo/rondo.hpp>

#include "primitive.hpp"
#include "scenario.hpp"
#include "value.hpp"

namespace conformance {

/// How a list of statements was left: at its end, or by `return`.
using Flow = std::optional<Value>;

/// What the statements of one coroutine share: its open blocks, innermost last.
struct Frame {
  std::vector<rondo::Timeout*> timeouts;
  std::vector<rondo::TaskGroup*> groups;
  std::vector<std::exception_ptr> handled;
};

class Interpreter {
 public:
  explicit Interpreter(const Json& scenario) : coros_(scenario.at("coros")) {}
  Trace run();
  rondo::Loop& loop() { return *loop_; }

  // --- printing ------------------------------------------------------------------------------------------------------

  /// A line of the running task, or of a callback.
  void emit(const std::string& text);

  // --- time ----------------------------------------------------------------------------------------------------------

  /// Against timers that are due at the same instant: each positive duration is stretched a little more.
  rondo::Duration duration(const Json& json);
  rondo::Limit limit(const Json& json);

  // --- named objects, which live to the end --------------------------------------------------------------------------

  void bind(const std::string& name, rondo::Future<Value> object);
  void bind(const std::string& name, rondo::TimerHandle timer) { timers_[name] = std::move(timer); }
  void bind(const std::string& name, rondo::AsyncGenerator<Value> generator);
  template <class P, class... Arguments>
  void bind_primitive(const std::string& name, Arguments... arguments) {
    primitives_[name] = &kept_primitives_.emplace_back(std::in_place_type<P>, arguments..., name);
  }
  rondo::Future<Value>& future(const Json& name) { return names_.at(name_of(name)); }
  rondo::TimerHandle& timer(const Json& name) { return timers_.at(name_of(name)); }
  rondo::AsyncGenerator<Value>& generator(const Json& name) { return *generators_.at(name_of(name)); }
  Primitive& primitive(const Json& name) { return *primitives_.at(name_of(name)); }
  static std::string name_of(const Json& json) { return json.get<std::string>(); }

  // --- coroutines and items ------------------------------------------------------------------------------------------

  const Json& code(const std::string& coro) const;
  /// Of statements that were put together during the run: callbacks and tasks may refer to them to the end.
  const Json& keep(Json statements) { return kept_statements_.emplace_back(std::move(statements)); }
  rondo::Coro<Value> coro(std::string name);
  rondo::Future<Value> ensured(const Json& item);
  std::vector<rondo::Future<Value>> ensured_all(const Json& items);

  // --- running statements --------------------------------------------------------------------------------------------

  rondo::Coro<Flow> body(const Json& statements, Frame& frame);
  /// In a callback of the loop.
  void run_plain(const Json& statements);
  /// The clause that takes the error, now entered; null if there is none.
  const Json* clause(const Json& clauses, const std::exception_ptr& error);

 private:
  void emit_at(const std::string& who, const std::string& text);
  bool known(const Json& item) const;
  bool misses_name(const Json& statement, std::size_t uses) const;
  rondo::Coro<Value> named_main();

  const Json& coros_;
  rondo::Loop* loop_ = nullptr;
  std::vector<std::string> lines_;
  bool muted_ = false;
  std::int64_t stretch_ = 0;
  std::map<std::string, rondo::Future<Value>> names_;
  std::map<std::string, rondo::TimerHandle> timers_;
  std::map<std::string, rondo::AsyncGenerator<Value>*> generators_;
  std::map<std::string, Primitive*> primitives_;
  std::vector<rondo::Future<Value>> kept_;
  std::deque<rondo::AsyncGenerator<Value>> kept_generators_;
  std::deque<Primitive> kept_primitives_;
  std::deque<Json> kept_statements_;
};

}  // namespace conformance
