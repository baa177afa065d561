// SPDX-License-Identifier: BSL-1.0
// statements_callback.cpp - what the loop calls, soon or later, and when a future is done.
#include "statement.hpp"

namespace conformance {
namespace {

using namespace rondo;

void do_done_cb(Interpreter& it, const Json& s) {
  it.future(s[1]).add_done_callback([&it, label = it.name_of(s[2])] { it.emit("cb " + label); });
}

void do_call_soon(Interpreter& it, const Json& s) {
  it.loop().call_soon([&it, &statements = s[1]] { it.run_plain(statements); });
}

void do_call_later(Interpreter& it, const Json& s) {
  const Duration delay = it.duration(s[1]);
  it.loop().call_later(delay, [&it, &statements = s[2]] { it.run_plain(statements); });
}

void do_call_later_as(Interpreter& it, const Json& s) {
  const Duration delay = it.duration(s[2]);
  it.bind(it.name_of(s[1]), it.loop().call_later(delay, [&it, &statements = s[3]] { it.run_plain(statements); }));
}

void do_cancel_timer(Interpreter& it, const Json& s) { it.timer(s[1]).cancel(); }

}  // namespace

Statements callback_statements() {
  return {
      {"done_cb", do_done_cb, 1},
      {"call_soon", do_call_soon},
      {"call_later", do_call_later},
      {"call_later_as", do_call_later_as},
      {"cancel_timer", do_cancel_timer, 1},
  };
}

}  // namespace conformance
