// SPDX-License-Identifier: BSL-1.0
// sim_test.cpp - the simulated world: virtual time, seeds, and tapes that repeat a run.
#include <rondo/backends/sim.hpp>

#include <cerrno>

#include "catch.hpp"
#include "support.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

/// Ten jobs at once: the order in which they came back, and when, in nanoseconds.
Coro<> note_job(std::string* story, char name) {
  co_await to_thread([] {});
  *story += name + std::to_string((this_loop().time() - Instant()).count()) + " ";
}
Coro<std::string> ten_jobs() {
  std::string story;
  std::vector<Coro<>> jobs;
  for (int i = 0; i < 10; ++i) jobs.push_back(note_job(&story, static_cast<char>('a' + i)));
  co_await gather(std::move(jobs));
  co_return story;
}

struct Run {
  std::string story;
  std::uint64_t hash;
  sim::Tape tape;
  friend bool operator==(const Run&, const Run&) = default;
};
Run run_ten_jobs(sim::SimOptions options) {
  sim::SimBackend backend(options);
  Runner runner(backend);
  std::string story = runner.run(ten_jobs());
  return {std::move(story), runner.loop().kernel().hash(), backend.oracle().tape()};
}

Coro<Duration> sleeps_an_hour_in_steps() {
  for (int i = 0; i < 3600; ++i) co_await sleep(1s);
  co_return this_loop().time() - Instant();
}

}  // namespace

TEST_CASE("an hour of sleeping takes no real time, and exactly an hour of virtual time") {
  const auto before = std::chrono::steady_clock::now();
  CHECK(sim::run(sleeps_an_hour_in_steps()) == 1h);
  CHECK(std::chrono::steady_clock::now() - before < 10s);
}

TEST_CASE("virtual time starts at 0 and stands still while something is ready") {
  const auto body = []() -> Coro<bool> {
    bool still = this_loop().time() == Instant();
    for (int i = 0; i < 1000; ++i) co_await sleep(0s);
    still = still && this_loop().time() == Instant();
    co_return still;
  };
  CHECK(sim::run(body()));
}

TEST_CASE("the same seed gives the same order, the same times, the same hash and the same tape") {
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    CHECK(run_ten_jobs({.seed = seed}) == run_ten_jobs({.seed = seed}));
  }
}

TEST_CASE("seeds vary how long jobs take, and seed 0 lets them take no time") {
  const Run plain = run_ten_jobs({});
  CHECK(plain.story == "a0 b0 c0 d0 e0 f0 g0 h0 i0 j0 ");
  int different = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Run one = run_ten_jobs({.seed = seed});
    const Run next = run_ten_jobs({.seed = seed + 1});
    if (one.story != plain.story && one.story != next.story && one.hash != next.hash) ++different;
  }
  CHECK(different >= 18);
}

TEST_CASE("the tape has one choice for each job, within its bounds") {
  sim::Tape tape;
  static_cast<void>(sim::run(ten_jobs(), {.seed = 3, .record = &tape}));
  REQUIRE(tape.size() == 10);
  for (const sim::Choice& choice : tape) {
    CHECK(choice.site == "job.duration");
    CHECK(choice.answer < choice.n);
  }
}

TEST_CASE("a tape replays its run exactly, without the seed") {
  const Run first = run_ten_jobs({.seed = 5});
  const Run again = run_ten_jobs({.replay = &first.tape});
  CHECK(again == first);
  CHECK_FALSE(again == run_ten_jobs({}));
}

TEST_CASE("the tape of a run that failed is recorded, too") {
  sim::Tape tape;
  const auto body = []() -> Coro<> {
    co_await to_thread([] {});
    throw std::runtime_error("no");
  };
  CHECK_THROWS_WITH(sim::run(body(), {.seed = 5, .record = &tape}), "no");
  CHECK(tape.size() == 1);
}

TEST_CASE("behind the end of a shorter tape everything goes as in production by default") {
  const sim::Tape tape{{"job.duration", 8, 6}};  // the first job takes a second
  const std::string story = sim::run(ten_jobs(), {.replay = &tape});
  CHECK(story == "b0 c0 d0 e0 f0 g0 h0 i0 j0 a1000000000 ");
}

