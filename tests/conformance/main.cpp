// SPDX-License-Identifier: BSL-1.0
// main.cpp - rondo-scenarios FILE...: prints the traces of the scenarios in JSON Lines files ("-": standard input).
// With --hash each trace is followed by the line "hash <16 digits>".
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>

#include "scenario.hpp"

namespace {

bool print_traces(std::istream& in, const std::string& name, bool with_hash) {
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      const auto scenario = conformance::Json::parse(line);
      const std::string id = scenario.at("id").get<std::string>();
      const auto trace = conformance::run_scenario(scenario);
      std::cout << "# " << id << "\n";
      for (const auto& text : trace.lines) std::cout << text << "\n";
      if (with_hash) {
        char digits[17];
        std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(trace.hash));
        std::cout << "hash " << digits << "\n";
      }
    } catch (const std::exception& error) {
      std::cerr << "rondo-scenarios: " << name << ":" << number << ": " << error.what() << "\n";
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  bool with_hash = false;
  bool good = true;
  int files = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--hash") {
      with_hash = true;
    } else if (name == "-") {
      ++files;
      good = print_traces(std::cin, "standard input", with_hash) && good;
    } else {
      ++files;
      std::ifstream in(name);
      if (!in) {
        std::cerr << "rondo-scenarios: cannot read " << name << "\n";
        good = false;
        continue;
      }
      good = print_traces(in, name, with_hash) && good;
    }
  }
  if (files == 0) {
    std::cerr << "usage: rondo-scenarios [--hash] FILE...   (- is standard input)\n";
    return 2;
  }
  return good ? 0 : 1;
}
