// SPDX-License-Identifier: BSL-1.0
// subprocess_test.cpp - children by hand: what the loop asks of a backend, and what becomes of the answers.
#include <rondo/subprocess.hpp>

#include <cerrno>
#include <csignal>
#include <optional>

#include "net_world.hpp"

#include "catch.hpp"

using namespace rondo;

namespace {

Coro<> start(std::optional<Process>* into) { into->emplace(co_await create_subprocess_exec(Command("true"))); }

/// Process 42 of the loop.
std::optional<Process> process_in(NetWorld& w) {
  std::optional<Process> process;
  const auto task = w.loop.create_task(start(&process));
  w.step();
  w.end(OperationKind::spawn, 42);
  REQUIRE(process);
  return process;
}

}  // namespace

TEST_CASE("a signal is an operation of its own, and its number goes with it") {
  NetWorld w;
  const auto process = process_in(w);
  process->send_signal(SIGUSR1);
  w.step();
  const Output output = w.take(OperationKind::kill);
  CHECK(output.handle == 42);
  CHECK(output.size == SIGUSR1);
  w.step({Input::completion(output.id, 0)});
  CHECK(w.loop.take_reports().empty());
  w.end(OperationKind::child, 3);
  CHECK(process->returncode() == 3);
}

TEST_CASE("a signal that the system refuses is told to the exception handler, since the call has returned") {
  NetWorld w;
  const auto process = process_in(w);
  process->terminate();
  w.step();
  w.end(OperationKind::kill, -EPERM);
  const auto reports = w.loop.take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].message == "a signal could not be sent");
  CHECK(reports[0].subject == "process 42");
  CHECK(describe(reports[0].exception) == "send_signal: signal 15: Operation not permitted");
  w.end(OperationKind::child, 0);
}

TEST_CASE("a loop that ends while a signal is on its way forgets it") {
  std::optional<Process> process;
  {
    NetWorld w;
    process = process_in(w);
    process->kill();
    w.step();
  }
  CHECK_FALSE(process->returncode());
}
