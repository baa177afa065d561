// SPDX-License-Identifier: BSL-1.0
// readiness.hpp - readable() and writable() on real descriptors: what every backend that watches descriptors must pass.
// Used as conformance.hpp is.
#pragma once

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <vector>

#include "catch.hpp"
#include "desk.hpp"
#include "needs.hpp"
#include "support.hpp"

SUITE_PART(readiness);

namespace {
namespace readiness {

using namespace rondo;
using namespace std::chrono_literals;

template <class T>
T on_backend(Coro<T> main) {
  World world;
  return rondo::run(world.backend, std::move(main));
}

Coro<std::string> read_when_ready(int descriptor) {
  co_await readable(descriptor);
  co_return read_some(descriptor);
}
Coro<> write_later(int descriptor, Duration delay, char byte) {
  co_await sleep(delay);
  write_one(descriptor, byte);
}
/// Whether `descriptor` becomes readable within some milliseconds.
Coro<std::string> soon_readable(int descriptor) {
  const std::string how = co_await ending(wait_for(readable(descriptor), 5ms));
  co_return how == "void" ? "readable" : how;
}

}  // namespace readiness
}  // namespace

using namespace rondo;
using namespace readiness;
using namespace std::chrono_literals;

CONFORMANCE("what is readable before the wait ends the wait at once") {
  const Ends pipe;
  write_one(pipe.second(), 'a');
  CHECK(on_backend(read_when_ready(pipe.first())) == "a");
}

CONFORMANCE("what becomes readable later ends the wait then") {
  const auto body = [](const Ends* pipe) -> Coro<std::string> {
    const auto writer = create_task(write_later(pipe->second(), 1ms, 'b'));
    const std::string text = co_await read_when_ready(pipe->first());
    co_return text;
  };
  const Ends pipe;
  CHECK(on_backend(body(&pipe)) == "b");
}

CONFORMANCE("a thousand bytes pass one by one between two tasks, whoever is first") {
  const auto body = [](const Ends* sockets) -> Coro<int> {
    const auto echo = [](int descriptor) -> Coro<> {
      for (int i = 0; i < 500; ++i) {
        const std::string text = co_await read_when_ready(descriptor);
        write_one(descriptor, text.at(0));
      }
    };
    const auto server = create_task(echo(sockets->second()));
    int wrong = 0;
    for (int i = 0; i < 500; ++i) {
      const char byte = static_cast<char>('a' + i % 26);
      write_one(sockets->first(), byte);
      if (i % 3 == 0) co_await sleep(0s);
      const std::string text = co_await read_when_ready(sockets->first());
      if (text != std::string(1, byte)) ++wrong;
    }
    co_await server;
    co_return wrong;
  };
  const Ends sockets(Ends::Kind::sockets);
  CHECK(on_backend(body(&sockets)) == 0);
}

CONFORMANCE("a full pipe is writable when somebody has read, and not before") {
  const auto body = [](const Ends* pipe) -> Coro<std::string> {
    fill(pipe->second());
    const std::string full = co_await ending(wait_for(writable(pipe->second()), 3ms));
    const auto reads = [](int descriptor) -> Coro<> {
      co_await sleep(1ms);
      drain(descriptor);
    };
    const auto reader = create_task(reads(pipe->first()));
    co_await writable(pipe->second());
    co_return full + (reader.done() ? ", then writable" : ", writable too early");
  };
  const Ends pipe;
  CHECK(on_backend(body(&pipe)) == "TimeoutError, then writable");
}

CONFORMANCE("the end of the other side makes a descriptor readable, also when it hangs up during the wait") {
  const auto body = [](Ends* pipe) -> Coro<std::string> {
    this_loop().call_later(1ms, [pipe] { pipe->close_second(); });
    const std::string text = co_await read_when_ready(pipe->first());
    const std::string how = co_await soon_readable(pipe->first());
    co_return "'" + text + "', " + how;
  };
  Ends pipe;
  CHECK(on_backend(body(&pipe)) == "'', readable");
}

CONFORMANCE("a writer whose reader goes away stops waiting") {
  const auto body = [](Ends* pipe) -> Coro<std::string> {
    fill(pipe->second());
    this_loop().call_later(1ms, [pipe] { pipe->close_first(); });
    co_return co_await ending(wait_for(writable(pipe->second()), 5s));
  };
  Ends pipe;
  CHECK(on_backend(body(&pipe)) == "void");
}

