// SPDX-License-Identifier: BSL-1.0
// job_test.cpp - run_in_executor and to_thread: values, errors, cancellation, executors that refuse.
#include <cerrno>
#include <functional>
#include <memory>
#include <regex>

#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t outcome_line = __LINE__ + 4;
/// Awaits a job on the default executor and gives its outcome in words.
template <class F>
Coro<std::string> outcome_of(F function) {
  const auto outcome = co_await as_outcome(run_in_executor(nullptr, function));
  co_return ending_of(outcome);
}

/// Submits a job to a loop without a backend, answers it with `code`, and gives the job's end in words.
std::string answered_with(std::int32_t code, bool run) {
  Loop loop;
  std::array<Output, 4> out;
  const auto task = loop.create_task(outcome_of([] { return 7; }));
  loop.step(Instant(), {}, out);
  if (run) out[0].job->run();
  const Input input = Input::completion(out[0].id, code);
  loop.step(Instant(), std::span(&input, 1), out);
  return task.result();
}

}  // namespace

TEST_CASE("a job gives its value, void too, or throws what it threw") {
  CHECK(sim::run(outcome_of([] { return 7; })) == "7");
  CHECK(sim::run(outcome_of([] {})) == "void");
  CHECK(sim::run(outcome_of([]() -> int { throw std::runtime_error("no"); })) == "no");
}

TEST_CASE("arguments are copied, std::ref shares, and values may be such that can only be moved") {
  const auto body = []() -> Coro<int> {
    int shared = 1;
    const auto add = [](int& to, int what) { to += what; };
    co_await to_thread(add, std::ref(shared), 41);
    const auto box = [](int value) { return std::make_unique<int>(value); };
    const std::unique_ptr<int> boxed = co_await to_thread(box, shared);
    co_return *boxed;
  };
  CHECK(sim::run(body()) == 42);
}

TEST_CASE("an executor that cannot take a job is an error of the job's future") {
  CHECK(answered_with(0, true) == "7");
  CHECK(answered_with(-ECANCELED, false) == "cancelled");
  CHECK(answered_with(-ESHUTDOWN, false) == "cannot schedule a job: the executor is shut down");
  CHECK(answered_with(-ENOBUFS, false) == "cannot schedule a job: the queue of the executor is full");
  CHECK(answered_with(-EIO, false) == "the executor failed with error " + std::to_string(EIO));
}

TEST_CASE("cancelling the future withdraws a job that has not started, one hop later") {
  Loop loop;
  std::array<Output, 4> out;
  const auto task = loop.create_task(outcome_of([] { return 7; }));
  StepResult result = loop.step(Instant(), {}, out);
  REQUIRE(result.produced == 1);
  CHECK(out[0].kind == OperationKind::job);
  CHECK(out[0].executor == nullptr);
  const OperationId id = out[0].id;
  task.cancel();
  result = loop.step(Instant(), {}, out);
  REQUIRE(result.produced == 1);
  CHECK(out[0].verb == Output::Verb::cancel);
  CHECK(out[0].id == id);
  CHECK(task.result() == "cancelled");
  CHECK(result.operations == 1);
  const Input input = Input::completion(id, -ECANCELED);
  CHECK(loop.step(Instant(), std::span(&input, 1), out).operations == 0);
}

TEST_CASE("the result or the error of a job that ends after its cancellation is dropped in silence") {
  for (const bool fails : {false, true}) {
    std::array<Output, 4> out;
    Loop loop;
    const auto task = loop.create_task(outcome_of([fails] {
      if (fails) throw std::runtime_error("unseen");
    }));
    loop.step(Instant(), {}, out);
    Job* const job = out[0].job;
    const Input input = Input::completion(out[0].id, 0);
    task.cancel();
    loop.step(Instant(), {}, out);
    job->run();
    loop.step(Instant(), std::span(&input, 1), out);
    CHECK(task.result() == "cancelled");
    CHECK(loop.take_reports().empty());
  }
}

TEST_CASE("jobs may take virtual time, by the oracle's answer") {
  sim::Tape tape{{"job.duration", 8, 6}};  // the answer 6 is a second
  const auto body = []() -> Coro<Duration> {
    co_await to_thread([] {});
    co_return this_loop().time() - Instant();
  };
  CHECK(sim::run(body(), {.replay = &tape}) == 1s);
  CHECK(sim::run(body()) == 0s);
}

TEST_CASE("a job is made where the program asks for it, however it does") {
  static constexpr auto job = [] {};
  static constexpr std::uint32_t first_line = __LINE__ + 2;
  struct Program {
    static Coro<> asks() { co_await to_thread(job); }
    static Coro<std::string> main() {
      const auto by_name = create_task(outcome_of(job));
      const auto awaits = create_task(asks());
      const auto made_task = create_task(to_thread(job));
      const auto limited = create_task(wait_for(to_thread(job), 1s));
      co_await sleep(0s);
      std::string text = dump_tasks(this_loop());
      co_await gather(by_name, awaits, made_task, limited);
      co_return text;
    }
  };
  const std::string text = std::regex_replace(sim::run(Program::main()), std::regex("Future [0-9]+"), "Future");
  for (const std::uint32_t line : {outcome_line, first_line, first_line + 4, first_line + 5}) {
    CHECK_THAT(text, Catch::Matchers::Contains("awaits Future (made at job_test.cpp:" + std::to_string(line) + ")"));
  }
  CHECK_THAT(text, !Catch::Matchers::Contains("job.hpp"));
}

TEST_CASE("a loop that ends forgets its jobs") {
  const auto token = std::make_shared<int>(0);
  {
    Loop loop;
    const Loop::Scope scope(loop);
    static_cast<void>(run_in_executor(nullptr, [token] {}));
    CHECK(token.use_count() == 2);
  }
  CHECK(token.use_count() == 1);
}
