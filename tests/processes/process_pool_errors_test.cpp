// SPDX-License-Identifier: BSL-1.0
// process_pool_errors_test.cpp - functions that throw, and values that cannot be made of their bytes: the worker lives.
#include <rondo/executors/process_pool.hpp>

#include <new>
#include <stdexcept>
#include <system_error>

#include <sys/resource.h>

#include "pool_run.hpp"

using namespace processes;

namespace work {

template <class E>
void throws() {
  throw E("why");
}
template <class E>
void throws_made() {
  throw E();
}
void system_error(int code) { throw std::system_error(code, std::generic_category(), "here"); }
class Own : public std::runtime_error {
  using std::runtime_error::runtime_error;
};
void throws_own() { throw Own("mine"); }
int throws_int() { throw 7; }
void throws_cancelled() { throw CancelledError("not by the loop"); }

/// Some numbers cannot be loaded, others not be saved.
struct Fragile {
  static constexpr int unloadable = 13;
  static constexpr int unsaveable = 14;
  static constexpr int unloadable_here = 15;
  int number = 0;
  template <class A>
  void serialize(A& archive) {
    if (!A::is_loading::value && number == unsaveable) throw std::length_error("cannot be saved");
    archive(number);
    if (A::is_loading::value && number == unloadable) throw std::domain_error("cannot be loaded");
    if (A::is_loading::value && number == unloadable_here && !std::getenv("RONDO_PROCESS_WORKER")) {
      throw std::domain_error("cannot be loaded here");
    }
  }
};
int number_of(Fragile fragile) { return fragile.number; }
Fragile fragile_of(int number) { return Fragile{number}; }

/// Takes memory until there is none.
void exhaust() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlim_t most = pages * static_cast<std::size_t>(::getpagesize()) + (std::size_t{64} << 20);
  const rlimit limit{most, RLIM_INFINITY};
  ::setrlimit(RLIMIT_AS, &limit);
  std::vector<std::unique_ptr<char[]>> blocks;
  for (;;) blocks.push_back(std::make_unique_for_overwrite<char[]>(std::size_t{8} << 20));
}

}  // namespace work

namespace {

/// Clang does not tell the arguments of a template. Awaits a job that throws an E: its text, as the function and the
/// worker are told in it, and again by RemoteOrigin.
template <class E>
Coro<std::string> arrival(Future<void> failed) {
  const auto outcome = co_await as_outcome(failed);
  try {
    outcome.raise();
  } catch (const E& error) {
    const auto* const origin = dynamic_cast<const RemoteOrigin*>(&error);
    if (!origin) co_return "no RemoteOrigin";
    const std::string where = " (in " + origin->function() + ", worker " + origin->worker() + ")";
    const std::string text = error.what();
    if (!text.ends_with(where)) co_return "not told where: " + text;
    co_return without_pids(origin->type() + " in " + origin->function().substr(0, origin->function().find('<')) + ", " +
                           origin->worker() + ": " + text.substr(0, text.size() - where.size()));
  } catch (const std::exception& error) {
    co_return std::string("another type: ") + error.what();
  }
  co_return "nothing thrown";
}

/// A pool on which two jobs ran in one process, around what `body` has done.
Coro<std::string> with_life(ProcessPoolExecutor& pool, Coro<std::string> body) {
  const int before = co_await pool.run<&work::pid>();
  std::string story = co_await std::move(body);
  const int after = co_await pool.run<&work::pid>();
  co_return story + (before == after ? "; the worker lives" : "; another worker");
}

}  // namespace

// --- functions that throw --------------------------------------------------------------------------------------------

TEST_CASE("a standard exception arrives as its own type, with the worker and the function") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_return co_await arrival<std::invalid_argument>(pool.run<&work::throws<std::invalid_argument>>());
  });
  CHECK(told == "std::invalid_argument in work::throws, rondo-0 (pid N): why");
  const std::string then = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::string story;
    story += co_await arrival<std::out_of_range>(pool.run<&work::throws<std::out_of_range>>());
    story += "\n" + co_await arrival<std::overflow_error>(pool.run<&work::throws<std::overflow_error>>());
    story += "\n" + co_await arrival<std::bad_alloc>(pool.run<&work::throws_made<std::bad_alloc>>());
    story += "\n" + co_await arrival<TimeoutError>(pool.run<&work::throws<TimeoutError>>());
    story += "\n" + co_await arrival<InvalidStateError>(pool.run<&work::throws<InvalidStateError>>());
    co_return story;
  });
  CHECK(then ==
        "std::out_of_range in work::throws, rondo-0 (pid N): why\n"
        "std::overflow_error in work::throws, rondo-0 (pid N): why\n"
        "std::bad_alloc in work::throws_made, rondo-0 (pid N): std::bad_alloc\n"
        "rondo::TimeoutError in work::throws, rondo-0 (pid N): why\n"
        "rondo::InvalidStateError in work::throws, rondo-0 (pid N): why");
}

