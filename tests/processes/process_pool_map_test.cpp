// SPDX-License-Identifier: BSL-1.0
// process_pool_map_test.cpp - one function on many inputs.
#include <rondo/executors/process_pool.hpp>

#include <algorithm>
#include <array>
#include <list>
#include <ranges>

#include "pool_run.hpp"

using namespace processes;

namespace work {

int odd_is_bad(int number) {
  if (number % 2 != 0) throw std::domain_error(std::to_string(number) + " is odd");
  return number;
}
int squared(const int& number) { return number * number; }
std::string shouted(std::string text) { return text + "!"; }
bool even(int number) { return number % 2 == 0; }
int process_of(int) {
  ::usleep(10'000);
  return ::getpid();
}
struct Noted {
  std::string path;
  int number = 0;
  template <class A>
  void serialize(A& archive) {
    archive(path, number);
  }
};
int noted(const Noted& what) {
  note(what.path, std::to_string(what.number));
  ::usleep(20'000);
  return what.number;
}

}  // namespace work

namespace {

template <class T>
Coro<std::string> listed(AsyncGenerator<T> values) {
  std::string story;
  try {
    for (;;) {
      const auto value = co_await values.next();
      if (!value) break;
      if constexpr (std::is_arithmetic_v<T>) {
        story += std::to_string(*value) + " ";
      } else {
        story += *value + " ";
      }
    }
  } catch (const std::exception& error) {
    story += error.what();
  }
  co_return story;
}

}  // namespace

TEST_CASE("map gives the results in the order of the inputs, whatever is done first") {
  const std::string told = on_pool({.max_workers = 3}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const std::vector<int> inputs{40, 1, 20, 2};
    co_return co_await listed(pool.map<&work::sleep_ms>(inputs));
  });
  CHECK(told == "40 1 20 2 ");
}

TEST_CASE("map may give the results as they come") {
  static const TemporaryFile file;
  const std::string told = on_pool({.max_workers = 2}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    static_cast<void>(co_await gather(pool.run<&work::meet>(file.path(), 2), pool.run<&work::meet>(file.path(), 2)));
    const std::vector<int> inputs{200, 1, 20};
    co_return co_await listed(pool.map<&work::sleep_ms>(inputs, {.order = MapOptions::Order::completion}));
  });
  CHECK(told == "1 20 200 ");
}

TEST_CASE("map takes chunks of the inputs, and gives the results one by one") {
  const std::string told = on_pool({.max_workers = 2}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const std::vector<int> inputs{1, 2, 3, 4, 5, 6, 7};
    std::string story;
    for (const std::size_t size : std::array<std::size_t, 5>{1, 2, 3, 7, 100}) {
      const std::string results = co_await listed(pool.map<&work::squared>(inputs, {.chunksize = size}));
      story += results == "1 4 9 16 25 36 49 " ? "y" : "n";
    }
    std::string any =
        co_await listed(pool.map<&work::squared>(inputs, {.chunksize = 3, .order = MapOptions::Order::completion}));
    story += any.size() == std::string("1 4 9 16 25 36 49 ").size() ? "y" : any;
    co_return story;
  });
  CHECK(told == "yyyyyy");
}

TEST_CASE("a chunk is one job: it is lost and cancelled as a whole") {
  const std::string told =
      on_pool({.max_workers = 1, .max_tasks_per_child = 1}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
        const std::vector<int> inputs{1, 2, 3, 4, 5};
        auto values = pool.map<&work::process_of>(inputs, {.chunksize = 2});
        std::vector<int> processes;
        for (;;) {
          const auto value = co_await values.next();
          if (!value) break;
          processes.push_back(*value);
        }
        std::string story;
        for (std::size_t i = 1; i < processes.size(); ++i) story += processes[i] == processes[i - 1] ? "s" : "n";
        co_return story;
      });
  CHECK(told == "snsn");
}

TEST_CASE("map takes any range of what converts to the parameter, and closures") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const std::list<const char*> words{"a", "b"};
    std::string story = co_await listed(pool.map<&work::shouted>(words));
    story += co_await listed(pool.map<&work::squared>(std::views::iota(1, 4)));
    const std::vector<int> small{1, 2};
    auto negated = pool.map<[](int number) { return -number; }>(small);
    story += co_await listed(std::move(negated));
    const std::vector<int> numbers{1, 2, 3};
    story += co_await listed(pool.map<&work::even>(numbers, {.chunksize = 2}));
    co_return story;
  });
  CHECK(told == "a! b! 1 4 9 -1 -2 0 1 0 ");
}

