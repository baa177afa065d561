// SPDX-License-Identifier: BSL-1.0
// statement.hpp - what the interpreter knows of a statement: its name, the names that it uses, and what it does.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "interpreter.hpp"

namespace conformance {

/// One of the three functions is set. Each gets the whole statement; its name is item 0.
struct Statement {
  using Plain = void (*)(Interpreter&, const Json&);
  using Awaiting = rondo::Coro<void> (*)(Interpreter&, const Json&);
  using Framed = rondo::Coro<Flow> (*)(Interpreter&, const Json&, Frame&);

  Statement(std::string of, Plain function, std::size_t uses_item = 0)
      : name(std::move(of)), plain(function), uses(uses_item) {}
  Statement(std::string of, Awaiting function, std::size_t uses_item = 0)
      : name(std::move(of)), awaiting(function), uses(uses_item) {}
  Statement(std::string of, Framed function, std::size_t uses_item = 0)
      : name(std::move(of)), framed(function), uses(uses_item) {}

  std::string name;
  Plain plain = nullptr;        // does not await: may stand in callbacks
  Awaiting awaiting = nullptr;
  Framed framed = nullptr;      // needs the blocks of its coroutine, or leaves it
  std::size_t uses;             // the item that holds names which have to exist: one, or a list; 0 for none
};

using Statements = std::vector<Statement>;

Statements task_statements();
Statements future_statements();
Statements combinator_statements();
Statements callback_statements();
Statements block_statements();
Statements generator_statements();
Statements lock_statements();
Statements barrier_statements();
Statements queue_statements();

/// Throws std::invalid_argument if there is none of that name.
const Statement& find_statement(const std::string& name);

}  // namespace conformance
