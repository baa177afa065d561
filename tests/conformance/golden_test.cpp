// SPDX-License-Identifier: BSL-1.0
// golden_test.cpp - golden_test SCENARIOS TRACES HASHES: plays the golden scenarios (.gz files of make_golden) and
// compares traces and hashes. Each one is played twice, the second time with other addresses. With --self-test in front
// it plays a few of them against slips in what is expected, and fails if it does not see them.
//
// The hashes are those of every compiler and every build: nothing of a run depends on an address, a clock or the order
// in which arguments are evaluated, and each build compares with the same file.
#include <zlib.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "scenario.hpp"

namespace {

constexpr int differences_shown = 10;

std::vector<std::string> read_lines(const char* name) {
  gzFile file = gzopen(name, "rb");
  if (!file) throw std::runtime_error(std::string("cannot read ") + name);
  std::string text;
  char piece[1 << 16];
  int count;
  while ((count = gzread(file, piece, sizeof piece)) > 0) text.append(piece, static_cast<std::size_t>(count));
  if (gzclose_r(file) != Z_OK || count < 0) throw std::runtime_error(std::string(name) + " is broken");
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

struct Golden {
  std::string id;
  std::string scenario;
  std::vector<std::string> trace;
  std::string hash;
};

std::vector<Golden> read_golden(const char* scenarios, const char* traces, const char* hashes) {
  std::vector<Golden> golden;
  for (auto& line : read_lines(scenarios)) golden.push_back({"", std::move(line), {}, ""});
  std::size_t at = 0;
  for (auto& line : read_lines(hashes)) {
    const auto space = line.find(' ');
    if (at == golden.size() || space == std::string::npos) throw std::runtime_error("more hashes than scenarios");
    golden[at].id = line.substr(0, space);
    golden[at++].hash = line.substr(space + 1);
  }
  if (at != golden.size()) throw std::runtime_error("there are fewer hashes than scenarios");
  at = 0;
  for (auto& line : read_lines(traces)) {
    if (line.starts_with("# ")) {
      if (at == golden.size() || line.substr(2) != golden[at].id) {
        throw std::runtime_error("the traces do not fit the scenarios at " + line);
      }
      ++at;
    } else if (at == 0) {
      throw std::runtime_error("the traces begin without a scenario");
    } else {
      golden[at - 1].trace.push_back(std::move(line));
    }
  }
  if (at != golden.size()) throw std::runtime_error("there are fewer traces than scenarios");
  return golden;
}

std::string hash_text(std::uint64_t hash) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

/// What is wrong with the trace; empty if nothing is.
std::string difference(const Golden& golden, const conformance::Trace& trace) {
  const auto& expected = golden.trace;
  for (std::size_t i = 0; i < expected.size() || i < trace.lines.size(); ++i) {
    const std::string want = i < expected.size() ? expected[i] : "(nothing)";
    const std::string got = i < trace.lines.size() ? trace.lines[i] : "(nothing)";
    if (want != got) return std::string("line ") + std::to_string(i + 1) + "\n  - " + want + "\n  + " + got;
  }
  const std::string hash = hash_text(trace.hash);
  return hash == golden.hash ? "" : std::string("hash\n  - ") + golden.hash + "\n  + " + hash;
}

std::string play(const Golden& golden) {
  try {
    const auto scenario = conformance::Json::parse(golden.scenario);
    if (scenario.at("id") != golden.id) return "the hash belongs to another scenario";
    return difference(golden, conformance::run_scenario(scenario));
  } catch (const std::exception& error) {
    return std::string("error\n  ") + error.what();
  }
}

/// Blocks of odd sizes that stay, so that what is allocated later lies elsewhere.
class Clutter {
 public:
  void add() {
    const std::size_t number = blocks_.size();
    for (const std::size_t size : {number * 37 % 509, number * 101 % 4093}) {
      blocks_.push_back(std::make_unique<unsigned char[]>(size | 1));
    }
    if (number % 3 == 0) blocks_[number / 2].reset();
  }

 private:
  std::vector<std::unique_ptr<unsigned char[]>> blocks_;
};

int run(const std::vector<Golden>& golden) {
  std::vector<std::string> wrong(golden.size());
  for (std::size_t i = 0; i < golden.size(); ++i) wrong[i] = play(golden[i]);
  Clutter clutter;
  for (std::size_t i = 0; i < golden.size(); ++i) {
    clutter.add();
    const std::string again = play(golden[i]);
    if (wrong[i].empty() && !again.empty()) wrong[i] = "only when played again: " + again;
  }
  int failed = 0;
  bool hashes_alone = true;
  for (std::size_t i = 0; i < golden.size(); ++i) {
    if (wrong[i].empty()) continue;
    hashes_alone = hashes_alone && wrong[i].starts_with("hash\n");
    if (++failed <= differences_shown) std::printf("%s: %s\n", golden[i].id.c_str(), wrong[i].c_str());
  }
  if (failed > 0 && hashes_alone) {
    std::printf("all traces are as CPython's: if the hash was changed on purpose, run `ninja -C build golden-hashes`\n"
                "and commit the file; if it differs between compilers or builds, something depends on them\n");
  }
  std::printf("%zu passed, %d failed\n", golden.size() - static_cast<std::size_t>(failed), failed);
  return failed == 0 && !golden.empty() ? 0 : 1;
}

/// Every slip in what is expected must be seen.
int self_test(const std::vector<Golden>& golden) {
  int missed = 0;
  for (std::size_t i = 0; i < golden.size() && i < 5; ++i) {
    std::vector<Golden> slips(4, golden[i]);
    slips[0].hash.back() = slips[0].hash.back() == '0' ? '1' : '0';
    slips[1].trace.pop_back();
    slips[2].trace.front() += "?";
    slips[3].trace.push_back("0 - more");
    if (!play(golden[i]).empty()) ++missed;
    for (const Golden& slip : slips) missed += play(slip).empty() ? 1 : 0;
  }
  std::printf(missed == 0 ? "ok\n" : "BAD: %d slips were not seen\n", missed);
  return missed == 0 && !golden.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const bool slips = argc > 1 && std::string(argv[1]) == "--self-test";
  if (slips) {
    --argc;
    ++argv;
  }
  if (argc != 4) {
    std::fprintf(stderr, "usage: golden_test [--self-test] SCENARIOS.jsonl.gz TRACES.txt.gz HASHES.txt.gz\n");
    return 2;
  }
  try {
    const auto golden = read_golden(argv[1], argv[2], argv[3]);
    return slips ? self_test(golden) : run(golden);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "golden_test: %s\n", error.what());
    return 2;
  }
}
