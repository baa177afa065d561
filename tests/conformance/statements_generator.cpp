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

/// Walks a generator's body with a stack: co_yield must stand in the generator's own frame, and so cannot stand in a
/// coroutine for the statement that holds it.
class Walk {
 public:
  Walk(Interpreter& it, const Json& code) : it_(&it), levels_{{Level::Kind::list, &code}} {}

  /// Goes on to the next yield and gives its value; null at the end of the body.
  Coro<const Json*> next_yield() {
    while (!levels_.empty()) {
      Level& level = levels_.back();
      if (leaving_ || level.at == level.statements->size()) {
        co_await end_level();
        continue;
      }
      const Json& s = (*level.statements)[level.at++];
      if (s[0] == "yield") co_return &s[1];
      if (yields(s)) {
        enter(s);
      } else {
        Json alone = Json::array({s});  // (GCC 12 cannot have that in the co_await)
        co_await run(it_->keep(std::move(alone)));
      }
    }
    co_return nullptr;
  }

  /// The generator is being closed: the finally parts run, and no clause.
  void close(std::exception_ptr exit) {
    error_ = std::move(exit);
    leaving_ = closing_ = true;
  }

  /// After the end: throws what has left the body.
  void finish() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  /// A statement that holds a yield, or its part.
  struct Level {
    enum class Kind { list, loop, attempt, handler } kind;
    const Json* statements;
    int rounds = 0;                 // loop: still to go
    const Json* attempt = nullptr;  // attempt, handler: the try statement
    std::size_t at = 0;
  };

  void enter(const Json& s) {
    if (s[0] == "loop") {
      if (s[1].get<int>() > 0) levels_.push_back({Level::Kind::loop, &s[2], s[1].get<int>()});
    } else if (s[0] == "try") {
      levels_.push_back({Level::Kind::attempt, &s[1], 0, &s});
    } else {
      throw std::invalid_argument("a yield cannot stand in " + s.dump());
    }
  }

  Coro<void> end_level() {
    Level& level = levels_.back();
    if (!leaving_ && level.kind == Level::Kind::loop && --level.rounds > 0) {
      level.at = 0;
      co_return;
    }
    const Level ended = level;
    levels_.pop_back();
    if (ended.kind == Level::Kind::handler) frame_.handled.pop_back();
    if (ended.kind == Level::Kind::attempt && error_ && !closing_ && enter_clause(*ended.attempt)) co_return;
    if (ended.attempt) co_await run((*ended.attempt)[3]);
  }

  bool enter_clause(const Json& attempt) {
    const Json* handler = it_->clause(attempt[2], error_);
    if (!handler) return false;
    frame_.handled.push_back(error_);
    error_ = nullptr;
    leaving_ = false;
    levels_.push_back({Level::Kind::handler, handler, 0, &attempt});
    return true;
  }

  /// Runs statements without a yield; an error or a return of theirs takes the place of what was leaving.
  Coro<void> run(const Json& statements) {
    auto outcome = co_await as_outcome(it_->body(statements, frame_));
    if (outcome.has_value() && !outcome.value()) co_return;
    error_ = outcome.exception();
    leaving_ = true;
    closing_ = false;
  }

  Interpreter* it_;
  Frame frame_;
  std::vector<Level> levels_;
  std::exception_ptr error_;
  bool leaving_ = false;  // by return, error or close
  bool closing_ = false;
};

AsyncGenerator<Value> generator(Interpreter& it, const Json& code) {
  Walk walk(it, code);
  while (const Json* value = co_await walk.next_yield()) {
    try {
      co_yield Value{"=" + std::to_string(value->get<std::int64_t>())};
    } catch (const GeneratorExit&) {
      walk.close(std::current_exception());
    }
  }
  walk.finish();
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
