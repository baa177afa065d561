// SPDX-License-Identifier: BSL-1.0
// sim_pipe_test.cpp - pipes of a simulated world.
#include <rondo/backends/sim.hpp>
#include <rondo/pipe.hpp>

#include "sim_programs.hpp"

using namespace network;
using simulated_programs::next_handle;

namespace {

Coro<> write_in_small_pieces(const StreamWriter* writer, const std::string* text) {
  for (std::size_t at = 0; at < text->size(); at += 777) {
    writer->write(std::string_view(*text).substr(at, 777));
    co_await writer->drain();
  }
  writer->write_eof();
}

/// More than a pipe holds.
Coro<bool> carry(std::size_t size) {
  const Pipe pipe = co_await open_pipe();
  const std::string text = pattern(size);
  const auto writing = create_task(write_in_small_pieces(&pipe.writer, &text));
  const std::string got = co_await pipe.reader.read();
  co_await writing;
  co_await pipe.writer.wait_closed();
  co_return got == text;
}

Coro<> write_on(const StreamWriter* writer) {
  const std::string block(10'000, 'x');
  for (;;) {
    writer->write(block);
    co_await writer->drain();
  }
}

}  // namespace

TEST_CASE("sim: a pipe carries bytes and its end, with each of 200 seeds") {
  for (std::uint64_t seed = 0; seed <= 200; ++seed) {
    INFO("seed " << seed);
    REQUIRE(sim::run(carry(5'000), {.seed = seed}));
  }
}

TEST_CASE("sim: a pipe carries more than it holds") {
  for (std::uint64_t seed = 0; seed <= 3; ++seed) CHECK(sim::run(carry(300'000), {.seed = seed}));
}

TEST_CASE("sim: with seed 0 a pipe takes no time") {
  const auto body = []() -> Coro<Duration> {
    static_cast<void>(co_await carry(10'000));
    co_return this_loop().time() - Instant();
  };
  CHECK(sim::run(body()) == 0s);
}

TEST_CASE("sim: a pipe whose reader is gone gives broken_pipe at drain, with any seed") {
  const auto body = []() -> Coro<std::string> {
    Pipe pipe = co_await open_pipe();
    pipe.reader = StreamReader();
    co_return co_await ending(write_on(&pipe.writer));
  };
  for (std::uint64_t seed = 0; seed <= 50; ++seed) {
    INFO("seed " << seed);
    REQUIRE(sim::run(body(), {.seed = seed}) == system_error_text(EPIPE));
  }
}

TEST_CASE("sim: a cancelled or timed-out read of a pipe takes nothing, with any seed") {
  const auto body = []() -> Coro<std::string> {
    const Pipe pipe = co_await open_pipe();
    std::string story = co_await ending(wait_for(pipe.reader.read(100), 1ms));
    const auto task = create_task(pipe.reader.readexactly(6));
    pipe.writer.write("abc");
    co_await sleep(1s);
    task.cancel();
    story += ", " + co_await ending(task);
    pipe.writer.write("def");
    pipe.writer.close();
    story += ", " + co_await pipe.reader.read();
    co_return story;
  };
  for (std::uint64_t seed = 0; seed <= 50; ++seed) {
    INFO("seed " << seed);
    REQUIRE(sim::run(body(), {.seed = seed}) == "TimeoutError, cancelled, abcdef");
  }
}

TEST_CASE("sim: a reader of a pipe that nobody writes to any more is a deadlock, and the error names the pipe") {
  const auto body = []() -> Coro<> {
    const Pipe pipe = co_await open_pipe();
    static_cast<void>(co_await pipe.reader.read());
  };
  std::string text;
  try {
    sim::run(body());
  } catch (const DeadlockError& error) {
    text = error.what();
  }
  CHECK(contains(text, "waits for bytes from a pipe"));
}

TEST_CASE("sim: pipes whose ends go in any order leave no handle") {
  const auto body = []() -> Coro<> {
    { const Pipe unused = co_await open_pipe(); }
    Pipe reader_first = co_await open_pipe();
    reader_first.reader = StreamReader();
    reader_first.writer = StreamWriter();
    Pipe writer_first = co_await open_pipe();
    writer_first.writer = StreamWriter();
    writer_first.reader = StreamReader();
    const auto task = create_task(open_pipe());
    co_await sleep(0s);
    task.cancel();
    static_cast<void>(co_await as_outcome(task));
    const Pipe left_to_the_loop = co_await open_pipe();
    left_to_the_loop.writer.write(std::string(1'000'000, 'x'));
  };
  for (std::uint64_t seed = 0; seed <= 50; ++seed) {
    INFO("seed " << seed);
    sim::SimBackend backend({.seed = seed});
    rondo::run(backend, body());
    REQUIRE(next_handle(backend) == 3);
  }
}

TEST_CASE("sim: there are no descriptors of the program's own in a simulated world") {
  CHECK(sim::run(ending(connect_read_pipe(0))) == system_error_text(ENOTSUP));
  CHECK(sim::run(ending(open_connection({.socket = 0}))) == system_error_text(ENOTSUP));
}
