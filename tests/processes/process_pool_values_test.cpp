// SPDX-License-Identifier: BSL-1.0
// process_pool_values_test.cpp - what travels to a worker and back, and what does not.
#include <rondo/executors/process_pool.hpp>

#include <map>
#include <numeric>
#include <optional>
#include <tuple>

#include <rondo/context.hpp>
#include <rondo/executors/thread_pool.hpp>

#include "pool_run.hpp"

using namespace processes;

namespace work {

struct Point {
  int x = 0;
  std::string name;
  template <class A>
  void serialize(A& archive) {
    archive(x, name);
  }
};
/// Goes its own way.
struct Celsius {
  explicit Celsius(int of) : degrees(of) {}
  int degrees;
};

void nothing() {}
std::string greeting(const std::string& name, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += "hello " + name + "; ";
  return text;
}
std::vector<int> squares(std::vector<int> numbers) {
  for (int& number : numbers) number *= number;
  return numbers;
}
std::vector<bool> inverted(std::vector<bool> bits) {
  bits.flip();
  return bits;
}
std::optional<int> half(int number) { return number % 2 == 0 ? std::optional(number / 2) : std::nullopt; }
std::map<std::string, int> counted(const std::vector<std::string>& words) {
  std::map<std::string, int> counts;
  for (const auto& word : words) ++counts[word];
  return counts;
}
std::tuple<int, double, std::string> three(int a, double b, std::string_view c) { return {a, b, std::string(c)}; }
Point moved(Point point, int by) {
  point.x += by;
  return point;
}
Celsius warmer(const Celsius& temperature) { return Celsius(temperature.degrees + 1); }
double real(double value) { return value; }
template <class T>
T doubled(T value) {
  return value + value;
}
std::size_t size_of(const std::string& text) { return text.size(); }
std::string text_of(std::size_t size) { return std::string(size, 'y'); }
std::string echo(std::string text) { return text; }

ContextVar<int> colour(1);
Coro<int> colour_in_loop() { co_return colour.get(); }
int colour_there() { return colour.get(); }
int colour_in_run() { return rondo::run(colour_in_loop()); }
std::string unset_variable() { return std::getenv("RONDO_POOL_TEST_SET_LATER") ? "set" : "not set"; }
std::size_t open_descriptors_there() { return open_descriptors(); }
int standard_input() {
  char byte;
  return static_cast<int>(::read(0, &byte, 1));
}

}  // namespace work

template <>
struct rondo::Archive<work::Celsius> {
  static void save(std::string& bytes, const work::Celsius& value) { bytes += std::to_string(value.degrees) + "C"; }
  static work::Celsius load(std::string_view bytes) {
    if (bytes.empty() || bytes.back() != 'C') throw std::invalid_argument("no temperature");
    return work::Celsius(std::stoi(std::string(bytes)));
  }
};

TEST_CASE("results of many types come back") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_await pool.run<&work::nothing>();
    std::string story = co_await pool.run<&work::greeting>("you", 2);
    const std::vector<int> numbers{1, 2, 3};
    const std::vector<int> squares = co_await pool.run<&work::squares>(numbers);
    story += std::to_string(std::accumulate(squares.begin(), squares.end(), 0));
    const std::vector<bool> bits{true, false, false};
    const std::vector<bool> inverted = co_await pool.run<&work::inverted>(bits);
    story += inverted == std::vector<bool>{false, true, true} ? ", inverted" : ", not inverted";
    const std::optional<int> half = co_await pool.run<&work::half>(8);
    const std::optional<int> none = co_await pool.run<&work::half>(7);
    story += ", " + std::to_string(half.value_or(-1)) + ", " + std::to_string(none.value_or(-1));
    const std::vector<std::string> words{"a", "b", "a"};
    const std::map<std::string, int> counts = co_await pool.run<&work::counted>(words);
    story += ", " + std::to_string(counts.at("a")) + " a";
    const double real = co_await pool.run<&work::real>(0.1);
    story += real == 0.1 ? ", exact" : ", rounded";
    co_return story;
  });
  CHECK(told == "hello you; hello you; 14, inverted, 4, -1, 2 a, exact");
}

TEST_CASE("types of one's own cross by serialize(), or by an Archive of their own") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const work::Point point{1, "north"};
    const work::Point there = co_await pool.run<&work::moved>(point, 4);
    const work::Celsius cold(-1);
    const work::Celsius warm = co_await pool.run<&work::warmer>(cold);
    co_return there.name + " " + std::to_string(there.x) + ", " + std::to_string(warm.degrees);
  });
  CHECK(told == "north 5, 0");
}

