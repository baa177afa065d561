// SPDX-License-Identifier: BSL-1.0
// sim_process_pool_test.cpp - process pools in a simulated world, whose workers die where the oracle says so.
#include <rondo/backends/sim.hpp>
#include <rondo/executors/process_pool.hpp>

#include <map>
#include <optional>

#include "sim_programs.hpp"

using namespace network;
using simulated_programs::next_handle;
using simulated_programs::now;

namespace simulated_work {

int twice(int number) { return 2 * number; }
int odd_is_bad(int number) {
  if (number % 2 != 0) throw std::domain_error("odd");
  return number;
}
void fail() { throw std::domain_error("as it should"); }
int begun = 0;
void begin(int by) { begun += by; }

}  // namespace simulated_work

namespace {

/// Runs `main`, which reports nothing; afterwards no handle is open.
template <class T>
T simulated(Coro<T> main, const sim::SimOptions& options = {}) {
  sim::SimBackend backend(options);
  Runner runner(backend);
  runner.loop().set_exception_handler([](const ErrorContext& context) {
    FAIL_CHECK(context.message << ": " << context.subject << ": " << describe(context.exception));
  });
  T result = runner.run(std::move(main));
  if (options.record) *options.record = backend.oracle().tape();
  runner.close();
  const int handle = next_handle(backend);
  if (handle != 3) FAIL_CHECK("handles are left: the next is " << handle);
  return result;
}

sim::SimOptions with_faults(std::uint64_t seed) {
  sim::SimOptions options;
  options.seed = seed;
  options.worker_faults = true;
  return options;
}

/// How a job ended: "7", "broken", "late", "refused", or its own error.
Coro<std::string> short_ending(Future<int> job, Duration patience = 1000s) {
  const auto outcome = co_await as_outcome(wait_for(job, patience));
  if (outcome.has_value()) co_return std::to_string(outcome.value());
  if (outcome.cancelled()) co_return "cancelled";
  try {
    std::rethrow_exception(outcome.error());
  } catch (const BrokenProcessPool&) {
    co_return "broken";
  } catch (const TimeoutError&) {
    co_return "late";
  } catch (const std::exception& error) {
    co_return error.what();
  }
}

/// Asks until there is an answer; each attempt is a letter, and the answer comes behind.
Coro<std::string> insist(ProcessPoolExecutor* pool, int number) {
  std::string story;
  for (int attempt = 0; attempt < 200; ++attempt) {
    int endings = 0;
    const auto job = pool->run<&simulated_work::twice>(number);
    const auto count = [&endings](const Future<int>&) { ++endings; };
    static_cast<void>(job.add_done_callback(count));
    const std::string end = co_await short_ending(job);
    co_await sleep(0s);
    co_await sleep(0s);
    if (endings != 1) co_return story + "ended " + std::to_string(endings) + " times";
    if (end == std::to_string(2 * number)) co_return story + "+";
    if (end != "broken" && end != "late") co_return story + end;
    story += end[0];
  }
  co_return story + "never";
}

/// What becomes of `jobs` that are all wanted at once.
Coro<std::string> campaign(ProcessPoolOptions options, int jobs) {
  ProcessPoolExecutor pool(std::move(options));
  std::vector<Task<std::string>> tasks;
  for (int i = 0; i < jobs; ++i) tasks.push_back(create_task(insist(&pool, i)));
  std::string story;
  for (const auto& task : tasks) story += co_await task + " ";
  co_await pool.shutdown();
  if (!pool.pids().empty()) story += "workers are left ";
  co_return story + std::to_string(now().count());
}

/// Some of everything.
ProcessPoolOptions options_of(std::uint64_t seed) {
  ProcessPoolOptions options;
  options.max_workers = 1 + seed % 3;
  options.max_tasks_per_child = seed / 3 % 3;
  options.kill_on_cancel = true;
  return options;
}

bool all_answered(const std::string& story) {
  return story.find_first_not_of("bl+ 0123456789") == std::string::npos && !contains(story, "  ");
}

}  // namespace

// --- without faults --------------------------------------------------------------------------------------------------

