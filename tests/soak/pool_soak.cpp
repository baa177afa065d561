// SPDX-License-Identifier: BSL-1.0
// pool_soak.cpp - process pools whose workers are killed at random while they work, session after session.
//
//   pool-soak [SECONDS [SEED [BACKEND]]]     600, a seed from the clock, all backends in turn
//
// Each job ends exactly once: with its result, its own exception, or a cancellation; or with BrokenProcessPool, but
// only if a worker had begun it. No function runs twice for one job: they count themselves in memory that all processes
// share. After every session there is no child, and no descriptor more than before.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include <rondo/executors/process_pool.hpp>
#include <rondo/rondo.hpp>

#include "census.hpp"
#include "pattern.hpp"
#include "test_backend.hpp"

namespace soak {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t most_jobs = 1 << 20;  // of a session

// --- what workers do -------------------------------------------------------------------------------------------------

/// A byte for each job: how often its function was called.
unsigned char* map_tally(const char* path) {
  const int file = ::open(path, O_RDWR | O_CLOEXEC);
  void* const memory = ::mmap(nullptr, most_jobs, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  return memory == MAP_FAILED ? nullptr : static_cast<unsigned char*>(memory);
}
void count_call(std::uint32_t job) {
  static unsigned char* const tally = map_tally(std::getenv("RONDO_POOL_SOAK_TALLY"));
  ++tally[job];
}

std::string text_of(std::uint32_t job, std::size_t size) { return Pattern(job).next(size); }

/// Sleeps, and gives its process.
int rest(std::uint32_t job, std::uint32_t duration_us) {
  count_call(job);
  ::usleep(duration_us);
  return ::getpid();
}
std::string enlarge(std::uint32_t job, const std::string& text, std::size_t size) {
  count_call(job);
  Pattern(job).check(text);
  return text_of(job + 1, size);
}
void fail(std::uint32_t job) {
  count_call(job);
  throw std::domain_error("job " + std::to_string(job));
}
void loop(std::uint32_t job) {
  count_call(job);
  for (;;) ::usleep(1000);
}

// --- a session -------------------------------------------------------------------------------------------------------

struct Count {
  std::uint64_t sessions = 0, jobs = 0, results = 0, errors = 0, cancelled = 0, broken = 0, kills = 0;
};

struct Session {
  rondo::ProcessPoolExecutor* pool;
  unsigned char* tally;
  Count* count;
  Clock::time_point end;
  bool kills_on_cancel;
  std::uint32_t next_job = 0;
  std::set<int> workers = {};  // that have said that they are there: one that is killed before that breaks the pool
};

/// A job has ended with an error, or was cancelled.
void check_error(Session& session, std::uint32_t job, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const rondo::BrokenProcessPool& broken) {
    ++session.count->broken;
    const std::string text = broken.what();
    if (text.find(" while it ran soak::") == std::string::npos) throw Broken("a job is lost: " + text);
  } catch (const std::domain_error& own) {
    ++session.count->errors;
    const std::string text = own.what();
    if (!text.starts_with("job " + std::to_string(job) + " (in ")) throw Broken("an error of another job: " + text);
    if (session.tally[job] != 1) throw Broken("an error of a function that was not called");
  } catch (const rondo::TimeoutError&) {
    ++session.count->cancelled;
  }
}

template <class T>
using Kept = std::unique_ptr<std::conditional_t<std::is_void_v<T>, char, T>>;

/// Awaits a job, perhaps not to its end; null if it has no result.
template <class T>
rondo::Coro<Kept<T>> outcome_of(Session& session, std::uint32_t job, rondo::Future<T> future,
                                rondo::Duration patience) {
  int endings = 0;
  static_cast<void>(future.add_done_callback([&endings](const rondo::Future<T>&) { ++endings; }));
  const auto outcome = co_await rondo::as_outcome(rondo::wait_for(future, patience));
  if (outcome.cancelled()) outcome.raise();
  while (endings == 0) co_await rondo::sleep(0s);
  co_await rondo::sleep(0s);
  if (endings != 1) throw Broken("job " + std::to_string(job) + " has ended " + std::to_string(endings) + " times");
  if (session.tally[job] > 1) throw Broken("job " + std::to_string(job) + " was run twice");
  if (outcome.error()) {
    check_error(session, job, outcome.error());
    if (patience > 10s && rondo::describe(outcome.error()) == rondo::TimeoutError().what()) {
      throw Broken("job " + std::to_string(job) + " does not end");
    }
    co_return nullptr;
  }
  if (session.tally[job] != 1) throw Broken("job " + std::to_string(job) + " has a result, and was not run");
  ++session.count->results;
  if constexpr (std::is_void_v<T>) {
    co_return nullptr;
  } else {
    co_return std::make_unique<T>(outcome.value());
  }
}

rondo::Coro<> play(Session& session, Dice dice) {
  while (Clock::now() < session.end && session.next_job < most_jobs) {
    const std::uint32_t job = session.next_job++;
    ++session.count->jobs;
    const bool impatient = dice.one_in(8);
    const rondo::Duration patience = impatient ? rondo::Duration(dice.below(3'000'000)) : rondo::Duration(30s);
    const std::uint64_t kind = dice.below(session.kills_on_cancel ? 10 : 9);
    if (kind < 5) {
      const auto duration_us = static_cast<std::uint32_t>(dice.size(5000));
      const auto worker = co_await outcome_of(session, job, session.pool->run<&rest>(job, duration_us), patience);
      if (worker) session.workers.insert(*worker);
    } else if (kind < 7) {
      const std::string text = text_of(job, dice.size(600'000));
      const std::size_t size = dice.size(600'000);
      const auto answer = co_await outcome_of(session, job, session.pool->run<&enlarge>(job, text, size), patience);
      if (answer && *answer != text_of(job + 1, size)) throw Broken("an answer has changed");
    } else if (kind < 9) {
      static_cast<void>(co_await outcome_of(session, job, session.pool->run<&fail>(job), patience));
    } else {
      const rondo::Duration short_time(dice.below(4'000'000));
      static_cast<void>(co_await outcome_of(session, job, session.pool->run<&loop>(job), short_time));
    }
  }
}

rondo::Coro<> kill_at_random(Session& session, Dice dice) {
  for (;;) {
    co_await rondo::sleep(std::chrono::microseconds(dice.size(20'000)));
    std::vector<int> there = session.pool->pids();
    std::erase_if(there, [&](int worker) { return !session.workers.contains(worker); });
    if (there.empty()) continue;
    for (std::uint64_t victims = dice.one_in(10) ? there.size() : 1; victims > 0; --victims) {
      ++session.count->kills;
      ::kill(there[dice.below(there.size())], SIGKILL);
    }
  }
}

rondo::Coro<> run_session(Dice dice, unsigned char* tally, Count* count, Clock::time_point end) {
  rondo::ProcessPoolOptions options;
  options.max_workers = 1 + dice.below(4);
  options.max_tasks_per_child = dice.one_in(2) ? 0 : 1 + dice.below(20);
  options.kill_on_cancel = dice.one_in(2);
  const bool kills_on_cancel = options.kill_on_cancel;
  rondo::ProcessPoolExecutor pool(std::move(options));
  Session session{&pool, tally, count, end, kills_on_cancel};
  std::vector<rondo::Task<>> players;
  for (std::uint64_t i = 1 + dice.below(16); i > 0; --i) {
    players.push_back(rondo::create_task(play(session, Dice(dice.seed()))));
  }
  const auto killer = rondo::create_task(kill_at_random(session, Dice(dice.seed())));
  for (const auto& player : players) co_await player;
  killer.cancel();
  const auto killed = co_await rondo::as_outcome(killer);
  if (killed.error()) killed.raise();
  if (dice.one_in(4)) co_return;  // the pool and the loop go as they are
  co_await rondo::wait_for(pool.shutdown(), 30s);
  if (!pool.pids().empty()) throw Broken("workers are left");
}

// --- sessions --------------------------------------------------------------------------------------------------------

class Tally {
 public:
  Tally() {
    const int file = ::mkstemp(path_);
    if (file < 0 || ::ftruncate(file, most_jobs) != 0) throw Broken("there is no file to count in");
    ::close(file);
    ::setenv("RONDO_POOL_SOAK_TALLY", path_, 1);
    bytes_ = map_tally(path_);
  }
  ~Tally() { ::unlink(path_); }
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;
  unsigned char* fresh() {
    std::fill_n(bytes_, most_jobs, static_cast<unsigned char>(0));
    return bytes_;
  }

 private:
  char path_[64] = "/tmp/rondo-pool-soak-XXXXXX";
  unsigned char* bytes_;
};

std::vector<std::string> backends() {
  std::vector<std::string> names;
  for (const char* const name : {"epoll", "io_uring", "libevent", "asio"}) {
    ::setenv("RONDO_TEST_BACKEND", name, 1);
    try {
      static_cast<void>(make_test_backend());
      names.emplace_back(name);
    } catch (const std::exception&) {  // not built, or the system refuses it
    }
  }
  return names;
}

std::string leftovers(std::size_t descriptors_before) {
  if (::waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD) return "children are left";
  const std::size_t now = descriptors();
  if (now == descriptors_before) return {};
  return std::to_string(now) + " descriptors are open; before it was " + std::to_string(descriptors_before);
}

int main_with(double seconds, std::uint64_t seed, const std::vector<std::string>& names) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  const auto end = Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  Tally tally;
  Count count;
  const std::size_t before = descriptors();
  do {
    const std::string& name = names[count.sessions % names.size()];
    ::setenv("RONDO_TEST_BACKEND", name.c_str(), 1);
    std::string why;
    try {
      const auto backend = make_test_backend();
      const auto session_end = std::min(end, Clock::now() + 700ms);
      rondo::run(*backend, run_session(Dice(mix(seed + count.sessions)), tally.fresh(), &count, session_end));
    } catch (const std::exception& error) {
      why = error.what();
    }
    if (why.empty()) why = leftovers(before);
    if (!why.empty()) {
      std::fprintf(stderr, "FAILED: seed %llu, session %llu, backend %s: %s\n", static_cast<unsigned long long>(seed),
                   static_cast<unsigned long long>(count.sessions), name.c_str(), why.c_str());
      return 1;
    }
    ++count.sessions;
  } while (Clock::now() < end);
  std::printf(
      "%llu sessions: %llu jobs, %llu results, %llu errors, %llu cancelled, %llu lost with their workers; "
      "%llu kills\n",
      static_cast<unsigned long long>(count.sessions), static_cast<unsigned long long>(count.jobs),
      static_cast<unsigned long long>(count.results), static_cast<unsigned long long>(count.errors),
      static_cast<unsigned long long>(count.cancelled), static_cast<unsigned long long>(count.broken),
      static_cast<unsigned long long>(count.kills));
  return count.results > 0 && count.kills > 0 ? 0 : 1;
}

}  // namespace soak

int main(int argc, char** argv) {
  if (const auto code = rondo::process_worker_main(argc, argv)) return *code;
  const double seconds = argc > 1 ? std::strtod(argv[1], nullptr) : 600;
  const auto now = static_cast<std::uint64_t>(soak::Clock::now().time_since_epoch().count());
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : soak::mix(now) >> 32;
  return soak::main_with(seconds, seed, argc > 3 ? std::vector<std::string>{argv[3]} : soak::backends());
}