TEST_CASE("a tape of another run is refused, and the error names both questions") {
  const sim::Tape other{{"coffee.temperature", 3, 1}};
  const auto refused = [&other] {  // in a child, which an alarm ends should the run hang
    std::string text;
    try {
      static_cast<void>(sim::run(ten_jobs(), {.replay = &other}));
    } catch (const sim::TapeMismatch& mismatch) {
      text = mismatch.what();
    }
    const bool names_both = contains(text, "choice 0") && contains(text, "'job.duration' of 8") &&
                            contains(text, "'coffee.temperature' of 3");
    return names_both ? 0 : 1;
  };
  CHECK(in_a_child(refused) == "exit 0");
}

TEST_CASE("a tape with as many answers to another number of choices is refused") {
  sim::Oracle oracle(sim::Tape{{"job.duration", 4, 1}});
  CHECK_THROWS_AS(oracle.choose("job.duration", 8), sim::TapeMismatch);
}

TEST_CASE("a damaged tape, whose answer is none of the choices, is refused") {
  sim::Oracle oracle(sim::Tape{{"job.duration", 8, 8}});
  CHECK_THROWS_AS(oracle.choose("job.duration", 8), sim::TapeMismatch);
}

TEST_CASE("the oracle answers by site: questions at one site change no answer at another") {
  sim::Oracle alone(7);
  sim::Oracle crowded(7);
  for (int i = 0; i < 50; ++i) {
    static_cast<void>(crowded.choose("elsewhere", 5));
    CHECK(alone.choose("here", 1000) == crowded.choose("here", 1000));
  }
}

TEST_CASE("a question with one answer is not recorded") {
  sim::Oracle oracle(7);
  CHECK(oracle.choose("only", 1) == 0);
  CHECK(oracle.choose("none", 0) == 0);
  CHECK(oracle.tape().empty());
}

TEST_CASE("every answer of the oracle is within bounds, and all of them come up") {
  sim::Oracle oracle(11);
  std::vector<int> counts(8, 0);
  for (int i = 0; i < 8000; ++i) ++counts.at(oracle.choose("die", 8));
  for (const int count : counts) CHECK((count > 700 && count < 1300));
}

TEST_CASE("a job runs at its virtual time, in order with sleepers") {
  const sim::Tape tape{{"job.duration", 8, 6}};  // a second
  const auto body = []() -> Coro<std::string> {
    std::string story;
    std::string* const text = &story;
    const auto sleeper = [](std::string* to, Duration delay, char name) -> Coro<> {
      co_await sleep(delay);
      *to += name;
    };
    const auto before = create_task(sleeper(&story, 999ms, 'a'));
    const auto behind = create_task(sleeper(&story, 1001ms, 'c'));
    co_await to_thread([text] { *text += 'b'; });
    co_await behind;
    co_return story;
  };
  CHECK(sim::run(body(), {.replay = &tape}) == "abc");
}

TEST_CASE("a job that is cancelled before its virtual time never runs") {
  const sim::Tape tape{{"job.duration", 8, 6}};
  bool ran = false;
  const auto body = [](bool* flag) -> Coro<std::string> {
    const auto job = run_in_executor(nullptr, [flag] { *flag = true; });
    std::string how = co_await ending(wait_for(job, 500ms));
    co_await sleep(2s);
    co_return how;
  };
  CHECK(sim::run(body(&ran), {.replay = &tape}) == "TimeoutError");
  CHECK_FALSE(ran);
}

TEST_CASE("descriptors do not exist in a simulated world: waiting for one is an error that says so") {
  CHECK(sim::run(ending(readable(0))) == system_error_text(ENOTSUP));
  CHECK(sim::run(ending(writable(1))) == system_error_text(ENOTSUP));
}

TEST_CASE("a signal that nobody handles does nothing in a simulated world") {
  sim::SimBackend backend;
  backend.raise_signal(SIGTERM);
  backend.raise_signal(SIGINT);
  CHECK(rondo::run(backend, sleeps_an_hour_in_steps()) == 1h);
}

TEST_CASE("sim::run takes debug mode from its options") {
  const auto body = []() -> Coro<bool> { co_return this_loop().debug(); };
  CHECK(sim::run(body(), {.debug = true}));
  CHECK_FALSE(sim::run(body()));
}