TEST_CASE("sim: a pool gives results, errors with their origin, and maps", "[sim]") {
  const auto body = []() -> Coro<std::string> {
    ProcessPoolExecutor pool({.max_workers = 2, .name = "math"});
    std::string story = std::to_string(co_await pool.run<&simulated_work::twice>(21));
    const auto outcome = co_await as_outcome(pool.run<&simulated_work::odd_is_bad>(3));
    try {
      outcome.raise();
    } catch (const std::domain_error& error) {
      const auto& origin = dynamic_cast<const RemoteOrigin&>(error);
      story += ", " + origin.type() + " in " + origin.function() + " of " + origin.worker().substr(0, 6);
    }
    const std::vector<int> inputs{1, 2, 3, 4, 5};
    auto values = pool.map<&simulated_work::twice>(inputs, {.chunksize = 2});
    for (;;) {
      const auto value = co_await values.next();
      if (!value) break;
      story += " " + std::to_string(*value);
    }
    co_await pool.shutdown();
    co_return story;
  };
  for (std::uint64_t seed = 0; seed <= 100; ++seed) {
    INFO("seed " << seed);
    sim::SimOptions options;
    options.seed = seed;
    REQUIRE(simulated(body(), options) == "42, std::domain_error in simulated_work::odd_is_bad of math-0 2 4 6 8 10");
  }
}

TEST_CASE("sim: without faults every job is done at the first attempt", "[sim]") {
  for (std::uint64_t seed = 0; seed <= 300; ++seed) {
    INFO("seed " << seed);
    sim::SimOptions options;
    options.seed = seed;
    const std::string story = simulated(campaign(options_of(seed), 6), options);
    REQUIRE(story.starts_with("+ + + + + + "));
  }
}

TEST_CASE("sim: a pool works in the world that RONDO programs are tried in with --sim: seed 0, no time passes",
          "[sim]") {
  CHECK(simulated(campaign({.max_workers = 2}, 6)) == "+ + + + + + 0");
}

// --- with faults -----------------------------------------------------------------------------------------------------

TEST_CASE(
    "sim: each job ends once, with its result or BrokenProcessPool or, for a lost answer, late; asking again helps",
    "[sim]") {
  std::size_t broken = 0;
  std::size_t late = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    INFO("seed " << seed);
    const std::string story = simulated(campaign(options_of(seed), 6), with_faults(seed));
    INFO(story);
    REQUIRE(all_answered(story));
    if (contains(story, "b")) ++broken;
    if (contains(story, "l")) ++late;
  }
  CHECK(broken > 300);
  CHECK(late > 100);
}

TEST_CASE("sim: with the same seed workers die the same way, and from their tape", "[sim]") {
  std::map<std::string, int> stories;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    sim::Tape tape;
    sim::SimOptions options = with_faults(seed);
    options.record = &tape;
    const std::string first = simulated(campaign(options_of(seed), 5), options);
    ++stories[first];
    REQUIRE(simulated(campaign(options_of(seed), 5), with_faults(seed)) == first);
    if (seed > 20) continue;
    sim::SimOptions again = with_faults(0);
    again.replay = &tape;
    REQUIRE(simulated(campaign(options_of(seed), 5), again) == first);
  }
  CHECK(stories.size() > 100);
}

TEST_CASE("sim: no worker does more than max_tasks_per_child jobs", "[sim]") {
  const auto body = [](std::size_t workers) -> Coro<std::string> {
    ProcessPoolExecutor pool({.max_workers = workers, .max_tasks_per_child = 2, .kill_on_cancel = true});
    std::vector<Future<void>> jobs;
    for (int i = 0; i < 12; ++i) jobs.push_back(pool.run<&simulated_work::fail>());
    std::map<std::string, int> done;
    for (const auto& job : jobs) {
      const auto outcome = co_await as_outcome(wait_for(job, 1000s));
      try {
        outcome.raise();
      } catch (const std::domain_error& error) {
        ++done[dynamic_cast<const RemoteOrigin&>(error).worker()];
      } catch (const std::runtime_error&) {
      }
    }
    co_await pool.shutdown();
    for (const auto& [worker, times] : done) {
      if (times > 2) co_return worker + " has done " + std::to_string(times);
    }
    co_return "at most 2";
  };
  for (std::uint64_t seed = 0; seed <= 300; ++seed) {
    INFO("seed " << seed);
    REQUIRE(simulated(body(1 + seed % 3), with_faults(seed)) == "at most 2");
  }
}

