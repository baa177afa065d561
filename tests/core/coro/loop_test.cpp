// SPDX-License-Identifier: BSL-1.0
// loop_test.cpp - the loop: stop, signals, outside sources, scopes, exception handlers.
#include <csignal>

#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

TEST_CASE("stop() lets the batch that runs end, and the rest waits for the next step") {
  Loop loop;
  std::string story;
  loop.call_soon([&] {
    story += "a";
    loop.stop();
    loop.stop();
    loop.call_soon([&story] { story += "c"; });
  });
  loop.call_soon([&story] { story += "b"; });
  StepResult result = loop.step(Instant(), {}, {});
  CHECK(story == "ab");
  CHECK(result.done);
  CHECK(result.why == Why::done);
  result = loop.step(Instant(), {}, {});
  CHECK(story == "abc");
  CHECK_FALSE(result.done);
}

TEST_CASE("stop() holds for the whole batch, also when the budget cuts it into steps") {
  Loop loop;
  std::string story;
  loop.call_soon([&] {
    story += "a";
    loop.stop();
  });
  loop.call_soon([&story] { story += "b"; });
  StepResult result = loop.step(Instant(), {}, {}, 1);
  CHECK(story == "a");
  CHECK_FALSE(result.done);
  CHECK(result.why == Why::ready);
  result = loop.step(Instant(), {}, {}, 1);
  CHECK(story == "ab");
  CHECK(result.done);
}

TEST_CASE("stop() between steps makes the next step run one batch and end") {
  Loop loop;
  std::string story;
  loop.call_soon([&] {
    story += "a";
    loop.call_soon([&story] { story += "b"; });
  });
  loop.stop();
  loop.stop();
  CHECK(loop.peek(Instant()).why == Why::ready);
  CHECK(loop.step(Instant(), {}, {}).done);
  CHECK(story == "a");
  loop.stop();
  CHECK(loop.step(Instant(), {}, {}).done);
  CHECK(story == "ab");
  loop.stop();
  CHECK(loop.step(Instant(), {}, {}).done);  // there is nothing to run, and that is a batch, too
}

TEST_CASE("an input that comes together with a stop is handled once, by this run or by the next") {
  Loop loop;
  std::array<Output, 4> out;
  int count = 0;
  const auto waits = [](int* times) -> Coro<> {
    co_await readable(5);
    ++*times;
  };
  const auto task = loop.create_task(waits(&count));
  loop.step(Instant(), {}, out);
  const Input ready = Input::completion(out[0].id, 0);
  loop.stop();
  CHECK(loop.step(Instant(), std::span(&ready, 1), out).done);
  CHECK(count == 0);  // the task was woken behind the batch that ended the run
  loop.stop();
  CHECK(loop.step(Instant(), {}, out).done);
  CHECK(count == 1);
  loop.step(Instant(), {}, out);
  CHECK(count == 1);
  CHECK(loop.kernel().operations().stale() == 0);
}

TEST_CASE("a loop may be destroyed while a stop is asked for") {
  Loop loop;
  loop.stop();
  CHECK(loop.state() == rondo::machines::loop::State::stop_asked);
}

TEST_CASE("a loop whose tasks are gone still steps for its operations, and a callback from a thread may stop it") {
  Loop loop;
  std::vector<Output> out(4);
  loop.kernel().discard_everything(true);
  CHECK(loop.state() == rondo::machines::loop::State::ending);
  std::string story;
  const auto stops = [&loop, &story] {
    loop.stop();
    story = loop.kernel().stepping() ? "stops in a step" : "stops";
  };
  auto& call = Call<decltype(stops)>::make(loop.kernel(), stops, Context(), Place::here());
  const Input input = Input::post(call);
  static_cast<void>(loop.step(Instant(), {&input, 1}, out, 10));
  CHECK(story == "stops in a step");
  loop.stop();  // nothing is left that could be stopped
  CHECK(loop.state() == rondo::machines::loop::State::ending);
}

TEST_CASE("peek answers like step, and changes nothing") {
  Loop loop;
  CHECK(loop.peek(Instant(5s)).why == Why::inputs);
  loop.call_later(10s, [] {});
  CHECK(loop.peek(Instant(5s)).why == Why::timer);
  CHECK(loop.peek(Instant(5s)).deadline == Instant(10s));
  CHECK(loop.peek(Instant(20s)).deadline == Instant(20s));
  const auto task = loop.create_task(turns(0, 1));
  CHECK(loop.peek(Instant(5s)).why == Why::ready);
  CHECK(loop.peek(Instant(5s)).tasks == 1);
  CHECK_FALSE(task.done());
  CHECK(loop.time() == Instant());
  loop.drop_tasks_silently();
}

