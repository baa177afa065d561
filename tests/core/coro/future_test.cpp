// SPDX-License-Identifier: BSL-1.0
// future_test.cpp - futures: results, callbacks, cancellation, reports of errors that nobody saw.
#include "hops.hpp"

#include <memory>

#include "catch.hpp"

using namespace rondo;

TEST_CASE("a future is pending until it gets one result, and keeps it") {
  Hops h;
  const auto future = h.future<std::string>();
  CHECK_FALSE(future.done());
  future.set_result("text");
  CHECK(future.done());
  CHECK_FALSE(future.cancelled());
  CHECK(future.result() == "text");
  CHECK(future.result() == "text");
  CHECK(future.exception() == nullptr);
  CHECK(future.outcome().value() == "text");
}

TEST_CASE("a future of void is set without a value") {
  Hops h;
  const auto future = h.future();
  future.set_result();
  CHECK_NOTHROW(future.result());
  CHECK(ending_of(future.outcome()) == "void");
}

TEST_CASE("a failed future throws the very same exception each time") {
  Hops h;
  const auto future = h.future<int>();
  const auto error = std::make_exception_ptr(std::runtime_error("no"));
  future.set_exception(error);
  CHECK_THROWS_AS(future.result(), std::runtime_error);
  CHECK(future.exception() == error);
  CHECK(future.outcome().error() == error);
  CHECK_FALSE(future.cancelled());
}

TEST_CASE("a CancelledError set as an exception fails a future, but does not make it cancelled") {
  Hops h;
  const auto future = h.future<int>();
  future.set_exception(CancelledError("by hand"));
  CHECK(future.done());
  CHECK_FALSE(future.cancelled());
  CHECK(ending_of(future.outcome()) == "cancelled (by hand)");
  CHECK_THROWS_AS(future.result(), CancelledError);
}

TEST_CASE("cancel() works once: a future that is done refuses it") {
  Hops h;
  const auto pending = h.future<int>();
  const auto returned = h.future<int>();
  const auto failed = h.future<int>();
  returned.set_result(1);
  failed.set_exception(std::runtime_error("no"));
  CHECK(pending.cancel("why"));
  CHECK_FALSE(pending.cancel("again"));
  CHECK_FALSE(returned.cancel());
  CHECK_FALSE(failed.cancel());
  CHECK(pending.cancelled());
  CHECK_FALSE(returned.cancelled());
  CHECK_FALSE(failed.cancelled());
  CHECK(ending_of(pending.outcome()) == "cancelled (why)");
  CHECK_THROWS_AS(pending.result(), CancelledError);
  CHECK_THROWS_AS(pending.exception(), CancelledError);
}

TEST_CASE("an error that nobody has seen is reported when the last handle goes, with the future's place") {
  Hops h;
  int line = 0;
  {
    const auto future = h.loop.create_future<int>();
    line = __LINE__ - 1;
    future.set_exception(std::runtime_error("unseen"));
    CHECK(h.loop.take_reports().empty());
  }
  const auto reports = h.loop.take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].message == "the exception was never retrieved");
  CHECK(ending_of(reports[0].exception) == "unseen");
  CHECK(reports[0].subject.find("(made at future_test.cpp:" + std::to_string(line) + ")") != std::string::npos);
}

TEST_CASE("result(), exception(), outcome(), an await and a refused cancel() count as looking at the error") {
  Hops h;
  for (int how = 0; how < 5; ++how) {
    const auto future = h.future<int>();
    future.set_exception(std::runtime_error("seen"));
    if (how == 0) CHECK_THROWS(future.result());
    if (how == 1) CHECK(future.exception() != nullptr);
    if (how == 2) CHECK(future.outcome().failed());
    if (how == 3) CHECK_FALSE(future.cancel());
    if (how == 4) {
      const auto task = h.start(see(h, "await", future));
      h.settle();
    }
  }
  CHECK(h.loop.take_reports().empty());
}

TEST_CASE("a callback may take the future, and sees it done") {
  Hops h;
  const auto future = h.future<int>();
  future.add_done_callback([&h](const Future<int>& done) { h.note("value", std::to_string(done.result())); });
  future.set_result(7);
  CHECK_FALSE(h.happened("value"));
  h.settle();
  CHECK(h.ending("value") == "7");
}

