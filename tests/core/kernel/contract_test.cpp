// SPDX-License-Identifier: BSL-1.0
// contract_test.cpp - the rules C1 to C12 between a loop and its backend, with a test that plays the backend.
#include <cerrno>
#include <memory>
#include <memory_resource>
#include <thread>

#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

/// The test as a backend: it sees every output and makes every input.
struct World {
  StepResult step(std::vector<Input> in = {}, int budget = 256) {
    const StepResult result = loop.step(now, in, std::span<Output>(out).first(room), budget);
    outputs.assign(out.begin(), out.begin() + result.produced);
    return result;
  }
  Instant now{};
  std::array<Output, 8> out;
  std::size_t room = 8;
  std::vector<Output> outputs;
  Loop loop;
};

Coro<std::string> watch_descriptor(int descriptor) {
  const auto outcome = co_await as_outcome(readable(descriptor));
  co_return ending_of(outcome);
}

}  // namespace

TEST_CASE("C1: every started operation has exactly one terminal completion; a cancel has none of its own") {
  World w;
  const auto read = w.loop.create_task(watch_descriptor(5));
  const auto cancelled = w.loop.create_task(watch_descriptor(6));
  StepResult result = w.step();
  REQUIRE(w.outputs.size() == 2);
  const OperationId first = w.outputs[0].id;
  const OperationId second = w.outputs[1].id;
  CHECK(w.outputs[0].verb == Output::Verb::start);
  CHECK(w.outputs[0].kind == OperationKind::readable);
  CHECK(w.outputs[0].handle == 5);
  CHECK(result.operations == 2);
  CHECK(result.why == Why::inputs);
  CHECK(result.deadline == no_deadline);

  cancelled.cancel();
  result = w.step({Input::completion(first, 0)});
  CHECK(read.result() == "void");
  CHECK(cancelled.result() == "cancelled");
  REQUIRE(w.outputs.size() == 1);
  CHECK(w.outputs[0].verb == Output::Verb::cancel);
  CHECK(w.outputs[0].id == second);
  CHECK(result.operations == 1);

  result = w.step({Input::completion(second, -ECANCELED)});
  CHECK(result.operations == 0);
  CHECK(w.outputs.empty());
  CHECK(w.loop.kernel().operations().stale() == 0);
}

TEST_CASE("C2: a cancel is a request: the slot stays taken until its completion, which may be a success") {
  World w;
  const auto task = w.loop.create_task(watch_descriptor(5));
  w.step();
  const OperationId id = w.outputs.at(0).id;
  task.cancel();
  w.step();
  CHECK(task.result() == "cancelled");

  const auto other = w.loop.create_task(watch_descriptor(6));
  CHECK(w.step().operations == 2);
  const OperationId other_id = w.outputs.at(0).id;
  CHECK(other_id.slot != id.slot);
  StepResult result = w.step({Input::completion(id, 0, true)});  // still alive, and nobody cares
  CHECK(result.resumed == 0);
  CHECK(result.operations == 2);
  result = w.step({Input::completion(id, 0)});
  CHECK(result.resumed == 0);
  CHECK(result.operations == 1);

  const auto third = w.loop.create_task(watch_descriptor(7));
  w.step();
  CHECK(w.outputs.at(0).id == OperationId{id.slot, id.generation + 1});
}

TEST_CASE("C2: a success that meets its cancel in one step is not lost for the table, and CancelledError wins") {
  World w;
  const auto task = w.loop.create_task(watch_descriptor(5));
  w.step();
  const OperationId id = w.outputs.at(0).id;
  task.cancel();
  const StepResult result = w.step({Input::completion(id, 0)});
  CHECK(task.result() == "cancelled");
  CHECK(result.operations == 0);
  CHECK(w.outputs.empty());  // it has ended: there is nothing to cancel
}

TEST_CASE("C3: a completion whose slot or generation is not in use is counted and dropped") {
  World w;
  const auto task = w.loop.create_task(watch_descriptor(5));
  w.step();
  const OperationId id = w.outputs.at(0).id;
  const std::vector<Input> stale{Input::completion({id.slot, id.generation + 1}, 0), Input::completion({99, 1}, 0),
                                 Input::completion({id.slot, 0}, 0)};
  CHECK(w.step(stale).resumed == 0);
  CHECK_FALSE(task.done());
  CHECK(w.loop.kernel().operations().stale() == 3);
  w.step({Input::completion(id, 0)});
  CHECK(task.done());
  w.step({Input::completion(id, 0)});
  CHECK(w.loop.kernel().operations().stale() == 4);
}

