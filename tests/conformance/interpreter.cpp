// SPDX-License-Identifier: BSL-1.0
// interpreter.cpp - the statements of the scenario language, one function for each group of them.
#include "interpreter.hpp"

#include <deque>
#include <map>
#include <optional>
#include <stdexcept>

#include <rondo/backends/sim.hpp>
#include <rondo/rondo.hpp>

#include "value.hpp"

namespace conformance {
namespace {

using namespace rondo;

/// How a list of statements was left: at its end, or by `return`.
using Flow = std::optional<Value>;

/// What the statements of one coroutine share.
struct Frame {
  std::vector<Timeout*> timeouts;
  std::vector<TaskGroup*> groups;
  std::vector<std::exception_ptr> handled;
};

class Interpreter {
 public:
  explicit Interpreter(const Json& scenario) : coros_(scenario.at("coros")) {}

  Trace run() {
    sim::Backend backend;
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

 private:
  // --- printing -------------------------------------------------------------------------------------------------------

  void emit_at(const std::string& who, const std::string& text) {
    if (muted_) return;
    const auto us = loop_->time().time_since_epoch().count() / 1000;
    lines_.push_back(std::to_string(us) + " " + who + " " + text);
  }
  void emit(const std::string& text) {
    TaskCore* task = loop_->kernel().current();
    emit_at(!task ? "-" : task->has_name() ? task->name() : "*", text);
  }

  // --- names and items ------------------------------------------------------------------------------------------------

  static std::string name_of(const Json& json) { return json.get<std::string>(); }

  /// Against timers that are due at the same instant: each positive duration is stretched a little more.
  Duration duration(const Json& json) {
    auto us = json.get<std::int64_t>();
    if (us > 0) us += stretch_++;
    return Duration(us * 1000);
  }
  Limit limit(const Json& json) {
    if (json.is_null()) return std::nullopt;
    return duration(json);
  }

  Future<Value>& future(const Json& json) { return names_.at(name_of(json)); }
  void bind(const std::string& name, Future<Value> object) {
    kept_.push_back(object);
    names_[name] = std::move(object);
  }
  bool known(const Json& json) const {
    if (!json.is_string()) return true;
    const auto name = name_of(json);
    return names_.contains(name) || timers_.contains(name) || generators_.contains(name);
  }

  /// True if the statement uses a name that does not exist yet.
  bool misses_name(const std::string& op, const Json& s) const {
    static const std::map<std::string, std::size_t> uses = {
        {"await", 1},   {"cancel", 1},       {"cancelling", 1}, {"set_result", 1}, {"set_error", 1},
        {"done_cb", 1}, {"cancel_timer", 1}, {"state", 1},      {"next", 1},       {"aclose", 1},
        {"shield", 1},  {"wait_for", 1},     {"wait", 1},       {"gather", 1},     {"as_completed", 1},
        {"gather_as", 2}};
    const auto found = uses.find(op);
    if (found == uses.end()) return false;
    const Json& used = s.at(found->second);
    if (!used.is_array()) return !known(used);
    for (const Json& item : used) {
      if (!known(item)) return true;
    }
    return false;
  }

  const Json& code(const std::string& coro) const {
    if (!coros_.contains(coro)) throw std::invalid_argument("the scenario has no coroutine '" + coro + "'");
    return coros_.at(coro);
  }
  Coro<Value> coro(std::string name) {
    Frame frame;
    Flow flow = co_await body(code(name), frame);
    co_return flow ? std::move(*flow) : Value{};
  }
  Coro<Value> named_main() {
    TaskCore& task = *loop_->kernel().current();
    task.set_name("main");
    bind("main", Future<Value>(Ref<FutureCore>(task)));
    Frame frame;
    Flow flow = co_await body(code("main"), frame);
    co_return flow ? std::move(*flow) : Value{};
  }
  Future<Value> ensured(const Json& item) {
    if (item.is_string()) return future(item);
    return create_task(coro(name_of(item.at("coro"))));
  }
  std::vector<Future<Value>> ensured_all(const Json& items) {
    std::vector<Future<Value>> futures;
    for (const Json& item : items) futures.push_back(ensured(item));
    return futures;
  }

  // --- statements that do not await -----------------------------------------------------------------------------------

  /// False if the statement is not one of these.
  bool sync(const Json& s) {
    const std::string op = name_of(s.at(0));
    if (misses_name(op, s)) {
      emit("skip " + op);
      return true;
    }
    return sync_task(op, s) || sync_future(op, s) || sync_callback(op, s);
  }

  bool sync_task(const std::string& op, const Json& s) {
    if (op == "log") {
      emit(name_of(s[1]));
    } else if (op == "spawn") {
      const std::string name = name_of(s[1]);
      Coro<Value> fresh = coro(name_of(s[2]));
      bind(name, loop_->create_task(std::move(fresh), {.name = name}));
    } else if (op == "cancel") {
      const bool answer = future(s[1]).cancel(s.size() > 2 ? name_of(s[2]) : std::string());
      emit("cancel " + name_of(s[1]) + (answer ? " true" : " false"));
    } else if (op == "cancelling") {
      const auto& core = static_cast<TaskCore&>(future(s[1]).core());
      emit("cancelling " + name_of(s[1]) + " " + std::to_string(core.cancelling()));
    } else if (op == "raise") {
      throw UserError{name_of(s[1])};
    } else {
      return false;
    }
    return true;
  }

  bool sync_future(const std::string& op, const Json& s) {
    if (op == "future") {
      bind(name_of(s[1]), loop_->create_future<Value>());
    } else if (op == "set_result" || op == "set_error") {
      set(op, s);
    } else if (op == "state") {
      const auto& object = future(s[1]);
      emit("state " + name_of(s[1]) + " " + (object.done() ? text_of(object.outcome()) : "pending"));
    } else if (op == "gather_as") {
      bind(name_of(s[1]), gather_values(ensured_all(s[2]), s[3].get<bool>()));
    } else if (op == "gen") {
      generators_[name_of(s[1])] = &kept_generators_.emplace_back(generator(code(name_of(s[2]))));
    } else {
      return false;
    }
    return true;
  }

  void set(const std::string& op, const Json& s) {
    std::string said = "ok";
    try {
      if (op == "set_result") {
        future(s[1]).set_result(Value{"=" + std::to_string(s[2].get<std::int64_t>())});
      } else {
        future(s[1]).set_exception(UserError{name_of(s[2])});
      }
    } catch (const InvalidStateError&) {
      said = text_of(std::current_exception());
    } catch (const RuntimeError&) {
      said = text_of(std::current_exception());
    }
    emit("set " + name_of(s[1]) + " " + said);
  }

  bool sync_callback(const std::string& op, const Json& s) {
    if (op == "done_cb") {
      future(s[1]).add_done_callback([this, label = name_of(s[2])] { emit("cb " + label); });
    } else if (op == "call_soon") {
      loop_->call_soon([this, &statements = s[1]] { run_sync(statements); });
    } else if (op == "call_later") {
      const Duration delay = duration(s[1]);
      loop_->call_later(delay, [this, &statements = s[2]] { run_sync(statements); });
    } else if (op == "call_later_as") {
      const Duration delay = duration(s[2]);
      timers_[name_of(s[1])] = loop_->call_later(delay, [this, &statements = s[3]] { run_sync(statements); });
    } else if (op == "cancel_timer") {
      timers_.at(name_of(s[1])).cancel();
    } else {
      return false;
    }
    return true;
  }

  void run_sync(const Json& statements) {
    for (const Json& s : statements) {
      if (!sync(s)) throw std::invalid_argument("a callback cannot hold the statement " + s.dump());
    }
  }

  // --- statements that await ------------------------------------------------------------------------------------------

  Coro<Flow> body(const Json& statements, Frame& frame) {
    for (const Json& s : statements) {
      if (sync(s)) continue;
      Flow flow = co_await statement(name_of(s[0]), s, frame);
      if (flow) co_return flow;
    }
    co_return std::nullopt;
  }

  Coro<Flow> statement(std::string op, const Json& s, Frame& frame) {
    if (op == "return") co_return Value{s[1].is_null() ? "=none" : "=" + std::to_string(s[1].get<std::int64_t>())};
    if (op == "reraise") std::rethrow_exception(frame.handled.back());
    if (op == "try") co_return co_await statement_try(s, frame);
    if (op == "loop") co_return co_await statement_loop(s, frame);
    if (op == "timeout") co_return co_await statement_timeout(s, frame);
    if (op == "group") co_return co_await statement_group(s, frame);
    if (op == "sleep") {
      co_await sleep(duration(s[1]));
    } else if (op == "call") {
      Value value = co_await coro(name_of(s[1]));
      emit("call " + value.text);
    } else if (op == "await") {
      Future<Value> object = future(s[1]);
      Value value = co_await object;
      emit("await " + name_of(s[1]) + " " + value.text);
    } else if (op == "cancel_self") {
      emit(std::string("cancel_self ") + (current_task().cancel() ? "true" : "false"));
    } else if (op == "uncancel") {
      emit("uncancel " + std::to_string(current_task().uncancel()));
    } else if (op == "gspawn") {
      if (frame.groups.empty()) throw std::invalid_argument("gspawn outside a group");
      const std::string name = name_of(s[1]);
      Coro<Value> fresh = coro(name_of(s[2]));
      bind(name, frame.groups.back()->create_task(std::move(fresh), {.name = name}));
    } else if (op == "reschedule") {
      if (frame.timeouts.empty()) throw std::invalid_argument("reschedule outside a timeout");
      const Limit delay = limit(s[1]);
      std::optional<Instant> when;
      if (delay) when = after(loop_->time(), *delay);
      frame.timeouts.back()->reschedule(when);
    } else {
      co_await combinator(op, s);
    }
    co_return std::nullopt;
  }

  Coro<void> combinator(std::string op, const Json& s) {
    if (op == "gather") {
      Future<Value> outer = gather_values(ensured_all(s[1]), s[2].get<bool>());
      Value value = co_await outer;
      emit("gather " + value.text);
    } else if (op == "shield") {
      Future<Value> outer = shield(ensured(s[1]));
      Value value = co_await outer;
      emit("shield " + value.text);
    } else if (op == "wait_for") {
      co_await statement_wait_for(s);
    } else if (op == "wait") {
      co_await statement_wait(s);
    } else if (op == "as_completed") {
      co_await statement_as_completed(s);
    } else if (op == "next") {
      AsyncGenerator<Value>& generator = *generators_.at(name_of(s[1]));
      std::optional<Value> value = co_await generator.next();
      emit("next " + name_of(s[1]) + " " + (value ? value->text : "stop"));
    } else if (op == "aclose") {
      AsyncGenerator<Value>& generator = *generators_.at(name_of(s[1]));
      co_await generator.aclose();
      emit("aclosed " + name_of(s[1]));
    } else {
      throw std::invalid_argument("unknown statement " + s.dump());
    }
  }

  Coro<void> statement_wait_for(const Json& s) {
    Value value;
    if (s[1].is_string()) {
      Future<Value> object = future(s[1]);
      const Limit time = limit(s[2]);
      value = co_await wait_for(object, time);
    } else {
      Coro<Value> fresh = coro(name_of(s[1].at("coro")));
      const Limit time = limit(s[2]);
      value = co_await wait_for(std::move(fresh), time);
    }
    emit("wait_for " + value.text);
  }

  Coro<void> statement_wait(const Json& s) {
    std::vector<Future<Value>> members = ensured_all(s[1]);
    const std::string mode = name_of(s[3]);
    WaitOptions options;
    options.timeout = limit(s[2]);
    options.return_when = mode == "FIRST_COMPLETED"   ? ReturnWhen::first_completed
                          : mode == "FIRST_EXCEPTION" ? ReturnWhen::first_exception
                                                      : ReturnWhen::all_completed;
    auto result = co_await wait(members, options);
    const auto list = [&](const std::vector<Future<Value>>& set) {
      std::string text;
      for (std::size_t i = 0; i < members.size(); ++i) {
        for (const auto& member : set) {
          if (member == members[i]) text += (text.empty() ? "" : ",") + name_of(s[1][i]);
        }
      }
      return "[" + text + "]";
    };
    emit("wait done=" + list(result.done) + " pending=" + list(result.pending));
  }

  Coro<void> statement_as_completed(const Json& s) {
    std::vector<Future<Value>> members = ensured_all(s[1]);
    const Limit time = limit(s[2]);
    auto completed = as_completed(std::move(members), time);
    while (auto next = completed.next()) {
      auto outcome = co_await as_outcome(std::move(*next));
      if (outcome.cancelled()) outcome.raise();
      emit("next " + text_of(outcome));
    }
  }

  Coro<Flow> statement_loop(const Json& s, Frame& frame) {
    for (int i = 0; i < s[1].get<int>(); ++i) {
      Flow flow = co_await body(s[2], frame);
      if (flow) co_return flow;
    }
    co_return std::nullopt;
  }

  Coro<Flow> statement_timeout(const Json& s, Frame& frame) {
    const Limit delay = limit(s[1]);
    std::optional<Instant> when;
    if (delay) when = after(loop_->time(), *delay);
    Timeout timeout(when);
    timeout.enter();
    frame.timeouts.push_back(&timeout);
    auto outcome = co_await as_outcome(body(s[2], frame));
    frame.timeouts.pop_back();
    std::exception_ptr error = outcome.exception();
    if (timeout.leave() && outcome.cancelled()) error = std::make_exception_ptr(TimeoutError());
    if (error) {
      if (timeout.expired() && text_of(error) == "!Timeout") emit("timeout expired");
      std::rethrow_exception(error);
    }
    emit(timeout.expired() ? "timeout expired" : "timeout ok");
    co_return std::move(outcome).value();
  }

  Coro<Flow> statement_group(const Json& s, Frame& frame) {
    TaskGroup group;
    group.enter();
    frame.groups.push_back(&group);
    auto outcome = co_await as_outcome(body(s[1], frame));
    frame.groups.pop_back();
    group.leave(outcome.exception(), outcome.cancelled());
    co_await join(group);
    emit("group ok");
    co_return std::move(outcome).value();
  }

  // --- errors ---------------------------------------------------------------------------------------------------------

  static bool takes(const std::string& what, const std::exception_ptr& error) {
    const std::string text = text_of(error);
    const auto is = [&](const char* prefix) { return text.starts_with(prefix); };
    if (what == "Cancelled") return is("!Cancelled");
    if (what == "Timeout") return is("!Timeout");
    if (what == "Error") return is("!Error");
    if (what == "Group") return is("!Group");
    return what == "Base" || (what == "Any" && !is("!Cancelled"));
  }

  /// The clause that takes the error, if there is one.
  const Json* clause(const Json& clauses, const std::exception_ptr& error) {
    for (const Json& candidate : clauses) {
      if (!takes(name_of(candidate[0]), error)) continue;
      emit("except " + text_of(error));
      return &candidate[1];
    }
    return nullptr;
  }

  Coro<Flow> statement_try(const Json& s, Frame& frame) {
    auto outcome = co_await as_outcome(body(s[1], frame));
    if (!outcome.has_value()) {
      if (const Json* handler = clause(s[2], outcome.exception())) {
        frame.handled.push_back(outcome.exception());
        outcome = co_await as_outcome(body(*handler, frame));
        frame.handled.pop_back();
      }
    }
    if (!s[3].empty()) {
      Flow flow = co_await body(s[3], frame);
      if (flow) co_return flow;
    }
    co_return std::move(outcome).value();
  }

  // --- generators -----------------------------------------------------------------------------------------------------

  static bool yields(const Json& json) {
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
  AsyncGenerator<Value> generator(const Json& code) {
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
          if (const Json* handler = clause((*ended.attempt)[2], error)) {
            frame.handled.push_back(error);
            error = nullptr;
            leaving = false;
            levels.push_back({Level::Kind::handler, handler, 0, 0, ended.attempt});
            continue;
          }
        }
        if (ended.kind == Level::Kind::attempt || ended.kind == Level::Kind::handler) {
          auto outcome = co_await as_outcome(body((*ended.attempt)[3], frame));
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
      const std::string op = name_of(s[0]);
      if (op == "yield") {
        try {
          co_yield Value{"=" + std::to_string(s[1].get<std::int64_t>())};
        } catch (const GeneratorExit&) {
          error = std::current_exception();
          leaving = closing = true;
        }
      } else if (!yields(s)) {
        Json single = Json::array({s});
        auto outcome = co_await as_outcome(body(kept_json_.emplace_back(std::move(single)), frame));
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

  const Json& coros_;
  Loop* loop_ = nullptr;
  std::vector<std::string> lines_;
  bool muted_ = false;
  std::int64_t stretch_ = 0;
  std::map<std::string, Future<Value>> names_;
  std::vector<Future<Value>> kept_;  // named objects live to the end
  std::map<std::string, TimerHandle> timers_;
  std::map<std::string, AsyncGenerator<Value>*> generators_;
  std::deque<AsyncGenerator<Value>> kept_generators_;
  std::deque<Json> kept_json_;
};

}  // namespace

Trace run_scenario(const Json& scenario) { return Interpreter(scenario).run(); }

}  // namespace conformance
