// SPDX-License-Identifier: BSL-1.0
// host.hpp - a backend inside a host that sleeps by itself and can watch one descriptor. For backends that have one.
#pragma once

#include <poll.h>

#include <rondo/driver.hpp>
#include <rondo/rondo.hpp>

#include "catch.hpp"
#include "support.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

bool becomes_readable(Backend& backend, int milliseconds) {
  pollfd one{backend.descriptor(), POLLIN, 0};
  return ::poll(&one, 1, milliseconds) == 1;
}

/// A host: turns of a loop until `main` is done, between which it sleeps in poll(). Gives how often nothing came for a
/// second.
template <class T>
int host(Backend& backend, Coro<T> main) {
  Loop loop;
  loop.attach(backend);
  Driver driver(loop.kernel(), backend);
  const auto task = loop.create_task(std::move(main));
  int overslept = 0;
  while (overslept < 3) {
    driver.turn(backend.reap(Instant::min()));
    if (task.done()) break;
    backend.arm(driver.deadline());
    if (!becomes_readable(backend, 1000)) ++overslept;
  }
  return overslept;
}

inline void work_elsewhere() { std::this_thread::sleep_for(1ms); }

/// Bytes to a socket of the same loop, and back.
inline Coro<std::string> echoed(std::string text) {
  const Server server = co_await start_server([](StreamReader reader, StreamWriter writer) -> Coro<> {
    writer.write(co_await reader.read(100));
    co_await writer.drain();
    writer.close();
  }, "127.0.0.1", 0);
  auto [reader, writer] = co_await open_connection(server.addresses().front());
  writer.write(text);
  co_return co_await reader.read();
}

}  // namespace

CONFORMANCE("a host sees the descriptor become readable at the armed deadline, and not before") {
  World world;
  rondo::Backend& backend = world.backend;
  CHECK_FALSE(becomes_readable(backend, 0));
  const Instant deadline = backend.now() + 3ms;
  backend.arm(deadline);
  CHECK(becomes_readable(backend, 5000));
  CHECK(backend.now() >= deadline);
  CHECK(backend.reap(Instant::min()).empty());
  CHECK_FALSE(becomes_readable(backend, 0));
}

CONFORMANCE("a deadline that has passed makes the descriptor readable at once") {
  World world;
  rondo::Backend& backend = world.backend;
  for (const Instant deadline : {Instant::min(), Instant(), backend.now()}) {
    backend.arm(deadline);
    CHECK(becomes_readable(backend, 5000));
    CHECK(backend.reap(Instant::min()).empty());
  }
}

CONFORMANCE("arming again moves the deadline, and `no_deadline` disarms it") {
  World world;
  rondo::Backend& backend = world.backend;
  backend.arm(backend.now() + 1ms);
  backend.arm(no_deadline);
  CHECK_FALSE(becomes_readable(backend, 5));
  backend.arm(backend.now() + 1h);
  backend.arm(backend.now() + 1ms);
  CHECK(becomes_readable(backend, 5000));
}

CONFORMANCE("a deadline near the end of time is as good as never") {
  World world;
  rondo::Backend& backend = world.backend;
  backend.arm(no_deadline - 1ns);
  CHECK_FALSE(becomes_readable(backend, 2));
}

CONFORMANCE("a watched descriptor that becomes ready makes the backend's descriptor readable") {
  const Ends pipe;
  World world;
  rondo::Backend& backend = world.backend;
  Output output;
  output.handle = pipe.first();
  backend.submit(std::span(&output, 1));
  backend.arm(no_deadline);
  CHECK_FALSE(becomes_readable(backend, 0));
  write_one(pipe.second());
  CHECK(becomes_readable(backend, 1000));
  CHECK(backend.reap(Instant::min()).size() == 1);
}

CONFORMANCE("a post makes the descriptor of an armed backend readable, and one that came before arming does, too") {
  for (const bool before : {false, true}) {
    World world;
  rondo::Backend& backend = world.backend;
    Loop loop;
    loop.attach(backend);
    int ran = 0;
    const auto post = [&] {
      std::jthread([&loop, &ran] { loop.call_soon_threadsafe([&ran] { ++ran; }); }).join();
    };
    if (before) post();
    backend.arm(no_deadline);
    if (!before) post();
    CHECK(becomes_readable(backend, 100));
    loop.step(backend.now(), backend.reap(Instant::min()), {});
    CHECK(ran == 1);
  }
}

CONFORMANCE("what submit() has found already makes the descriptor of an armed backend readable") {
  World world;
  rondo::Backend& backend = world.backend;
  Output output;
  output.handle = -1;
  backend.submit(std::span(&output, 1));
  backend.arm(no_deadline);
  CHECK(becomes_readable(backend, 100));
  CHECK(backend.reap(Instant::min()).size() == 1);
}

CONFORMANCE("a host that can watch one descriptor runs a loop with sleeps and descriptors without oversleeping") {
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
  World world;
  rondo::Backend& backend = world.backend;
  CHECK(host(backend, body(&pipe)) == 0);
}

CONFORMANCE("a host that can watch one descriptor runs a loop with jobs and cancelled waits without oversleeping") {
  const auto body = [](const Ends* pipe) -> Coro<> {
    for (int i = 0; i < 3; ++i) {
      const std::string how = co_await ending(wait_for(readable(pipe->first()), 1ms));
      co_await to_thread(work_elsewhere);
    }
  };
  const Ends pipe;
  World world;
  rondo::Backend& backend = world.backend;
  CHECK(host(backend, body(&pipe)) == 0);
}

CONFORMANCE("a host that can watch one descriptor serves sockets without oversleeping") {
  World world;
  const auto body = []() -> Coro<> { CHECK(co_await echoed("hello") == "hello"); };
  CHECK(host(world.backend, body()) == 0);
}

CONFORMANCE("a host that has nothing new to say arms the backend without making its descriptor readable") {
  World world;
  rondo::Backend& backend = world.backend;
  const Instant deadline = backend.now() + 1h;
  for (int i = 0; i < 3; ++i) backend.arm(deadline);
  CHECK_FALSE(becomes_readable(backend, 0));
}

CONFORMANCE("a backend that must not let its host sleep says so again after each look") {
  World world;
  rondo::Backend& backend = world.backend;
  for (int i = 0; i < 3; ++i) {
    backend.arm(Instant::min());
    backend.arm(Instant::min());
    CHECK(becomes_readable(backend, 1000));
    static_cast<void>(backend.reap(Instant::min()));
    backend.arm(no_deadline);
    CHECK_FALSE(becomes_readable(backend, 0));
  }
}
