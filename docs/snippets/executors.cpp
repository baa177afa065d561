// SPDX-License-Identifier: BSL-1.0
// executors.cpp - the code of docs/executors.md, and of what docs/coming-from-asyncio.md says of processes.
#include "snippets.hpp"

#include <string>
#include <vector>

#include <rondo/backends/epoll.hpp>
#include <rondo/backends/sim.hpp>
#include <rondo/executors/process_pool.hpp>
#include <rondo/rondo.hpp>

using namespace rondo;
using namespace std::chrono_literals;

namespace {

// [pool]
double area(double radius) { return 3.14159 * radius * radius; }

Coro<double> measure() {
  ProcessPoolExecutor pool({.max_workers = 2});
  const double one = co_await pool.run<&area>(1.0);
  const double two = co_await run_in_executor(pool, function<&area>, 2);  // the same
  co_return one + two;
}
// [/pool]
const AddSnippet add_measure("measure", [] {
  check(run(measure()) > 15.7);
  check(sim::run(measure()) > 15.7);
});

Coro<double> map_over() {
  const std::vector<double> radii(250, 1.0);
  double sum = 0;
  // [make_pool]
  ProcessPoolExecutor pool({.max_workers = 4});
  // [/make_pool]
  // [run_in_pool]
  co_await run_in_executor(pool, function<&area>, 3);
  // [/run_in_pool]
  // [map]
  auto areas = pool.map<&area>(radii, {.chunksize = 100});
  for (;;) {
    const std::optional<double> next = co_await areas.next();
    if (!next) break;
    sum += *next;
  }
  // [/map]
  // [shutdown]
  co_await pool.shutdown();
  // [/shutdown]
  co_return sum;
}
const AddSnippet add_map("map over a pool", [] { check(run(map_over()) > 785); });

Coro<> sort_fruit() {
  // [communicate]
  auto sort = co_await create_subprocess_exec(Command("sort"), {.std_in = Stdio::pipe, .std_out = Stdio::pipe});
  const ProcessOutput output = co_await sort.communicate("plum\napple\n");
  // [/communicate]
  check(output.std_out == "apple\nplum\n");
}

Coro<> shell() {
  // [shell]
  Process process = co_await create_subprocess_shell("exit 3");
  // [/shell]
  // [wait]
  co_await process.wait();
  // [/wait]
  // [returncode]
  check(process.returncode() == 3);
  // [/returncode]
  Process sleeper = co_await create_subprocess_exec(Command("sleep", "100"));
  // [signals]
  sleeper.terminate();
  // [/signals]
  check(co_await sleeper.wait() == -15);
}

void simulate() {
  // [programs]
  sim::Programs programs;
  programs.add("sort", [](sim::Child child) -> Coro<int> {
    const std::string text = co_await child.std_in.read();
    child.std_out.write(text.empty() ? "" : "apple\nplum\n");
    co_return 0;
  });
  sim::run(sort_fruit(), {.programs = &programs});
  // [/programs]
}

Coro<> pipes() {
  // [open_pipe]
  auto [reader, writer] = co_await open_pipe();
  // [/open_pipe]
  writer.write("x");
  check(co_await reader.read(1) == "x");
}

const AddSnippet add_sort("subprocesses", [] {
  EpollBackend real;  // whatever run() uses: the programs are real ones
  run(real, sort_fruit());
  run(real, shell());
  simulate();
  run(pipes());
});

}  // namespace
