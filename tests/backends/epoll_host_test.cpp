// SPDX-License-Identifier: BSL-1.0
// epoll_host_test.cpp - the backend inside a host that sleeps by itself and can watch one descriptor.
#include <rondo/backends/epoll.hpp>

#include <poll.h>

#include <array>

#include "catch.hpp"
#include "support.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

bool becomes_readable(const EpollBackend& backend, int milliseconds) {
  pollfd one{backend.descriptor(), POLLIN, 0};
  return ::poll(&one, 1, milliseconds) == 1;
}

/// A host: steps a loop until `main` is done, and sleeps in poll(). Gives how often nothing came for a second.
template <class T>
int host(EpollBackend& backend, Coro<T> main) {
  Loop loop;
  loop.attach(backend);
  const auto task = loop.create_task(std::move(main));
  std::array<Output, 16> out;
  int overslept = 0;
  while (overslept < 3) {
    const auto in = backend.reap(Instant::min());
    const StepResult result = loop.step(backend.now(), in, out);
    backend.submit(std::span<const Output>(out).first(result.produced));
    if (task.done()) break;
    backend.arm(result.deadline);
    if (!becomes_readable(backend, 1000)) ++overslept;
  }
  return overslept;
}

}  // namespace

TEST_CASE("a host sees the descriptor become readable at the armed deadline, and not before") {
  EpollBackend backend;
  CHECK_FALSE(becomes_readable(backend, 0));
  const Instant deadline = backend.now() + 3ms;
  backend.arm(deadline);
  CHECK(becomes_readable(backend, 5000));
  CHECK(backend.now() >= deadline);
  CHECK(backend.reap(Instant::min()).empty());
  CHECK_FALSE(becomes_readable(backend, 0));
}

TEST_CASE("a deadline that has passed makes the descriptor readable at once") {
  EpollBackend backend;
  for (const Instant deadline : {Instant::min(), Instant(), backend.now()}) {
    backend.arm(deadline);
    CHECK(becomes_readable(backend, 5000));
    CHECK(backend.reap(Instant::min()).empty());
  }
}

TEST_CASE("arming again moves the deadline, and `never` disarms it") {
  EpollBackend backend;
  backend.arm(backend.now() + 1ms);
  backend.arm(never);
  CHECK_FALSE(becomes_readable(backend, 5));
  backend.arm(backend.now() + 1h);
  backend.arm(backend.now() + 1ms);
  CHECK(becomes_readable(backend, 5000));
}

TEST_CASE("a deadline near the end of time is as good as never") {
  EpollBackend backend;
  backend.arm(never - 1ns);
  CHECK_FALSE(becomes_readable(backend, 2));
}

TEST_CASE("a watched descriptor that becomes ready makes the backend's descriptor readable") {
  const Ends pipe;
  EpollBackend backend;
  Output output;
  output.handle = pipe.first();
  backend.submit(std::span(&output, 1));
  CHECK_FALSE(becomes_readable(backend, 0));
  write_one(pipe.second());
  CHECK(becomes_readable(backend, 1000));
  CHECK(backend.reap(Instant::min()).size() == 1);
}

TEST_CASE("a post makes the descriptor of an armed backend readable, and one that came before arming does, too") {
  for (const bool before : {false, true}) {
    EpollBackend backend;
    Loop loop;
    loop.attach(backend);
    int ran = 0;
    const auto post = [&] {
      std::jthread([&loop, &ran] { loop.call_soon_threadsafe([&ran] { ++ran; }); }).join();
    };
    if (before) post();
    backend.arm(never);
    if (!before) post();
    CHECK(becomes_readable(backend, 100));
    loop.step(backend.now(), backend.reap(Instant::min()), {});
    CHECK(ran == 1);
  }
}

TEST_CASE("what submit() has found already makes the descriptor of an armed backend readable") {
  EpollBackend backend;
  Output output;
  output.handle = -1;
  backend.submit(std::span(&output, 1));
  backend.arm(never);
  CHECK(becomes_readable(backend, 100));
  CHECK(backend.reap(Instant::min()).size() == 1);
}

TEST_CASE("a host that can watch one descriptor runs a loop with sleeps and descriptors without oversleeping") {
  const auto body = [](const Ends* pipe) -> Coro<> {
    for (int i = 0; i < 3; ++i) {
      co_await sleep(1ms);
      const int descriptor = pipe->second();
      this_loop().call_later(1ms, [descriptor] { write_one(descriptor); });
      co_await readable(pipe->first());
      drain(pipe->first());
    }
  };
  const Ends pipe;
  EpollBackend backend;
  CHECK(host(backend, body(&pipe)) == 0);
}

TEST_CASE("a host that can watch one descriptor runs a loop with jobs and cancelled waits without oversleeping") {
  const auto body = [](const Ends* pipe) -> Coro<> {
    for (int i = 0; i < 3; ++i) {
      const std::string how = co_await ending(wait_for(readable(pipe->first()), 1ms));
      co_await to_thread([] { std::this_thread::sleep_for(1ms); });
    }
  };
  const Ends pipe;
  EpollBackend backend;
  CHECK(host(backend, body(&pipe)) == 0);
}