TEST_CASE("a system_error keeps its code") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const auto outcome = co_await as_outcome(pool.run<&work::system_error>(ENOSPC));
    try {
      outcome.raise();
    } catch (const std::system_error& error) {
      co_return error.code() == std::errc::no_space_on_device ? "no space" : error.what();
    }
    co_return "not thrown";
  });
  CHECK(told == "no space");
}

TEST_CASE("an exception of one's own, and what is none, arrive as a RemoteError with the type's name") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::string story = co_await arrival<RemoteError>(pool.run<&work::throws_own>());
    story += "\n" + co_await ending(pool.run<&work::throws_int>());
    story += "\n" + co_await ending(pool.run<&work::throws_cancelled>());
    co_return without_pids(story);
  });
  CHECK(told ==
        "work::Own in work::throws_own, rondo-0 (pid N): work::Own: mine\n"
        "int: an exception that is no std::exception (in work::throws_int, worker rondo-0 (pid N))\n"
        "rondo::CancelledError: an exception that is no std::exception (in work::throws_cancelled, worker rondo-0 (pid "
        "N))");
}

TEST_CASE("a function that throws leaves its worker as it was") {
  const auto body = [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_return co_await with_life(pool, ending(pool.run<&work::throws_own>()));
  };
  CHECK(without_pids(on_pool(body)) ==
        "work::Own: mine (in work::throws_own, worker rondo-0 (pid N)); the worker lives");
}

TEST_CASE("memory that runs out is a bad_alloc, and the worker goes on") {
  if (sanitized) return;  // such a program cannot be given so little
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::string story;
    for (int i = 0; i < 2; ++i) {
      const auto outcome = co_await as_outcome(pool.run<&work::exhaust>());
      try {
        outcome.raise();
      } catch (const std::bad_alloc&) {
        story += "bad_alloc ";
      }
    }
    story += std::to_string(co_await pool.run<&work::twice>(2));
    co_return story;
  });
  CHECK(told == "bad_alloc bad_alloc 4");
}

// --- values that do not cross ----------------------------------------------------------------------------------------

TEST_CASE("an argument that cannot be loaded fails the job, and the worker lives") {
  const auto body = [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const work::Fragile fragile{work::Fragile::unloadable};
    co_return co_await with_life(pool, ending(pool.run<&work::number_of>(fragile)));
  };
  CHECK(without_pids(on_pool(body)) ==
        "cannot be loaded (in work::number_of, worker rondo-0 (pid N)); the worker lives");
}

TEST_CASE("an argument that cannot be saved is refused at the call") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const work::Fragile fragile{work::Fragile::unsaveable};
    std::string story = "not refused";
    try {
      static_cast<void>(pool.run<&work::number_of>(fragile));
    } catch (const std::length_error& error) {
      story = error.what();
    }
    story += "; " + std::to_string(pool.pids().size()) + " workers";
    co_return story;
  });
  CHECK(told == "cannot be saved; 0 workers");
}

TEST_CASE("a result that cannot be saved fails the job, and the worker lives") {
  const auto body = [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_return co_await with_life(pool, ending(pool.run<&work::fragile_of>(+work::Fragile::unsaveable)));
  };
  CHECK(without_pids(on_pool(body)) ==
        "cannot be saved (in work::fragile_of, worker rondo-0 (pid N)); the worker lives");
}

TEST_CASE("a result that cannot be loaded here fails the job as a RuntimeError, and the worker lives") {
  const auto body = [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_return co_await with_life(pool, ending(pool.run<&work::fragile_of>(+work::Fragile::unloadable_here)));
  };
  CHECK(without_pids(on_pool(body)) ==
        "cannot read the result of work::fragile_of: cannot be loaded here; the worker lives");
}
