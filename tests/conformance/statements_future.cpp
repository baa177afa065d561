// SPDX-License-Identifier: BSL-1.0
// statements_future.cpp - futures: made, completed, looked at. (Tasks and gathers are futures, too.)
#include "statement.hpp"

namespace conformance {
namespace {

using namespace rondo;

void do_future(Interpreter& it, const Json& s) { it.bind(it.name_of(s[1]), it.loop().create_future<Value>()); }

template <class Setter>
void complete(Interpreter& it, const Json& name, Setter setter) {
  std::string said = "ok";
  try {
    setter(it.future(name));
  } catch (const InvalidStateError&) {
    said = text_of(std::current_exception());
  } catch (const RuntimeError&) {
    said = text_of(std::current_exception());
  }
  it.emit("set " + it.name_of(name) + " " + said);
}

void do_set_result(Interpreter& it, const Json& s) {
  complete(it, s[1], [&](Future<Value>& future) {
    future.set_result(Value{"=" + std::to_string(s[2].get<std::int64_t>())});
  });
}

void do_set_error(Interpreter& it, const Json& s) {
  complete(it, s[1], [&](Future<Value>& future) { future.set_exception(UserError{it.name_of(s[2])}); });
}

void do_state(Interpreter& it, const Json& s) {
  const auto& object = it.future(s[1]);
  it.emit("state " + it.name_of(s[1]) + " " + (object.done() ? text_of(object.outcome()) : "pending"));
}

void do_gather_as(Interpreter& it, const Json& s) {
  it.bind(it.name_of(s[1]), gather_values(it.ensured_all(s[2]), s[3].get<bool>()));
}

}  // namespace

Statements future_statements() {
  return {
      {"future", do_future},
      {"set_result", do_set_result, 1},
      {"set_error", do_set_error, 1},
      {"state", do_state, 1},
      {"gather_as", do_gather_as, 2},
  };
}

}  // namespace conformance