TEST_CASE("map of no inputs gives nothing, and starts nobody") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const std::vector<int> none;
    std::string story = co_await listed(pool.map<&work::squared>(none));
    story += co_await listed(pool.map<&work::squared>(none, {.order = MapOptions::Order::completion}));
    co_return "[" + story + "] " + std::to_string(pool.pids().size());
  });
  CHECK(told == "[] 0");
}

TEST_CASE("a chunksize of 0 is refused at the call") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const std::vector<int> inputs{1};
    std::string story = "taken";
    try {
      static_cast<void>(pool.map<&work::squared>(inputs, {.chunksize = 0}));
    } catch (const std::invalid_argument& error) {
      story = error.what();
    }
    co_return story;
  });
  CHECK(told == "map: the chunksize must be 1 or more");
}

TEST_CASE("an error ends the generator, behind the results that came before it") {
  const std::string told = without_pids(on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const std::vector<int> inputs{2, 4, 5, 6};
    auto values = pool.map<&work::odd_is_bad>(inputs);
    std::string story;
    try {
      for (;;) {
        const auto value = co_await values.next();
        if (!value) break;
        story += std::to_string(*value) + " ";
      }
    } catch (const std::domain_error& error) {
      story += error.what();
    }
    const auto after = co_await values.next();
    co_return story + (after ? ", and on" : ", the end");
  }));
  CHECK(told.starts_with("2 4 5 is odd (in rondo::OnEach<"));
  CHECK(told.ends_with("work::odd_is_bad>::call, worker rondo-0 (pid N)), the end"));
}

TEST_CASE("an error of a map in the order of completion ends it as well") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const std::vector<int> inputs{2, 5, 6};
    const std::string story =
        co_await listed(pool.map<&work::odd_is_bad>(inputs, {.order = MapOptions::Order::completion}));
    co_return story.substr(0, 10);
  });
  CHECK(told == "2 5 is odd");
}

TEST_CASE("a generator that is left early cancels what has not started") {
  static const TemporaryFile file;
  const auto lines = [] {
    const std::string text = file.text();
    return std::count(text.begin(), text.end(), '\n');
  };
  for (const auto order : {MapOptions::Order::inputs, MapOptions::Order::completion}) {
    static MapOptions options;
    options.order = order;
    const auto before = lines();
    const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
      std::vector<work::Noted> inputs;
      for (int i = 0; i < 20; ++i) inputs.push_back({file.path(), i});
      std::string story;
      {
        auto values = pool.map<&work::noted>(inputs, options);
        for (int i = 0; i < 2; ++i) story += std::to_string((co_await values.next()).value()) + " ";
      }
      co_await pool.shutdown();
      co_return story;
    });
    CHECK(told == "0 1 ");
    CHECK(lines() - before <= 4);
    CHECK(lines() - before >= 2);
  }
}

TEST_CASE("a generator that is dropped before it has begun cancels what has not started") {
  static const TemporaryFile file;
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::vector<work::Noted> inputs;
    for (int i = 0; i < 5; ++i) inputs.push_back({file.path(), i});
    static_cast<void>(pool.map<&work::noted>(inputs));
    co_await pool.shutdown();
    co_return file.text();
  });
  CHECK(told == "");
}

TEST_CASE("a function of a bool can be mapped over a vector<bool>") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const std::vector<bool> inputs(3, true);
    auto values = pool.map<[](bool value) { return value ? 1 : 0; }>(inputs, {.chunksize = 2});
    co_return co_await listed(std::move(values));
  });
  CHECK(contains(told, "1 1 1"));
}

TEST_CASE("a worker that dies ends the map with BrokenProcessPool") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const std::vector<int> inputs{1, 0, 2};
    auto values = pool.map<[](int number) -> int {
      if (number == 0) ::raise(SIGKILL);
      return number;
    }>(inputs);
    co_return co_await listed(std::move(values));
  });
  CHECK(contains(told, "1 worker rondo-0"));
  CHECK(contains(told, "was killed by signal 9"));
}
