// SPDX-License-Identifier: BSL-1.0
// 34_subprocess.cpp - other programs as coroutines see them: output, input, exit codes, signals.
//
// With --sim the same code talks to coroutines that stand for the programs.
//
// Expected output:
//   sorted: apple pear plum
//   exit code 3: no such fruit
//   ended by signal 15
#include <algorithm>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "run_example.hpp"

using rondo::Command;
using rondo::Stdio;

std::string in_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

rondo::Coro<> async_main() {
  auto sort = co_await rondo::create_subprocess_exec(Command("sort"), {.std_in = Stdio::pipe, .std_out = Stdio::pipe});
  const auto sorted = co_await sort.communicate("plum\napple\npear\n");
  std::cout << "sorted: " << in_one_line(sorted.std_out) << '\n';

  auto shell = co_await rondo::create_subprocess_shell("echo no such fruit >&2; exit 3", {.std_err = Stdio::pipe});
  const auto said = co_await shell.communicate();
  std::cout << "exit code " << *shell.returncode() << ": " << in_one_line(said.std_err) << '\n';

  const auto patient = co_await rondo::create_subprocess_exec(Command("sleep", "1000"));
  patient.terminate();
  std::cout << "ended by signal " << -co_await patient.wait() << '\n';
}

// --- what stands for the programs in a simulated world ---------------------------------------------------------------

rondo::Coro<int> simulated_sort(rondo::sim::Child child) {
  std::istringstream input(co_await child.std_in.read());
  std::vector<std::string> lines;
  for (std::string line; std::getline(input, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  for (const std::string& line : lines) child.std_out.write(line + '\n');
  co_return 0;
}

rondo::Coro<int> simulated_shell(rondo::sim::Child child) {
  child.std_err.write("no such fruit\n");
  co_return 3;
}

rondo::Coro<int> simulated_sleep(rondo::sim::Child child) {
  co_await rondo::sleep(std::chrono::seconds(std::stoi(child.arguments[1])));
  co_return 0;
}

int main(int argc, char** argv) {
  rondo::sim::Programs programs;
  programs.add("sort", simulated_sort);
  programs.add("/bin/sh", simulated_shell);
  programs.add("sleep", simulated_sleep);
  return run_example(argc, argv, async_main(), {.programs = &programs});
}