TEST_CASE("arguments are converted to the types of the parameters") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const char* const name = "x";
    std::string story = co_await pool.run<&work::greeting>(name, short{1});
    story += std::to_string(co_await pool.run<&work::real>(3));
    story += " " + std::to_string(co_await pool.run<&work::twice>('\x05'));
    co_return story;
  });
  CHECK(told == "hello x; 3.000000 10");
}

TEST_CASE("closures without captures run there, also two of the same type in one function") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const auto plus_one = pool.run<[](int a) { return a + 1; }>(1);
    const auto plus_ten = pool.run<[](int a) { return a + 10; }>(1);
    std::string story = std::to_string(co_await plus_one);
    story += " " + std::to_string(co_await plus_ten);
    co_return story;
  });
  CHECK(told == "2 11");
}

TEST_CASE("instances of one template are functions of their own") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::string story = std::to_string(co_await pool.run<&work::doubled<int>>(4));
    story += " " + std::to_string(co_await pool.run<&work::doubled<double>>(0.25));
    story += " " + co_await pool.run<&work::doubled<std::string>>("ab");
    co_return story;
  });
  CHECK(told == "8 0.500000 abab");
}

TEST_CASE("run_in_executor runs a named function on a process pool as on a thread pool") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const int there = co_await run_in_executor(pool, function<&work::pid>);
    ThreadPoolExecutor threads({.threads = 1});
    const int here = co_await run_in_executor(threads, function<&work::pid>);
    const int number = co_await run_in_executor(pool, function<&work::twice>, 4);
    co_return std::string(there != ::getpid() ? "there " : "? ") + (here == ::getpid() ? "here " : "? ") +
        std::to_string(number);
  });
  CHECK(told == "there here 8");
}

// --- size ------------------------------------------------------------------------------------------------------------

TEST_CASE("results of any size are whole") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::string story;
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{31}, std::size_t{4096}, std::size_t{65'535}, std::size_t{262'144},
          std::size_t{262'145}, std::size_t{3'000'000}}) {
      const std::string text = pattern(size);
      const std::string back = co_await pool.run<&work::echo>(text);
      story += back == text ? "whole " : "broken ";
    }
    co_return story;
  });
  CHECK(told == "whole whole whole whole whole whole whole whole ");
}

namespace {

Coro<> heartbeat(int* beats) {
  for (;;) {
    co_await sleep(1ms);
    ++*beats;
  }
}

}  // namespace

TEST_CASE("the loop goes on while 64 MiB go to a worker and 64 MiB come back") {
  static constexpr std::size_t size = 64 << 20;
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_await pool.run<&work::nothing>();
    int beats = 0;
    const auto beating = create_task(heartbeat(&beats));
    const std::string large(size, 'x');
    const auto sent = pool.run<&work::size_of>(large);
    beats = 0;
    const std::size_t there = co_await sent;
    std::string story = there == size && beats >= 3 ? "there" : std::to_string(beats) + " beats";
    const auto made = pool.run<&work::text_of>(size);
    beats = 0;
    const std::string back = co_await made;
    story += beats >= 3 ? ", back" : ", " + std::to_string(beats) + " beats";
    beating.cancel();
    const bool whole = back == std::string(size, 'y');
    co_return story + (whole ? ", whole" : ", broken");
  });
  CHECK(told == "there, back, whole");
}

// --- what does not travel --------------------------------------------------------------------------------------------

TEST_CASE("context variables do not travel") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    work::colour.set(5);
    std::string story = std::to_string(work::colour.get());
    story += " here, " + std::to_string(co_await pool.run<&work::colour_in_run>()) + " there, ";
    const std::string outside = co_await ending(pool.run<&work::colour_there>());
    story += outside.substr(0, outside.find(" ("));
    co_return story;
  });
  CHECK(told == "5 here, 1 there, 1");  // where no loop runs there is the default
}

TEST_CASE("a worker has the standard streams, its channel and its slot, and no other descriptor of the program") {
  const std::size_t by_itself = 5 + 1;  // 0 to 3, and where the next job lies; the folder that is read
  const int extra = ::dup(0);  // not closed on exec
  const std::string story = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_return std::to_string(co_await pool.run<&work::open_descriptors_there>());
  });
  ::close(extra);
  CHECK(story == std::to_string(by_itself));
}

TEST_CASE("the standard input of a worker is empty") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_return co_await ending(pool.run<&work::standard_input>());
  });
  CHECK(told == "0");
}

TEST_CASE("a worker has the environment that the program has when the worker starts") {
  ::setenv("RONDO_POOL_TEST_SET_LATER", "1", 1);
  const auto body = [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_return co_await pool.run<&work::unset_variable>();
  };
  CHECK(on_pool(body) == "set");
  ::unsetenv("RONDO_POOL_TEST_SET_LATER");
  CHECK(on_pool(body) == "not set");
}
