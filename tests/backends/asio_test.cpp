// SPDX-License-Identifier: BSL-1.0
// asio_test.cpp - what only the Asio backend has: an io_context that belongs to somebody else.
#define ASIO_STANDALONE
#include <rondo/backends/asio.hpp>

#include <fcntl.h>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include "catch.hpp"
#include "support.hpp"
#include "wall_time.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

Coro<std::string> limited_wait(int descriptor) { co_return co_await ending(wait_for(readable(descriptor), 1ms)); }

}  // namespace

TEST_CASE("Asio: on the caller's io_context the caller's handlers run while the loop waits") {
  asio::io_context context;
  AsioBackend backend(context);
  CHECK(&backend.context() == &context);
  int calls = 0;
  asio::steady_timer timer(context, 1ms);
  timer.async_wait([&calls](std::error_code error) { calls += error ? 0 : 1; });
  asio::post(context, [&calls] { ++calls; });
  rondo::run(backend, until(&calls, 2));
  CHECK(calls == 2);
}

TEST_CASE("Asio: the caller's io_context works on when the backend is gone, and what it still holds does no harm") {
  asio::io_context context;
  const Ends pipe;
  {
    AsioBackend backend(context);
    CHECK(rondo::run(backend, limited_wait(pipe.first())) == "TimeoutError");
  }
  write_one(pipe.second());
  int calls = 0;
  asio::post(context, [&calls] { ++calls; });
  context.restart();
  context.run();
  CHECK(calls == 1);
  CHECK(read_some(pipe.first()) == "x");
}

TEST_CASE("Asio: a descriptor that was waited for stays open, and may be waited for again") {
  const Ends pipe;
  {
    AsioBackend backend;
    for (int i = 0; i < 3; ++i) CHECK(rondo::run(backend, limited_wait(pipe.first())) == "TimeoutError");
    write_one(pipe.second());
    CHECK(rondo::run(backend, limited_wait(pipe.first())) == "void");
  }
  CHECK(::fcntl(pipe.first(), F_GETFD) >= 0);
  CHECK(read_some(pipe.first()) == "x");
}

TEST_CASE("Asio: one io_context carries two backends, one after the other") {
  asio::io_context context;
  for (int i = 0; i < 2; ++i) {
    AsioBackend backend(context);
    const auto body = []() -> Coro<int> {
      co_await sleep(1ms);
      co_return co_await to_thread([] { return 7; });
    };
    CHECK(rondo::run(backend, body()) == 7);
  }
}

TEST_CASE("Asio: on the caller's io_context sleeps are as exact as on epoll") {
  asio::io_context context;
  AsioBackend backend(context);
  CHECK(wall_time::multiple_of_epoll(backend, 100, 1ms) <= 1.5);
  CHECK(wall_time::multiple_of_epoll(backend, 200, 100us) <= 1.5);
}
