// SPDX-License-Identifier: BSL-1.0
// value.hpp - the values and outcomes of scenarios, and how they are printed.
#pragma once

#include <exception>
#include <string>

#include <rondo/rondo.hpp>

namespace conformance {

/// A value is only ever printed: "=3", "=none", "[=1,!Timeout]".
/// Not an aggregate: GCC 12 copies temporaries of those bit by bit in co_await and co_yield expressions (PR 98401).
class Value {
 public:
  Value() = default;
  explicit Value(std::string from) : text(std::move(from)) {}
  std::string text = "=none";
};

/// The scenario's own errors.
struct UserError {
  std::string name;
};

/// "!Cancelled(why)", "!Error(x)", "!Group[...]": an outcome that is not a value.
std::string text_of(const std::exception_ptr& error);
std::string text_of(const rondo::Outcome<Value>& outcome);

/// The gather of a scenario: children of any kind, and a Value for a result, so that a gather can be a child, too.
rondo::Future<Value> gather_values(std::vector<rondo::Future<Value>> children, bool return_exceptions);

}  // namespace conformance
