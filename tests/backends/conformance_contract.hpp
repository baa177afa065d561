// SPDX-License-Identifier: BSL-1.0
// conformance_contract.hpp - what every backend must pass: the rules of docs/the-loop.md, seen at submit() and reap().
#pragma once

#include <array>
#include <cerrno>
#include <map>
#include <vector>

#include <rondo/kernel/facilities.hpp>
#include <rondo/rondo.hpp>

#include "catch.hpp"
#include "conformance_jobs.hpp"
#include "needs.hpp"

using namespace std::chrono_literals;

namespace {
namespace conformance {

struct CountedJob final : rondo::Job {
  void run() noexcept override { ++runs; }
  int runs = 0;
};

rondo::Output job_output(std::uint32_t slot, rondo::Job& job) {
  rondo::facilities::jobs();
  rondo::Output output;
  output.kind = rondo::OperationKind::job;
  output.id = {slot, 1};
  output.job = &job;
  return output;
}

}  // namespace conformance
}  // namespace

CONFORMANCE("C1, C4: a job has one terminal completion, cancelled or not, and is not touched after it") {
  World world;
  NEEDS(jobs);
  std::vector<conformance::CountedJob> jobs(20);
  std::vector<rondo::Output> outputs;
  for (std::uint32_t i = 0; i < jobs.size(); ++i) outputs.push_back(conformance::job_output(i, jobs[i]));
  for (std::uint32_t i = 0; i < jobs.size(); i += 2) {
    outputs.push_back(outputs[i]);
    outputs.back().verb = rondo::Output::Verb::cancel;
  }
  world.backend.submit(outputs);
  std::map<std::uint32_t, std::vector<std::int32_t>> results;
  const auto take = [&](rondo::Duration limit) {
    for (const rondo::Input& input : world.backend.reap(world.backend.now() + limit)) {
      CHECK_FALSE(input.more);
      results[input.id.slot].push_back(input.result);
    }
  };
  for (int i = 0; i < 100 && results.size() < jobs.size(); ++i) take(1s);
  for (std::uint32_t i = 0; i < jobs.size(); ++i) {
    REQUIRE(results[i].size() == 1);
    CHECK(results[i][0] == (jobs[i].runs == 1 ? 0 : -ECANCELED));
    CHECK(jobs[i].runs <= 1);
    jobs[i].runs = 0;
  }
  world.backend.submit(std::span<const rondo::Output>(outputs).subspan(jobs.size()));  // too late: all have ended
  take(rondo::Duration::zero());
  for (std::uint32_t i = 0; i < jobs.size(); ++i) {
    CHECK(results[i].size() == 1);
    CHECK(jobs[i].runs == 0);
  }
}

CONFORMANCE("C12: submit completes nothing, even what is refused at once: reap does") {
  World world;
  const auto before = world.backend.reap(rondo::Instant::min());
  rondo::facilities::readiness();
  rondo::Output impossible;
  impossible.kind = rondo::OperationKind::readable;
  impossible.handle = -1;
  impossible.id = {7, 3};
  world.backend.submit(std::span(&impossible, 1));
  CHECK(before.empty());
  const auto inputs = world.backend.reap(world.backend.now() + 10s);
  REQUIRE(inputs.size() == 1);
  CHECK(inputs[0].id == rondo::OperationId{7, 3});
  CHECK(inputs[0].result < 0);
  CHECK_FALSE(inputs[0].more);
  CHECK(world.backend.reap(rondo::Instant::min()).empty());
}

CONFORMANCE("C9: more operations than fit into the outputs of one step are all started, in their order") {
  World world;
  NEEDS(jobs);
  rondo::Loop loop;
  loop.attach(world.backend);
  std::array<rondo::Output, 3> out;
  std::vector<rondo::Future<int>> jobs;
  {
    const rondo::Loop::Scope scope(loop);
    for (int i = 0; i < 10; ++i) jobs.push_back(rondo::run_in_executor(nullptr, conformance::square, i));
  }
  std::uint32_t next = 0;
  rondo::StepResult result = loop.step(world.backend.now(), {}, out);
  for (int i = 0; i < 1000; ++i) {
    for (std::uint32_t at = 0; at < result.produced; ++at) CHECK(out[at].id.slot == next++);
    world.backend.submit(std::span<const rondo::Output>(out).first(result.produced));
    if (result.operations == 0) break;
    result = loop.step(world.backend.now(), world.backend.reap(result.deadline), out);
  }
  CHECK(next == 10);
  for (int i = 0; i < 10; ++i) CHECK(jobs.at(static_cast<std::size_t>(i)).result() == i * i);
}