TEST_CASE("a callback that waits keeps its future alive once that is done") {
  Hops h;
  {
    const auto future = h.future<int>();
    future.add_done_callback([&h](const Future<int>& done) { h.note("value", std::to_string(done.result())); });
    future.set_result(7);
  }
  h.settle();
  CHECK(h.ending("value") == "7");
}

TEST_CASE("callbacks run in the order in which they were added, and one that throws does not stop the others") {
  Hops h;
  const auto future = h.future<int>();
  future.add_done_callback([&h] { h.note("a"); });
  future.add_done_callback([] { throw std::runtime_error("broken"); });
  future.add_done_callback([&h] { h.note("b"); });
  future.set_result(1);
  h.settle();
  CHECK(h.story() == "a b");
  CHECK(h.loop.take_reports().size() == 1);
}

TEST_CASE("a removed callback does not run, and the others keep their order") {
  Hops h;
  const auto future = h.future<int>();
  const Handle first = future.add_done_callback([&h] { h.note("first"); });
  const Handle second = future.add_done_callback([&h] { h.note("second"); });
  future.add_done_callback([&h] { h.note("third"); });
  CHECK(future.remove_done_callback(first));
  CHECK_FALSE(future.remove_done_callback(first));
  future.set_result(1);
  CHECK_FALSE(future.remove_done_callback(second));  // it is posted, and still runs
  h.settle();
  CHECK(h.story() == "second third");
}

TEST_CASE("the first callbacks may be removed before the completion: the others run, in their order") {
  Hops h;
  const auto future = h.future<int>();
  std::vector<Handle> handles;
  for (const char* name : {"a", "b", "c", "d"}) {
    handles.push_back(future.add_done_callback([&h, name] { h.note(name); }));
  }
  CHECK(future.remove_done_callback(handles[1]));
  CHECK(future.remove_done_callback(handles[0]));
  future.set_result(1);
  h.settle();
  CHECK(h.story() == "c d");
}

TEST_CASE("a callback that removes another after the completion comes too late") {
  Hops h;
  const auto future = h.future<int>();
  Handle second;
  bool removed = true;
  future.add_done_callback([&] { removed = future.remove_done_callback(second); });
  second = future.add_done_callback([&h] { h.note("second"); });
  future.set_result(1);
  h.settle();
  CHECK_FALSE(removed);
  CHECK(h.story() == "second");
}

TEST_CASE("a pending future that loses its last handle drops its callbacks") {
  Hops h;
  const auto token = std::make_shared<int>(0);
  Handle handle;
  {
    const auto future = h.future<int>();
    handle = future.add_done_callback([token] {});
    CHECK(token.use_count() == 2);
  }
  CHECK(token.use_count() == 1);
  CHECK(handle.cancelled());
}

TEST_CASE("an await copies the value of a handle, and takes it out of the last one") {
  const auto body = []() -> Coro<std::string> {
    Future<std::string> future = this_loop().create_future<std::string>();
    future.set_result("abc");
    const std::string copied = co_await future;
    const std::string moved = co_await std::move(future);
    co_return copied + moved + (future ? "?" : "!");
  };
  CHECK(sim::run(body()) == "abcabc!");
}

TEST_CASE("a value that cannot be copied is read by reference and taken by the last await") {
  const auto body = []() -> Coro<int> {
    Future<std::unique_ptr<int>> future = this_loop().create_future<std::unique_ptr<int>>();
    future.set_result(std::make_unique<int>(7));
    const int seen = *future.result();
    const std::unique_ptr<int> taken = co_await std::move(future);
    co_return seen + *taken;
  };
  CHECK(sim::run(body()) == 14);
}

TEST_CASE("handles are equal if they are of the same future, and may outlive the loop") {
  Future<int> kept;
  {
    Hops h;
    const auto one = h.future<int>();
    const auto two = h.future<int>();
    kept = one;
    CHECK(kept == one);
    CHECK_FALSE(kept == two);
    one.set_result(7);
  }
  CHECK(kept.result() == 7);
}
