// SPDX-License-Identifier: BSL-1.0
// adopt_test.cpp - descriptors of the program's own as streams: pipes, sockets, terminals, devices.
#include <rondo/connection.hpp>
#include <rondo/pipe.hpp>

#include <cstdio>

#include "descriptors.hpp"
#include "process_run.hpp"

using namespace processes;

namespace {

/// With blocking write(2)s.
void put(const Descriptor& descriptor, std::string_view text) {
  if (::write(descriptor.number(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw std::runtime_error("the test could not write");
  }
}
std::string get(const Descriptor& descriptor) {
  char bytes[1000];
  const ssize_t size = ::read(descriptor.number(), bytes, sizeof bytes);
  return size > 0 ? std::string(bytes, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

// --- pipes -----------------------------------------------------------------------------------------------------------

TEST_CASE("an adopted pipe is read to its end") {
  const auto body = []() -> Coro<std::string> {
    TwoEnds pipe = blocking_pipe();
    const StreamReader reader = co_await connect_read_pipe(pipe.first.take());
    put(pipe.second, "like standard input\n");
    std::string text = co_await reader.readline();
    put(pipe.second, "and more");
    pipe.second.close();
    text += co_await reader.read();
    co_return text;
  };
  CHECK(here(body()) == "like standard input\nand more");
}

TEST_CASE("an adopted pipe is written to, and write_eof closes it") {
  const auto body = []() -> Coro<std::string> {
    TwoEnds pipe = blocking_pipe();
    const StreamWriter writer = co_await connect_write_pipe(pipe.second.take());
    writer.write("like standard output");
    writer.write_eof();
    co_await writer.wait_closed();
    co_await a_moment();  // the backend hears of the close at the end of the step
    std::string text = get(pipe.first);
    text += "[" + get(pipe.first) + "]";
    co_return text;
  };
  CHECK(here(body()) == "like standard output[]");
}

TEST_CASE("a pipe that has no writer any more when it is adopted gives what it holds, then its end") {
  const auto body = []() -> Coro<std::string> {
    TwoEnds pipe = blocking_pipe();
    put(pipe.second, "left behind");
    pipe.second.close();
    const StreamReader reader = co_await connect_read_pipe(pipe.first.take());
    co_return co_await reader.read();
  };
  CHECK(here(body()) == "left behind");
}

TEST_CASE("a FIFO is adopted by its readers and its writers") {
  const std::string path = network::temporary_path();
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const auto body = [](std::string at) -> Coro<std::string> {
    Descriptor input = opened(at.c_str(), O_RDONLY | O_NONBLOCK);
    Descriptor output = opened(at.c_str(), O_WRONLY);
    const StreamReader reader = co_await connect_read_pipe(input.take());
    const StreamWriter writer = co_await connect_write_pipe(output.take());
    writer.write("through the file system");
    writer.close();
    co_return co_await reader.read();
  };
  CHECK(here(body(path)) == "through the file system");
  ::unlink(path.c_str());
}

TEST_CASE("an adopted pipe blocks again when it is closed, for whoever shares it") {
  const auto body = [](const Descriptor* copy) -> Coro<std::string> {
    Descriptor mine = copy->duplicate();
    std::string story = blocks(copy->number()) ? "blocks" : "does not block";
    const StreamReader reader = co_await connect_read_pipe(mine.take());
    story += blocks(copy->number()) ? ", blocks" : ", does not block";
    co_return story;
  };
  const TwoEnds pipe = blocking_pipe();
  CHECK(here(body(&pipe.first)) == "blocks, does not block");
  CHECK(blocks(pipe.first.number()));
}

TEST_CASE("two adopted descriptors of one open file block again when the last of them is closed") {
  const auto body = [](const Descriptor* copy) -> Coro<std::string> {
    Connection first = co_await open_connection({.socket = copy->duplicate().take()});
    const Connection second = co_await open_connection({.socket = copy->duplicate().take()});
    first = Connection();
    co_await a_moment();
    std::string story = blocks(copy->number()) ? "blocks" : "does not block";
    story += ", " + co_await ending(wait_for(second.reader.read(1), 2ms));
    co_return story;
  };
  const TwoEnds pair = blocking_sockets();
  CHECK(here(body(&pair.first)) == "does not block, TimeoutError");
  CHECK(blocks(pair.first.number()));
}

TEST_CASE("an adopted pipe that did not block before does not block afterwards") {
  const auto body = [](const Descriptor* copy) -> Coro<> {
    Descriptor mine = copy->duplicate();
    const StreamReader reader = co_await connect_read_pipe(mine.take());
  };
  const TwoEnds pipe = blocking_pipe();
  ::fcntl(pipe.first.number(), F_SETFL, O_NONBLOCK);
  here(body(&pipe.first));
  CHECK_FALSE(blocks(pipe.first.number()));
}

TEST_CASE("an adopted pipe blocks again when the loop ends, with an operation under way") {
  const auto body = [](const Descriptor* copy, StreamReader* kept, Task<std::string>* reading) -> Coro<> {
    Descriptor mine = copy->duplicate();
    *kept = co_await connect_read_pipe(mine.take());
    *reading = create_task(kept->read(1));
    co_await a_moment();
  };
  const TwoEnds pipe = blocking_pipe();
  StreamReader kept;
  Task<std::string> reading;
  here(body(&pipe.first, &kept, &reading));
  CHECK(blocks(pipe.first.number()));
  CHECK(is_open(pipe.first.number()));
}

TEST_CASE("a number may be adopted again when it was closed and means another pipe") {
  const auto body = []() -> Coro<std::string> {
    std::string story;
    for (int i = 0; i < 20; ++i) {
      TwoEnds pipe = blocking_pipe();
      const StreamReader reader = co_await connect_read_pipe(pipe.first.take());
      put(pipe.second, std::to_string(i % 10));
      story += co_await reader.read(10);
    }
    co_return story;
  };
  CHECK(here(body()) == "01234567890123456789");
}

TEST_CASE("a cancellation while a descriptor is adopted closes it") {
  const auto body = [](int number) -> Coro<std::string> {
    const auto task = create_task(connect_read_pipe(number));
    co_await sleep(0s);  // it has begun
    task.cancel();
    std::string how = co_await ending(task);
    co_await a_moment();
    co_return how + (is_open(number) ? ", open" : ", closed");
  };
  TwoEnds pipe = blocking_pipe();
  const Descriptor copy = pipe.first.duplicate();
  const std::size_t before = open_descriptors();
  {
    const auto backend = make_test_backend();
    CHECK(rondo::run(*backend, body(pipe.first.take())) == "cancelled, closed");
  }
  CHECK(blocks(copy.number()));
  CHECK(open_descriptors() == before - 1);
}

TEST_CASE("a cancellation before a descriptor is looked at leaves it with the caller") {
  const auto body = [](int number) -> Coro<std::string> {
    const auto task = create_task(connect_read_pipe(number));
    task.cancel();
    co_return co_await ending(task);
  };
  const TwoEnds pipe = blocking_pipe();
  CHECK(here(body(pipe.first.number())) == "cancelled");
  CHECK(is_open(pipe.first.number()));
  CHECK(blocks(pipe.first.number()));
}

// --- sockets ---------------------------------------------------------------------------------------------------------

TEST_CASE("open_connection takes over one of a pair of sockets") {
  const auto body = []() -> Coro<std::string> {
    TwoEnds pair = blocking_sockets();
    const Connection left = co_await open_connection({.socket = pair.first.take()});
    const Connection right = co_await open_connection({.socket = pair.second.take()});
    left.writer.write("question");
    left.writer.write_eof();
    std::string story = co_await right.reader.read();
    right.writer.write("answer");
    right.writer.close();
    story += ", " + co_await left.reader.read();
    co_return story;
  };
  CHECK(here(body()) == "question, answer");
}

TEST_CASE("an adopted connection carries megabytes both ways at once") {
  const auto body = []() -> Coro<bool> {
    TwoEnds pair = blocking_sockets();
    Connection left = co_await open_connection({.socket = pair.first.take()});
    Connection right = co_await open_connection({.socket = pair.second.take()});
    const auto echoing = create_task(network::echo(std::move(right.reader), std::move(right.writer)));
    const std::string text = pattern(3'000'000);
    left.writer.write(text);
    left.writer.write_eof();
    const std::string back = co_await left.reader.read();
    co_await echoing;
    co_return back == text;
  };
  CHECK(here(body()));
}

TEST_CASE("an adopted TCP connection knows both of its addresses") {
  const auto body = []() -> Coro<std::string> {
    const Descriptor listener = listening_socket();
    sockaddr_in at{};
    socklen_t size = sizeof at;
    ::getsockname(listener.number(), reinterpret_cast<sockaddr*>(&at), &size);
    Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(client.number(), reinterpret_cast<const sockaddr*>(&at), size) != 0) co_return "not connected";
    const Connection connection = co_await open_connection({.socket = client.take()});
    const bool to_listener = connection.writer.peer_address() == Address::loopback(ntohs(at.sin_port));
    const bool from_here = connection.writer.local_address().port() != 0;
    co_return to_listener && from_here ? "both" : connection.writer.peer_address().str();
  };
  CHECK(here(body()) == "both");
}

TEST_CASE("the socket beneath a writer tells who the peer is (SO_PEERCRED)") {
  const auto body = []() -> Coro<int> {
    TwoEnds pair = blocking_sockets();
    const Connection connection = co_await open_connection({.socket = pair.first.take()});
    ucred peer{};
    socklen_t size = sizeof peer;
    ::getsockopt(connection.writer.socket().handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
    co_return peer.pid;
  };
  CHECK(here(body()) == ::getpid());
}

TEST_CASE("connect_read_pipe and connect_write_pipe take a connected socket, too") {
  const auto body = []() -> Coro<std::string> {
    TwoEnds pair = blocking_sockets();
    const StreamReader reader = co_await connect_read_pipe(pair.first.take());
    const StreamWriter writer = co_await connect_write_pipe(pair.second.take());
    writer.write("as a pipe");
    writer.write_eof();
    co_return co_await reader.read();
  };
  CHECK(here(body()) == "as a pipe");
}

// --- terminals and devices -------------------------------------------------------------------------------------------

TEST_CASE("a terminal is a connection, for the program in it and for its emulator") {
  const auto body = []() -> Coro<std::string> {
    TwoEnds both = terminal();
    const Connection emulator = co_await open_connection({.socket = both.first.take()});
    const Connection program = co_await open_connection({.socket = both.second.take()});
    emulator.writer.write("typed\n");
    std::string story = co_await program.reader.readline();
    program.writer.write("shown\n");
    story += co_await emulator.reader.readline();
    co_return story;
  };
  CHECK(here(body()) == "typed\nshown\n");
}

TEST_CASE("when the program's side of a terminal goes, the emulator reads the end and not EIO") {
  const auto body = []() -> Coro<std::string> {
    TwoEnds both = terminal();
    const StreamReader emulator = co_await connect_read_pipe(both.first.take());
    put(both.second, "goodbye");
    std::string story = co_await emulator.readexactly(7);
    both.second.close();
    story += "[" + co_await emulator.read() + "]";
    co_return story;
  };
  CHECK(here(body()) == "goodbye[]");
}

TEST_CASE("when the emulator of a terminal goes, its program reads the end") {
  const auto body = []() -> Coro<std::string> {
    TwoEnds both = terminal();
    const StreamReader program = co_await connect_read_pipe(both.second.take());
    const auto reading = create_task(program.read());
    co_await a_moment();
    both.first.close();
    const std::string text = co_await reading;
    co_return "[" + text + "]";
  };
  CHECK(here(body()) == "[]");
}

TEST_CASE("/dev/null is at its end, and takes whatever is written") {
  const auto body = []() -> Coro<std::string> {
    const StreamReader reader = co_await connect_read_pipe(opened("/dev/null", O_RDONLY).take());
    const StreamWriter writer = co_await connect_write_pipe(opened("/dev/null", O_WRONLY).take());
    writer.write(std::string(1'000'000, 'x'));
    co_await writer.drain();
    writer.close();
    co_await writer.wait_closed();
    co_return "[" + co_await reader.read() + "]";
  };
  CHECK(here(body()) == "[]");
}

TEST_CASE("/dev/zero gives as many bytes as are asked for") {
  const auto body = []() -> Coro<bool> {
    const StreamReader reader = co_await connect_read_pipe(opened("/dev/zero", O_RDONLY).take());
    const std::string text = co_await reader.readexactly(300'000);
    co_return text == std::string(300'000, '\0');
  };
  CHECK(here(body()));
}
