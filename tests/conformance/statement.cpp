// SPDX-License-Identifier: BSL-1.0
// statement.cpp - all statements by their names.
#include "statement.hpp"

#include <map>
#include <stdexcept>

namespace conformance {
namespace {

std::map<std::string, Statement> all_statements() {
  std::map<std::string, Statement> all;
  for (const auto& group :
       {task_statements(), future_statements(), combinator_statements(), callback_statements(), block_statements(),
        generator_statements(), lock_statements(), barrier_statements(), queue_statements()}) {
    for (const auto& statement : group) all.emplace(statement.name, statement);
  }
  return all;
}

}  // namespace

const Statement& find_statement(const std::string& name) {
  static const std::map<std::string, Statement> all = all_statements();
  const auto found = all.find(name);
  if (found == all.end()) throw std::invalid_argument("unknown statement '" + name + "'");
  return found->second;
}

}  // namespace conformance