TEST_CASE("C4: what is lent to an operation belongs to the backend until the terminal completion") {
  World w;
  const auto token = std::make_shared<int>(0);
  {
    const Loop::Scope scope(w.loop);
    const auto future = run_in_executor(nullptr, [token] { return ++*token; });
    w.step();
    future.cancel();
    w.step();
  }
  REQUIRE(w.outputs.size() == 1);
  CHECK(w.outputs[0].verb == Output::Verb::cancel);
  CHECK(token.use_count() == 2);
  w.outputs[0].job->run();  // the cancel came too late; the job is still there to be run
  CHECK(*token == 1);
  const StepResult result = w.step({Input::completion(w.outputs[0].id, 0)});
  CHECK(result.operations == 0);
  CHECK(token.use_count() == 1);
}

TEST_CASE("C5: inputs are processed in the order given") {
  World w;
  std::string story;
  const auto says = [](std::string* s, int descriptor) -> Coro<> {
    co_await readable(descriptor);
    *s += std::to_string(descriptor);
  };
  const auto one = w.loop.create_task(says(&story, 1));
  const auto two = w.loop.create_task(says(&story, 2));
  w.step();
  const auto say = [&story] { story += "c"; };
  auto& call = Call<decltype(say)>::make(w.loop.kernel(), say, Context(), Place::here());
  const auto outputs = w.outputs;
  w.step({Input::completion(outputs.at(1).id, 0), Input::post(call), Input::completion(outputs.at(0).id, 0)});
  CHECK(story == "c21");  // the callback is run in the batch of the inputs, the tasks in the next
}

TEST_CASE("C6: time never goes back; a smaller value is clamped and counted") {
  World w;
  w.now = Instant(5s);
  w.step();
  w.now = Instant(3s);
  w.step();
  CHECK(w.loop.time() == Instant(5s));
  CHECK(w.loop.clamped() == 1);
  const auto task = w.loop.create_task(turns(0, 1));
  CHECK(w.loop.peek(Instant(1s)).deadline == Instant(5s));
}

TEST_CASE("C7: stepping early, late, twice or with nothing is harmless") {
  World w;
  const auto nap = []() -> Coro<> { co_await sleep(10s); };
  const auto task = w.loop.create_task(nap());
  StepResult result = w.step();
  CHECK(result.why == Why::timer);
  CHECK(result.deadline == Instant(10s));
  for (const auto now : {Instant(1s), Instant(1s), Instant(10s) - 1ns}) {
    w.now = now;
    result = w.step();
    CHECK(result.resumed == 0);
    CHECK(result.batches == 0);
    CHECK(result.produced == 0);
    CHECK(result.deadline == Instant(10s));
  }
  w.now = Instant(1h);
  CHECK(w.step().resumed == 2);  // the timer, then the task
  CHECK(task.done());
  CHECK(w.step().why == Why::inputs);
}

TEST_CASE("C8: a step resumes at most `budget`, and what becomes ready runs behind all that was ready before") {
  World w;
  std::string story;
  for (const char name : {'a', 'b', 'c', 'd'}) {
    w.loop.call_soon([&story, &w, name] {
      story += name;
      w.loop.call_soon([&story, name] { story += static_cast<char>(name - 'a' + 'A'); });
    });
  }
  StepResult result = w.step({}, 0);
  CHECK(result.resumed == 0);
  CHECK(result.why == Why::ready);
  result = w.step({}, 3);
  CHECK(result.resumed == 3);
  CHECK(story == "abc");
  CHECK(result.why == Why::ready);
  CHECK(result.deadline == w.now);
  result = w.step({}, 2);
  CHECK(story == "abcdA");
  result = w.step();
  CHECK(story == "abcdABCD");
  CHECK(result.resumed == 3);
  CHECK(result.why == Why::inputs);
}

TEST_CASE("C8: a step ends after max_batches batches, so that inputs are looked at") {
  World w;
  struct Again {
    Loop* loop;
    int* count;
    void operator()() const {
      ++*count;
      loop->call_soon(*this);
    }
  };
  int count = 0;
  w.loop.call_soon(Again{&w.loop, &count});
  const StepResult result = w.step({}, 1000);
  CHECK(result.batches == Loop::max_batches);
  CHECK(count == static_cast<int>(Loop::max_batches));
  CHECK(result.why == Why::ready);
}