CONFORMANCE("one task reads and another writes on the same descriptor, and neither disturbs the other") {
  const auto body = [](const Ends* sockets) -> Coro<std::string> {
    fill(sockets->first());
    const auto wait_to_write = [](int descriptor) -> Coro<> { co_await writable(descriptor); };
    const auto reader = create_task(read_when_ready(sockets->first()));
    const auto writer = create_task(wait_to_write(sockets->first()));
    co_await sleep(1ms);
    std::string story = std::string(reader.done() ? "r" : "-") + (writer.done() ? "w" : "-");
    write_one(sockets->second(), 'x');
    const std::string text = co_await reader;
    story += " " + text + (writer.done() ? "w" : "-");
    drain(sockets->second());
    co_await writer;
    co_return story;
  };
  const Ends sockets(Ends::Kind::sockets);
  CHECK(on_backend(body(&sockets)) == "-- x-");
}

CONFORMANCE("two tasks that wait for one descriptor are both woken, in the order in which they began") {
  const auto body = [](const Ends* pipe) -> Coro<std::string> {
    std::string story;
    const auto waits = [](std::string* text, int descriptor, char name) -> Coro<> {
      co_await readable(descriptor);
      *text += name;
    };
    const auto a = create_task(waits(&story, pipe->first(), 'a'));
    const auto b = create_task(waits(&story, pipe->first(), 'b'));
    co_await sleep(1ms);
    write_one(pipe->second());
    co_await gather(a, b);
    co_return story;
  };
  const Ends pipe;
  CHECK(on_backend(body(&pipe)) == "ab");
}

CONFORMANCE("of two tasks that wait for one descriptor, cancelling one leaves the other waiting") {
  const auto body = [](const Ends* pipe, bool first) -> Coro<std::string> {
    const auto a = create_task(read_when_ready(pipe->first()));
    const auto b = create_task(read_when_ready(pipe->first()));
    co_await sleep(1ms);
    (first ? a : b).cancel();
    co_await sleep(1ms);
    write_one(pipe->second(), 'x');
    const std::string left = co_await (first ? b : a);
    co_return left;
  };
  const Ends pipe;
  CHECK(on_backend(body(&pipe, true)) == "x");
  CHECK(on_backend(body(&pipe, false)) == "x");
}

CONFORMANCE("cancelling the reader of a descriptor leaves its writer waiting") {
  const auto body = [](const Ends* sockets) -> Coro<std::string> {
    fill(sockets->first());
    const auto reader = create_task(read_when_ready(sockets->first()));
    const auto writer = create_task(ending(wait_for(writable(sockets->first()), 5s)));
    co_await sleep(1ms);
    reader.cancel();
    co_await sleep(1ms);
    write_one(sockets->second());  // readable, which nobody waits for any more
    co_await sleep(1ms);
    const bool quiet = !writer.done();
    drain(sockets->second());
    const std::string how = co_await writer;
    co_return quiet ? how : "too early";
  };
  const Ends sockets(Ends::Kind::sockets);
  CHECK(on_backend(body(&sockets)) == "void");
}

CONFORMANCE("a wait may be cancelled before it began, while it waits and when it is ready, and no byte is lost") {
  const auto body = [](const Ends* pipe) -> Coro<std::string> {
    const auto before = create_task(read_when_ready(pipe->first()));
    before.cancel();
    std::string story = co_await ending(before);
    story += ", " + co_await ending(wait_for(readable(pipe->first()), 1ms));
    const auto ready = create_task(read_when_ready(pipe->first()));
    co_await sleep(1ms);
    write_one(pipe->second(), 'x');
    ready.cancel();
    story += ", " + co_await ending(ready);
    const std::string text = co_await read_when_ready(pipe->first());
    co_return story + ", " + text;
  };
  const Ends pipe;
  CHECK(on_backend(body(&pipe)) == "cancelled, TimeoutError, cancelled, x");
}

CONFORMANCE("timeouts that race with bytes lose none of them") {
  const auto body = [](const Ends* pipe) -> Coro<int> {
    int read = 0;
    for (int i = 0; i < 60; ++i) {
      const auto writer = create_task(write_later(pipe->second(), 300us, 'x'));
      for (bool waiting = true; waiting;) {
        const std::string how = co_await ending(wait_for(readable(pipe->first()), Duration(280us + i * 1us)));
        if (how != "void" && how != "TimeoutError") co_return -1;
        waiting = read_some(pipe->first()).empty();
      }
      ++read;
      co_await writer;
    }
    co_return read;
  };
  const Ends pipe;
  CHECK(on_backend(body(&pipe)) == 60);
}

