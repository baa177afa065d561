// SPDX-License-Identifier: BSL-1.0
// host_misuse_test.cpp - what must not be done with a hosted loop, and what is said then.
#include <string>
#include <thread>

#include <rondo/backends/sim.hpp>

#include "catch.hpp"
#include "ending.hpp"
#include "hosted_program.hpp"

using rondo::Coro;

namespace {

Coro<int> sleep_and_return(std::chrono::milliseconds delay) {
  co_await rondo::sleep(delay);
  co_return 4;
}

template <class F>
std::string error_of(F function) {
  try {
    function();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("two hosted loops cannot share a backend") {
  HostedProgram program;
  program.start(sleep_and_return(1ms));
  const std::string said = error_of([&] {
    static_cast<void>(program.host().start(sleep_and_return(1ms), {.backend = &program.backend()}));
  });
  CHECK(contains(said, "a loop is driven on this backend already"));
  program.run();
  CHECK(ending_of(program.hosted().outcome()) == "4");
}

TEST_CASE("run() on the backend of a hosted loop is refused, and the hosted loop goes on") {
  HostedProgram program;
  auto& hosted = program.start(sleep_and_return(5ms));
  CHECK(contains(error_of([&] { rondo::run(program.backend(), sleep_and_return(1ms)); }), "its backend"));
  program.run();
  CHECK(ending_of(hosted.outcome()) == "4");
}

TEST_CASE("run() inside a hosted task is refused") {
  HostedProgram program;
  std::string said;
  auto& hosted = program.start([](std::string& text) -> Coro<int> {
    text = error_of([] { rondo::run(sleep_and_return(1ms)); });
    co_return 2;
  }(said));
  program.run();
  CHECK(ending_of(hosted.outcome()) == "2");
  CHECK(contains(said, "called while a loop runs"));
}

TEST_CASE("a backend without a descriptor is refused with a way out, or served") {
  rondo::sim::SimBackend backend;
  HostedProgram program;
  if (!program.host().needs_descriptor()) return;
  const std::string said =
      error_of([&] { static_cast<void>(program.host().start(sleep_and_return(1ms), {.backend = &backend})); });
  CHECK(contains(said, "has no descriptor"));
  CHECK(contains(said, "guest"));
  CHECK(backend.poster().claim());  // given back
  backend.poster().give_back();
}

TEST_CASE("the handle is refused on another thread, by name") {
  HostedProgram program;
  auto& hosted = program.start(sleep_and_return(20ms));
  std::vector<std::string> said;
  std::thread([&] {
    said.push_back(error_of([&] { hosted.done(); }));
    said.push_back(error_of([&] { hosted.cancel(); }));
    said.push_back(error_of([&] { hosted.loop(); }));
    said.push_back(error_of([&] { hosted.on_done([](auto&) {}); }));
  }).join();
  for (const std::string& text : said) CHECK(contains(text, "a thread that is not the host's"));
  program.run();
  CHECK(ending_of(hosted.outcome()) == "4");
}

TEST_CASE("after the end the loop is gone, and the outcome stays") {
  HostedProgram program;
  auto& hosted = program.start(sleep_and_return(1ms));
  CHECK(contains(error_of([&] { static_cast<void>(hosted.outcome()); }), "has not ended"));
  program.run();
  CHECK(contains(error_of([&] { hosted.loop(); }), "has ended"));
  CHECK(ending_of(hosted.outcome()) == "4");
  CHECK(ending_of(hosted.outcome()) == "4");
  int called = 0;
  hosted.on_done([&](rondo::Outcome<int> outcome) { called = outcome.value(); });
  CHECK(called == 4);
  hosted.abandon();  // nothing is left
}

TEST_CASE("a handle that is dropped lets main run on, and its error is reported") {
  HostedProgram program;
  if (program.host().keeps_handle()) return;
  std::vector<std::string> heard;
  bool over = false;
  {
    auto hosted = program.host().start(
        [](bool& flag) -> Coro<int> {
          struct OnExit {
            bool& flag;
            ~OnExit() { flag = true; }
          } const on_exit{flag};
          co_await rondo::sleep(5ms);
          throw std::runtime_error("nobody looks");
        }(over),
        {.backend = &program.backend()});
    hosted.loop().set_exception_handler([&](const rondo::ErrorContext& context) {
      heard.push_back(context.message + ": " + rondo::describe(context.exception));
    });
  }
  program.host().once(60ms, [&] { program.host().quit(); });
  program.run();
  CHECK(over);
  REQUIRE(heard.size() == 1);
  CHECK(contains(heard[0], "nobody asked"));
  CHECK(contains(heard[0], "nobody looks"));
}

TEST_CASE("stop() on a hosted loop ends it, and the outcome says so") {
  HostedProgram program;
  auto& hosted = program.start([]() -> Coro<int> {
    rondo::this_loop().stop();
    co_await rondo::sleep(std::chrono::hours(1));
    co_return 1;
  }());
  program.run();
  CHECK(contains(ending_of(hosted.outcome()), "stopped before its main task"));
}

TEST_CASE("a task that does not end when main has ended is a deadlock, not a host that waits for ever") {
  HostedProgram program;
  auto& hosted = program.start([]() -> Coro<int> {
    static_cast<void>(rondo::create_task([]() -> Coro<void> {
      for (;;) {
        try {
          co_await rondo::this_loop().create_future<void>();
        } catch (const rondo::CancelledError&) {
        }
      }
    }()));
    co_await rondo::sleep(1ms);
    co_return 1;
  }());
  program.run();
  CHECK(contains(ending_of(hosted.outcome()), "deadlock"));
}

TEST_CASE("a callback of on_done that throws is reported, and the others are called") {
  HostedProgram program;
  auto& hosted = program.start(sleep_and_return(1ms));
  int called = 0;
  hosted.on_done([](const rondo::Outcome<int>&) { throw std::runtime_error("in the callback"); });
  hosted.on_done([&](const rondo::Outcome<int>&) { ++called; });
  program.run();
  CHECK(called == 1);
  CHECK(program.has_report("a callback of on_done() failed"));
}

TEST_CASE("abandon() inside a turn takes effect when that ends") {
  HostedProgram program;
  rondo::Event event;
  auto& hosted = program.start([](HostedProgram& p, rondo::Event& e) -> Coro<int> {
    p.hosted().abandon();
    CHECK_FALSE(p.hosted().done());
    co_await e.wait();
    co_return 1;
  }(program, event));
  bool told = false;
  hosted.on_done([&](const rondo::Outcome<int>&) { told = true; });
  program.host().once(20ms, [&] { program.host().quit(); });
  program.run();
  CHECK(hosted.done());
  CHECK(program.has_report("the host goes before its rondo loop"));
  CHECK_FALSE(told);
}

TEST_CASE("a thread that ends with a hosted loop in it takes that along, and leaves nothing in the host") {
  if (!make_test_host()->may_change_threads()) return;
  std::vector<std::string> heard;
  std::unique_ptr<TestHost> host;
  const auto backend = make_test_backend();
  std::thread([&] {
    host = make_test_host();
    const auto hosted = host->start(sleep_and_return(std::chrono::hours(1)), {.backend = backend.get()});
    hosted.loop().set_exception_handler(
        [&](const rondo::ErrorContext& context) { heard.push_back(context.message); });
    host->once(5ms, [&] { host->quit(); });
    host->run();
  }).join();
  REQUIRE(heard.size() == 1);
  CHECK(contains(heard[0], "the host goes before its rondo loop"));
  host->once(5ms, [&] { host->quit(); });
  host->run();
  host->destroy();
}