TEST_CASE("C9: outputs that do not fit wait inside, in their order, and the answer says so") {
  World w;
  w.room = 1;
  std::vector<Task<std::string>> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(w.loop.create_task(watch_descriptor(i)));
  StepResult result = w.step();
  CHECK(result.why == Why::out_full);
  CHECK(result.deadline == w.now);
  CHECK(w.outputs.at(0).handle == 0);
  tasks[1].cancel();  // nobody was told of it yet
  result = w.step();
  CHECK(w.outputs.at(0).handle == 1);
  CHECK(w.outputs.at(0).verb == Output::Verb::start);
  CHECK(result.why == Why::out_full);
  w.step();
  CHECK(w.outputs.at(0).handle == 1);
  CHECK(w.outputs.at(0).verb == Output::Verb::cancel);
  result = w.step();
  CHECK(w.outputs.at(0).handle == 2);
  CHECK(result.why == Why::inputs);
  CHECK(result.operations == 3);
  w.room = 0;
  CHECK(w.step().produced == 0);
}

TEST_CASE("C10: step refuses to be called from inside itself; the inbox takes calls from any thread") {
  Hops h;
  std::string said;
  h.batch_with([&] {
    try {
      h.loop.step(Instant(), {}, {});
    } catch (const RuntimeError& error) {
      said = error.what();
    }
  });
  CHECK(said == "step: called from inside a step of the same loop; post a callback instead");
  std::thread([&h] {
    h.loop.call_soon_threadsafe([&h] { h.note("first"); });
    h.loop.call_soon_threadsafe([&h] { h.note("second"); });
  }).join();
  h.batch();
  CHECK(h.story() == "first second");
}

namespace {

class CountingResource final : public std::pmr::memory_resource {
 public:
  std::size_t allocations = 0;
  std::size_t bytes = 0;

 private:
  void* do_allocate(std::size_t size, std::size_t alignment) override {
    ++allocations;
    bytes += size;
    return std::pmr::new_delete_resource()->allocate(size, alignment);
  }
  void do_deallocate(void* memory, std::size_t size, std::size_t alignment) override {
    bytes -= size;
    std::pmr::new_delete_resource()->deallocate(memory, size, alignment);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

std::uint64_t hash_of_a_run(std::pmr::memory_resource& resource) {
  Loop loop({.resource = &resource});
  const auto nap = [](int seconds) -> Coro<int> {
    co_await sleep(seconds * 1s);
    co_return co_await create_task(turns(seconds, seconds));
  };
  std::vector<Task<int>> tasks;
  for (int i = 1; i < 5; ++i) tasks.push_back(loop.create_task(nap(5 - i)));
  StepResult result = loop.step(Instant(), {}, {});
  while (result.why != Why::inputs) result = loop.step(result.deadline, {}, {});
  return result.hash;
}

}  // namespace

TEST_CASE("C11: a loop allocates through its resource, returns everything, and equal runs have equal hashes") {
  CountingResource one;
  CountingResource two;
  std::pmr::memory_resource* before = std::pmr::set_default_resource(std::pmr::null_memory_resource());
  const std::uint64_t first = hash_of_a_run(one);
  const std::uint64_t second = hash_of_a_run(two);
  std::pmr::set_default_resource(before);
  CHECK(first == second);
  CHECK(one.allocations > 0);
  CHECK(one.allocations == two.allocations);
  CHECK(one.bytes == 0);
  CHECK(two.bytes == 0);
}

TEST_CASE("C12: nothing completes inside submit: even an immediate answer is an input of a later step") {
  Hops h;
  const auto body = [](Hops& hops) -> Coro<> {
    hops.note("start");
    const auto outcome = co_await as_outcome(writable(3));  // a simulated world refuses descriptors at once
    hops.note("answer", outcome.failed() ? "failed" : "");
  };
  const auto task = h.start(body(h));
  h.batch();
  CHECK(h.happened("start"));
  CHECK(h.peek().why == Why::inputs);
  CHECK(h.peek().operations == 1);
  h.run();
  CHECK(h.hops("start", "answer") == 2);
  CHECK(h.ending("answer") == "failed");
}
