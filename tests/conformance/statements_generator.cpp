// SPDX-License-Identifier: BSL-1.0
// statements_generator.cpp - async generators, with a body that is walked in one frame.
#include <stdexcept>

#include "statement.hpp"

namespace conformance {
namespace {

using namespace rondo;

bool yields(const Json& json) {
  if (!json.is_array()) return false;
  if (!json.empty() && json[0] == "yield") return true;
  for (const Json& part : json) {
    if (yields(part)) return true;
  }
  return false;
}

/// Where a generator body stands in a statement that holds a yield: in a list, a loop, a try body or a clause.
struct Level {
  enum class Kind { list, loop, attempt, handler } kind;
  const Json* statements;
  std::size_t at = 0;
  int rounds = 0;              // loop: still to go
  const Json* attempt = nullptr;
};

/// co_yield must stand in the generator's own frame, so statements with a yield are walked here with a stack.
AsyncGenerator<Value> generator(Interpreter& it, const Json& code) {
  Frame frame;
  std::vector<Level> levels{{Level::Kind::list, &code}};
  std::exception_ptr error;
  bool leaving = false;  // by return, error or close
  bool closing = false;
  while (!levels.empty()) {
    Level& level = levels.back();
    if (leaving || level.at == level.statements->size()) {
      // A level ends: try runs its clauses and its finally part.
      if (!leaving && level.kind == Level::Kind::loop && --level.rounds > 0) {
        level.at = 0;
        continue;
      }
      const Level ended = level;
      levels.pop_back();
      if (ended.kind == Level::Kind::handler) frame.handled.pop_back();
      if (ended.kind == Level::Kind::attempt && error && !closing) {
        if (const Json* handler = it.clause((*ended.attempt)[2], error)) {
          frame.handled.push_back(error);
          error = nullptr;
          leaving = false;
          levels.push_back({Level::Kind::handler, handler, 0, 0, ended.attempt});
          continue;
        }
      }
      if (ended.kind == Level::Kind::attempt || ended.kind == Level::Kind::handler) {
        auto outcome = co_await as_outcome(it.body((*ended.attempt)[3], frame));
        if (!outcome.has_value()) {
          error = outcome.exception();
          leaving = true;
          closing = false;
        } else if (outcome.value()) {
          error = nullptr;
          leaving = true;
          closing = false;
        }
      }
      continue;
    }
    const Json& s = (*level.statements)[level.at++];
    const std::string op = it.name_of(s[0]);
    if (op == "yield") {
      try {
        co_yield Value{"=" + std::to_string(s[1].get<std::int64_t>())};
      } catch (const GeneratorExit&) {
        error = std::current_exception();
        leaving = closing = true;
      }
    } else if (!yields(s)) {
      Json single = Json::array({s});
      auto outcome = co_await as_outcome(it.body(it.keep(std::move(single)), frame));
      if (!outcome.has_value()) {
        error = outcome.exception();
        leaving = true;
      } else if (outcome.value()) {
        leaving = true;
      }
    } else if (op == "loop") {
      if (s[1].get<int>() > 0) levels.push_back({Level::Kind::loop, &s[2], 0, s[1].get<int>(), nullptr});
    } else if (op == "try") {
      levels.push_back({Level::Kind::attempt, &s[1], 0, 0, &s});
    } else {
      throw std::invalid_argument("a yield cannot stand in " + s.dump());
    }
  }
  if (error) std::rethrow_exception(error);
}

void do_gen(Interpreter& it, const Json& s) { it.bind(it.name_of(s[1]), generator(it, it.code(it.name_of(s[2])))); }

Coro<void> do_next(Interpreter& it, const Json& s) {
  std::optional<Value> value = co_await it.generator(s[1]).next();
  it.emit("next " + it.name_of(s[1]) + " " + (value ? value->text : "stop"));
}

Coro<void> do_aclose(Interpreter& it, const Json& s) {
  co_await it.generator(s[1]).aclose();
  it.emit("aclosed " + it.name_of(s[1]));
}

}  // namespace

Statements generator_statements() {
  return {{"gen", do_gen}, {"next", do_next, 1}, {"aclose", do_aclose, 1}};
}

}  // namespace conformance