CONFORMANCE("the number of a closed descriptor may be used again") {
  const auto body = []() -> Coro<std::string> {
    std::string story;
    int number = -1;
    for (const char byte : {'a', 'b', 'c'}) {
      Ends pipe;
      if (number >= 0 && pipe.first() != number) co_return "the system gave another number";
      number = pipe.first();
      const std::string nothing = co_await soon_readable(pipe.first());
      write_one(pipe.second(), byte);
      story += nothing + " " + co_await read_when_ready(pipe.first()) + ", ";
    }
    co_return story;
  };
  CHECK(on_backend(body()) == "TimeoutError a, TimeoutError b, TimeoutError c, ");
}

CONFORMANCE("a regular file cannot be waited for: it is always ready, and the kernel refuses it") {
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  CHECK(on_backend(ending(readable(::fileno(file)))) == system_error_text(EPERM));
  CHECK(on_backend(ending(writable(::fileno(file)))) == system_error_text(EPERM));
  std::fclose(file);
}

CONFORMANCE("a descriptor that is not open is an error of its wait, and the loop goes on") {
  const auto body = []() -> Coro<std::string> {
    Ends pipe;
    const int closed = pipe.first();
    pipe.close_first();
    std::string story = co_await ending(readable(-1));
    story += ", " + co_await ending(writable(closed));
    const Ends next;  // takes the number
    write_one(next.second(), 'x');
    story += ", " + co_await read_when_ready(next.first());
    co_return story;
  };
  CHECK(on_backend(body()) == system_error_text(EBADF) + ", " + system_error_text(EBADF) + ", x");
}

CONFORMANCE("more descriptors may be ready at once than one system call reports") {
  const auto body = []() -> Coro<std::size_t> {
    std::vector<std::unique_ptr<Ends>> pipes;
    std::vector<Coro<std::string>> readers;
    for (int i = 0; i < 300; ++i) {
      pipes.push_back(std::make_unique<Ends>());
      readers.push_back(read_when_ready(pipes.back()->first()));
      write_one(pipes.back()->second());
    }
    const std::vector<std::string> texts = co_await gather(std::move(readers));
    std::size_t read = 0;
    for (const std::string& text : texts) read += text.size();
    co_return read;
  };
  CHECK(on_backend(body()) == 300);
}

CONFORMANCE("C1: a wait has one end however its readiness and its cancellation meet") {
  World world;
  const Ends quiet;
  Ends busy;
  by_hand::Desk desk(world.backend);
  const auto wait_for = [&](int descriptor) {
    Output output = by_hand::Desk::of(OperationKind::readable, descriptor);
    return desk.queue(output);
  };
  for (const bool look : {false, true}) {  // cancelled after a reap that may have found it ready, or before
    std::vector<OperationId> ready;
    for (int i = 0; i < 4; ++i) {
      ready.push_back(wait_for(busy.first()));
      const OperationId cancelled_at_once = wait_for(quiet.first());
      desk.queue_cancel(cancelled_at_once);
      const OperationId cancelled_later = wait_for(quiet.first());
      desk.flush();
      CHECK(desk.wait(cancelled_at_once) == -ECANCELED);
      desk.cancel(cancelled_later);
      desk.cancel(cancelled_later);
      CHECK(desk.wait(cancelled_later) == -ECANCELED);
    }
    write_one(busy.second());
    if (look) desk.take(1ms);
    desk.cancel(ready[1]);
    desk.cancel(ready[2]);
    for (const OperationId id : ready) {
      const bool may_be_cancelled = id == ready[1] || id == ready[2];
      const std::int32_t result = desk.wait(id);
      CHECK((result == 0 || (may_be_cancelled && result == -ECANCELED)));
    }
    drain(busy.first());
  }
  desk.check_single();
}

CONFORMANCE("C9: more waits than fit into the outputs of one step are all begun") {
  World world;
  const Ends pipe;
  write_one(pipe.second());
  Loop loop;
  loop.attach(world.backend);
  std::array<Output, 3> out;
  int woken = 0;
  const auto waits = [](int descriptor, int* count) -> Coro<> {
    co_await readable(descriptor);
    ++*count;
  };
  {
    const Loop::Scope scope(loop);
    for (int i = 0; i < 10; ++i) static_cast<void>(create_task(waits(pipe.first(), &woken)));
  }
  std::uint32_t next = 0;
  StepResult result = loop.step(world.backend.now(), {}, out);
  for (int i = 0; i < 1000 && woken < 10; ++i) {
    for (std::uint32_t at = 0; at < result.produced; ++at) CHECK(out[at].handle == pipe.first());
    next += result.produced;
    world.backend.submit(std::span<const Output>(out).first(result.produced));
    result = loop.step(world.backend.now(), world.backend.reap(result.deadline), out);
  }
  CHECK(next == 10);
  CHECK(woken == 10);
}
