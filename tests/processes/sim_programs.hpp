// SPDX-License-Identifier: BSL-1.0
// sim_programs.hpp - a few programs of a simulated machine, and runs on it.
#pragma once

#include <rondo/backends/sim.hpp>
#include <rondo/subprocess.hpp>

#include <map>
#include <string>
#include <vector>

#include "backends/network.hpp"

namespace simulated_programs {

using namespace network;

// --- programs --------------------------------------------------------------------------------------------------------

inline Coro<int> cat(sim::Child child) {
  for (;;) {
    const std::string text = co_await child.std_in.read(1000);
    if (text.empty()) co_return 0;
    child.std_out.write(text);
    co_await child.std_out.drain();
  }
}
inline Coro<int> exit_with(sim::Child child) { co_return std::stoi(child.arguments.at(1)); }
inline Coro<int> sleep_long(sim::Child) {
  co_await sleep(1000s);
  co_return 0;
}
inline Coro<int> talk(sim::Child child) {
  child.std_out.write("out");
  child.std_err.write("err");
  co_await sleep(2s);
  child.std_out.write("more");
  co_return 3;
}
inline Coro<int> crash(sim::Child child) {
  child.std_out.write("before");
  co_await sleep(1s);
  throw std::runtime_error("the program crashes");
}
inline Coro<int> reveal(sim::Child child) {
  for (const std::string& word : child.arguments) child.std_out.write(word + " ");
  child.std_out.write("in " + child.directory + " with");
  if (child.environment) {
    for (const std::string& variable : *child.environment) child.std_out.write(" " + variable);
  }
  co_return 0;
}
inline Coro<int> answer(sim::Child child) {
  const std::string line = co_await child.channel.reader.readline();
  child.channel.writer.write("got " + line);
  co_return 0;
}
inline Coro<int> stubborn(sim::Child child) {
  try {
    co_await sleep(1000s);
  } catch (const CancelledError&) {
    child.std_out.write("nobody reads this");
  }
  co_return 0;
}
inline Coro<int> wait_at_random(sim::Child child) {
  co_await sleep(Duration(child.oracle->choose("program", 8) * 1'000'000));
  child.std_out.write("done");
  co_return 5;
}
inline Coro<int> deaf(sim::Child) { co_return 0; }
inline Coro<int> parent(sim::Child child) {
  Process process = co_await create_subprocess_exec(Command("cat"), {.std_in = Stdio::pipe, .std_out = Stdio::pipe});
  const ProcessOutput written = co_await process.communicate("grandchild");
  child.std_out.write(written.std_out);
  co_return 0;
}

inline const sim::Programs& programs() {
  static const sim::Programs all = [] {
    sim::Programs made;
    made.add("cat", cat);
    made.add("exit", exit_with);
    made.add("sleep", sleep_long);
    made.add("talk", talk);
    made.add("crash", crash);
    made.add("reveal", reveal);
    made.add("answer", answer);
    made.add("stubborn", stubborn);
    made.add("random", wait_at_random);
    made.add("deaf", deaf);
    made.add("parent", parent);
    return made;
  }();
  return all;
}

// --- runs ------------------------------------------------------------------------------------------------------------

/// The handle that the next pipe gets first: 3 when all are closed.
inline int next_handle(sim::SimBackend& backend) {
  PipeEnds ends;
  Output output;
  output.kind = OperationKind::pipe;
  output.pipe_ends = &ends;
  backend.submit(std::span(&output, 1));
  static_cast<void>(backend.reap(Instant::min()));
  return ends.read;
}

/// Runs `main`, whose reports are told in `reports`; afterwards no handle is open.
template <class T>
T simulated(Coro<T> main, std::uint64_t seed = 0, std::vector<std::string>* reports = nullptr) {
  sim::SimBackend backend({.seed = seed, .programs = &programs()});
  struct AtEnd {
    sim::SimBackend& backend;
    ~AtEnd() { CHECK(next_handle(backend) == 3); }
  } const at_end{backend};
  Runner runner(backend);
  runner.loop().set_exception_handler([reports](const ErrorContext& context) {
    const std::string text = context.message + ": " + context.subject + ": " + describe(context.exception);
    if (reports) {
      reports->push_back(text);
    } else {
      FAIL_CHECK(text);
    }
  });
  return runner.run(std::move(main));
}

/// Checks that it ends the same way with each of many seeds.
template <class F>
void always(F body, const std::string& expected, std::uint64_t seeds = 50) {
  for (std::uint64_t seed = 0; seed <= seeds; ++seed) {
    INFO("seed " << seed);
    const std::string got = simulated(body(), seed);
    CHECK(got == expected);
    if (got != expected) return;
  }
}

inline SubprocessOptions all_pipes() {
  SubprocessOptions options;
  options.std_in = options.std_out = options.std_err = Stdio::pipe;
  return options;
}
inline Coro<Process> start(std::string name) { return create_subprocess_exec(Command(std::move(name)), all_pipes()); }

inline Duration now() { return this_loop().time() - Instant(); }

}  // namespace simulated_programs