TEST_CASE("a signal handler runs once for each arrival, until it is removed") {
  Hops h;
  h.loop.add_signal_handler(SIGUSR1, [&h] { h.note("signal"); });
  h.batch();
  CHECK(h.peek().operations == 1);
  h.backend.raise_signal(SIGUSR1);
  h.backend.raise_signal(SIGUSR1);
  h.batch();
  CHECK(h.story() == "signal signal");
  CHECK(h.loop.remove_signal_handler(SIGUSR1));
  CHECK_FALSE(h.loop.remove_signal_handler(SIGUSR1));
  h.backend.raise_signal(SIGUSR1);  // the backend has not heard yet
  h.batch();
  h.batch();
  CHECK(h.story() == "signal signal");
  CHECK(h.peek().operations == 0);
}

TEST_CASE("a second handler of a signal replaces the first, and one that throws is reported") {
  Hops h;
  h.loop.add_signal_handler(SIGUSR1, [&h] { h.note("first"); });
  h.loop.add_signal_handler(SIGUSR1, [&h] {
    h.note("second");
    throw std::runtime_error("broken");
  });
  h.batch();
  h.backend.raise_signal(SIGUSR1);
  h.batch();
  CHECK(h.story() == "second");
  const auto reports = h.loop.take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].message == "a signal handler threw an exception");
  CHECK(reports[0].subject == "handler of signal " + std::to_string(SIGUSR1));
}

TEST_CASE("an open source keeps a loop waiting for inputs instead of a deadlock") {
  Loop loop;
  CHECK(loop.peek(Instant()).sources == 0);
  {
    OutsideSource source = loop.open_source();
    const OutsideSource moved = std::move(source);
    CHECK(loop.peek(Instant()).sources == 1);
  }
  CHECK(loop.peek(Instant()).sources == 0);
}

TEST_CASE("a scope makes a loop the running one of its thread, and gives the thread back") {
  Loop one;
  Loop two;
  {
    const Loop::Scope outer(one);
    CHECK(&this_loop() == &one);
    {
      const Loop::Scope inner(two);
      CHECK(&this_loop() == &two);
    }
    CHECK(&this_loop() == &one);
    const auto task = create_task(turns(0, 7));
    one.step(Instant(), {}, {});
    CHECK(task.result() == 7);
  }
  CHECK_THROWS_AS(this_loop(), RuntimeError);
}

TEST_CASE("time is that of the current step") {
  Loop loop;
  Instant seen{};
  loop.call_soon([&] { seen = this_loop().time(); });
  loop.step(Instant(42s), {}, {});
  CHECK(seen == Instant(42s));
}

TEST_CASE("without a handler reports are kept, at most 256 of them; a handler hears each at once") {
  Hops h;
  for (int i = 0; i < 300; ++i) h.loop.call_soon([] { throw std::runtime_error("no"); });
  h.settle();
  CHECK(h.loop.take_reports().size() == 256);
  int heard = 0;
  h.loop.set_exception_handler([&heard](const ErrorContext& context) {
    CHECK(context.message == "a callback threw an exception");
    ++heard;
  });
  h.loop.call_soon([] { throw std::runtime_error("no"); });
  h.settle();
  CHECK(heard == 1);
  CHECK(h.loop.take_reports().empty());
}

TEST_CASE("the default report hears what no exception handler is there for, and gives way to one that is set") {
  static int heard_by_default = 0;
  heard_by_default = 0;
  Hops h;
  h.loop.set_default_report([](const ErrorContext&) { ++heard_by_default; });
  const auto fail = [&h] {
    h.loop.call_soon([] { throw std::runtime_error("no"); });
    h.settle();
  };
  fail();
  CHECK(heard_by_default == 1);
  CHECK(h.loop.take_reports().empty());
  h.loop.set_exception_handler([](const ErrorContext&) { throw std::runtime_error("neither"); });
  fail();
  CHECK(heard_by_default == 1);
  CHECK(h.loop.take_reports().size() == 1);  // a handler that throws has not heard it
}
