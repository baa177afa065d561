// SPDX-License-Identifier: BSL-1.0
// sim_programs.hpp - what simulated processes run: coroutines, under the names of programs.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <rondo/backends/sim_oracle.hpp>
#include <rondo/connection.hpp>

namespace rondo::sim {

/// What a simulated program is started with. It runs as a task of the loop that has started it, and may sleep, read and
/// write; its value is what it exits with. A stream that is not a pipe to the parent is /dev/null. A signal that would
/// end a program ends it: its streams break at once, and its task is cancelled. What it throws is reported to the
/// loop's exception handler, and is exit code 1.
struct Child {
  int pid = 0;
  std::vector<std::string> arguments;
  std::optional<std::vector<std::string>> environment;  // "NAME=value"; none: the parent's
  std::string directory;
  StreamReader std_in;
  StreamWriter std_out;
  StreamWriter std_err;
  Connection channel;        // descriptor 3, if the parent asked for one
  Oracle* oracle = nullptr;  // of the world, for choices of the program's own
};

using Program = std::function<Coro<int>(Child child)>;

/// The programs of a simulated machine. Must live as long as the runs that use it.
class Programs {
 public:
  /// `name`: as the command has it, or its last part. A second program of one name takes the place of the first.
  void add(std::string name, Program program) { programs_.insert_or_assign(std::move(name), std::move(program)); }
  /// Null if there is none.
  const Program* find(const std::string& name) const;

 private:
  std::map<std::string, Program> programs_;
};

}  // namespace rondo::sim
