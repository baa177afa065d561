// SPDX-License-Identifier: BSL-1.0
// gcc_12.cpp - the code of docs/gcc-12.md: the ways round.
#include "snippets.hpp"

#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <rondo/backends/sim.hpp>
#include <rondo/rondo.hpp>

using namespace rondo;
using namespace std::chrono_literals;

namespace {

struct Request {
  std::string what;
  int times;
};
int handled = 0;
Coro<> handle(Request request) {
  co_await sleep(0s);
  handled += request.times;
}

Coro<> aggregates() {
  Queue<Request> queue;
  // [aggregate]
  co_await queue.put(std::in_place, "GET", 3);
  Request request{"GET", 4};
  co_await handle(std::move(request));
  // [/aggregate]
  const Request first = queue.get_nowait();
  check(first.what == "GET" && first.times == 3 && handled == 4);
}
const AddSnippet add_aggregates("gcc 12: aggregates", [] { sim::run(aggregates()); });

Coro<> closures(std::string text) {
  // [closure]
  auto job = [text] { return text.size(); };
  const std::size_t size = co_await to_thread(job);
  // [/closure]
  check(size == text.size());
}
const AddSnippet add_closures("gcc 12: closures", [] { sim::run(closures("a text that is too long to be small")); });

Coro<std::string> look_up() { co_return "looked up"; }

Coro<> conditional(bool known) {
  // [conditional]
  std::string word = "known";
  if (!known) word = co_await look_up();
  // [/conditional]
  check(word == (known ? "known" : "looked up"));
}
const AddSnippet add_conditional("gcc 12: conditional", [] { sim::run(conditional(false)); });

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};
Coro<std::string> reason() { co_return "no"; }

Coro<> fails() {
  // [throw]
  const std::string why = co_await reason();
  throw Failure(why);
  // [/throw]
}
Coro<> thrown() {
  const auto outcome = co_await as_outcome(fails());
  check(outcome.failed());
}
const AddSnippet add_thrown("gcc 12: throw", [] { sim::run(thrown()); });

Coro<int> number() {
  co_await sleep(1s);
  co_return 1;
}

Coro<> braces() {
  const auto a = create_task(number());
  const auto b = create_task(number());
  // [braces]
  const auto [done, pending] = co_await wait(a, b);
  const std::vector both{a, b};
  const auto again = co_await wait(both);
  // [/braces]
  check(done.size() == 2 && pending.empty() && again.done.size() == 2);
}
const AddSnippet add_braces("gcc 12: braces", [] { sim::run(braces()); });

std::string said;
void say(const char* word) { said = word; }
Coro<bool> ready() {
  co_await sleep(0s);
  co_return true;
}

// [condition]
Coro<> greet() {
  const bool is_ready = co_await ready();
  if (is_ready) say("hello");
}
// [/condition]
const AddSnippet add_condition("gcc 12: condition", [] {
  sim::run(greet());
  check(said == "hello");
});

Coro<int> answer() { co_return 42; }

Coro<> writing() {
  std::ostringstream out;
  // [writing]
  out << "the answer is ";
  const int number = co_await answer();
  out << number;
  // [/writing]
  check(out.str() == "the answer is 42");
}
const AddSnippet add_writing("gcc 12: writing", [] { sim::run(writing()); });

struct alignas(64) Matrix {
  float cells[16];
};
Coro<> fill(Matrix* matrix) {
  co_await sleep(0s);
  for (float& cell : matrix->cells) cell = 1;
}

Coro<> alignment() {
  // [alignment]
  const auto matrix = std::make_unique<Matrix>();
  co_await fill(matrix.get());
  // [/alignment]
  check(reinterpret_cast<std::uintptr_t>(matrix.get()) % alignof(Matrix) == 0 && matrix->cells[15] == 1);
}
const AddSnippet add_alignment("gcc 12: alignment", [] { sim::run(alignment()); });

}  // namespace