TEST_CASE("sim: with OnDeath::break_pool the first death is the end of all", "[sim]") {
  const auto body = [](std::size_t workers) -> Coro<std::string> {
    ProcessPoolExecutor pool({.max_workers = workers, .on_death = OnDeath::break_pool, .kill_on_cancel = true});
    std::vector<Future<int>> jobs;
    for (int i = 0; i < 8; ++i) jobs.push_back(pool.run<&simulated_work::twice>(i));
    std::string story;
    for (const auto& job : jobs) {
      const std::string end = co_await short_ending(job, 100'000s);
      story += end == "broken" || end == "late" ? end.substr(0, 1) : "+";
    }
    const std::string after = co_await short_ending(pool.run<&simulated_work::twice>(8), 100'000s);
    const bool is_broken = contains(story, "b");
    if (is_broken != (after == "broken") && after != "broken" && after != "late") story += " after: " + after;
    co_await pool.shutdown();
    co_return story + (is_broken ? " broken" : " whole");
  };
  std::size_t broken = 0;
  for (std::uint64_t seed = 0; seed <= 1000; ++seed) {
    INFO("seed " << seed);
    const std::string story = simulated(body(1 + seed % 3), with_faults(seed));
    INFO(story);
    REQUIRE(story.find_first_not_of("bl+") == 8);
    REQUIRE_FALSE(contains(story, "after"));
    if (contains(story, "broken")) ++broken;
  }
  CHECK(broken > 100);
}

TEST_CASE("sim: a worker that dies at its initializer, where no other is there, breaks the pool; a new one helps",
          "[sim]") {
  const auto body = []() -> Coro<std::string> {
    for (int attempt = 0; attempt < 200; ++attempt) {
      ProcessPoolOptions options;
      options.max_workers = 2;
      options.initializer = remote_call<&simulated_work::begin>(1);
      options.kill_on_cancel = true;
      ProcessPoolExecutor pool(std::move(options));
      const int before = simulated_work::begun;
      const std::string end = co_await short_ending(pool.run<&simulated_work::twice>(4));
      if (end == "8") co_return simulated_work::begun > before ? "begun" : "not begun";
      if (end != "broken" && end != "late") co_return end;
    }
    co_return "never";
  };
  for (std::uint64_t seed = 0; seed <= 500; ++seed) {
    INFO("seed " << seed);
    REQUIRE(simulated(body(), with_faults(seed)) == "begun");
  }
}

TEST_CASE("sim: jobs that are cancelled at any moment do no harm to the others", "[sim]") {
  const auto body = [](std::uint64_t seed, OnDeath on_death) -> Coro<std::string> {
    ProcessPoolOptions options = options_of(seed);
    options.kill_on_cancel = seed % 2 == 0;
    options.on_death = on_death;
    ProcessPoolExecutor pool(std::move(options));
    std::string story;
    for (int round = 0; round < 6; ++round) {
      const auto unwanted = pool.run<&simulated_work::twice>(1);
      const auto wanted = pool.run<&simulated_work::twice>(round);
      const std::int64_t moment = static_cast<std::int64_t>(seed * 31 + static_cast<std::uint64_t>(round) * 17) % 7;
      for (std::int64_t i = 0; i < moment * 3; ++i) co_await sleep(Duration(i % 3 == 2 ? 20'000'000 : 0));
      unwanted.cancel();
      const std::string end = co_await short_ending(wanted, 100'000s);
      if (end != std::to_string(2 * round)) story += end + " ";
    }
    co_await pool.shutdown();
    co_return story;
  };
  for (std::uint64_t seed = 0; seed <= 1000; ++seed) {
    INFO("seed " << seed);
    sim::SimOptions options;
    options.seed = seed;
    REQUIRE(simulated(body(seed, OnDeath::replace), options) == "");
    REQUIRE(simulated(body(seed, OnDeath::break_pool), options) == "");
  }
}

TEST_CASE("sim: a pool that is destroyed at any moment ends all its jobs at once", "[sim]") {
  const auto body = [](std::uint64_t seed) -> Coro<std::string> {
    std::vector<Future<int>> jobs;
    {
      ProcessPoolExecutor pool(options_of(seed));
      for (int i = 0; i < 5; ++i) jobs.push_back(pool.run<&simulated_work::twice>(i));
      for (std::uint64_t i = 0; i < seed % 40; ++i) co_await sleep(Duration(i % 4 == 3 ? 50'000'000 : 0));
    }
    std::string story;
    const Duration begin = now();
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      const std::string end = co_await short_ending(jobs[i]);
      if (end != "broken" && end != std::to_string(2 * i)) story += end + " ";
    }
    if (now() != begin) story += "later";
    co_await sleep(10s);
    co_return story;
  };
  for (std::uint64_t seed = 0; seed <= 1000; ++seed) {
    INFO("seed " << seed);
    REQUIRE(simulated(body(seed), with_faults(seed)) == "");
  }
}

TEST_CASE("sim: a loop that ends at any moment of a pool's life leaves nothing", "[sim]") {
  const auto body = [](ProcessPoolExecutor* pool, std::uint64_t seed) -> Coro<int> {
    for (int i = 0; i < 5; ++i) static_cast<void>(pool->run<&simulated_work::twice>(i));
    for (std::uint64_t i = 0; i < seed % 40; ++i) co_await sleep(Duration(i % 4 == 3 ? 50'000'000 : 0));
    co_return 1;
  };
  const auto again = [](ProcessPoolExecutor* pool) -> Coro<std::string> {
    std::string story = co_await insist(pool, 3);
    co_await pool->shutdown();
    co_return story.substr(story.size() - 1);
  };
  for (std::uint64_t seed = 0; seed <= 500; ++seed) {
    INFO("seed " << seed);
    ProcessPoolExecutor pool(options_of(seed));
    sim::SimOptions options;
    options.seed = seed;
    REQUIRE(simulated(body(&pool, seed), options) == 1);
    REQUIRE(pool.pids().empty());
    REQUIRE(simulated(again(&pool), with_faults(seed)) == "+");
  }
}

TEST_CASE("sim: a map gives all results in the order of the inputs, or ends with BrokenProcessPool", "[sim]") {
  const auto body = [](std::uint64_t seed) -> Coro<std::string> {
    ProcessPoolExecutor pool(options_of(seed));
    const std::vector<int> inputs{1, 2, 3, 4, 5, 6};
    MapOptions options;
    options.chunksize = 1 + seed % 3;
    std::string story;
    {
      auto values = pool.map<&simulated_work::twice>(inputs, options);
      try {
        for (;;) {
          const auto value = co_await wait_for(values.next(), 1000s);
          if (!value) break;
          story += std::to_string(*value) + " ";
        }
      } catch (const BrokenProcessPool&) {
        story += "broken";
      } catch (const TimeoutError&) {
        story += "late";
      }
    }
    co_await pool.shutdown();
    co_return story;
  };
  const std::string whole = "2 4 6 8 10 12 ";
  for (std::uint64_t seed = 0; seed <= 500; ++seed) {
    INFO("seed " << seed);
    const std::string story = simulated(body(seed), with_faults(seed));
    INFO(story);
    const std::size_t end = std::min(story.find('b'), story.find('l'));
    REQUIRE(whole.starts_with(story.substr(0, end)));
    if (end == std::string::npos) REQUIRE(story == whole);
  }
}

namespace {

/// Says what a worker says first, and dies with whatever it is asked.
Coro<int> die_when_called(sim::Child child) {
  const std::string identity = FunctionRegistry::instance().identity();
  std::string hello = "rndo\1";  // mark and kind; the rest of the header is zero, but for the size
  hello.resize(24, '\0');
  const std::uint64_t size = identity.size();
  hello.append(reinterpret_cast<const char*>(&size), sizeof size);
  child.channel.writer.write(hello + identity);
  static_cast<void>(co_await child.channel.reader.read(1));
  co_return 5;
}

Coro<std::string> ask_in_vain() {
  ProcessPoolExecutor pool({.max_workers = 1});
  const auto outcome = co_await as_outcome(pool.run<&simulated_work::twice>(1));
  co_await pool.shutdown();
  co_return outcome.error() ? describe(outcome.error()) : "no error";
}

}  // namespace

TEST_CASE("a job that kills every worker before it is begun fails in the end", "[sim]") {
  sim::Programs programs;
  programs.add("/proc/self/exe", die_when_called);
  const std::string told = simulated(ask_in_vain(), {.programs = &programs});
  CHECK(contains(told, "exited with code 5 before it began"));
}
