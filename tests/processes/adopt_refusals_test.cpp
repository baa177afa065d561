// SPDX-License-Identifier: BSL-1.0
// adopt_refusals_test.cpp - descriptors that are not taken: they stay the caller's, as they were.
#include <rondo/connection.hpp>
#include <rondo/pipe.hpp>
#include <rondo/server.hpp>

#include "descriptors.hpp"
#include "process_run.hpp"

using namespace processes;

namespace {

Coro<> ignore(StreamReader, StreamWriter) { co_return; }

enum class As { reader, writer, connection, server, socket };

Coro<> adopt(int descriptor, As what) {
  switch (what) {
    case As::reader: {
      const StreamReader made = co_await connect_read_pipe(descriptor);
      break;
    }
    case As::writer: {
      const StreamWriter made = co_await connect_write_pipe(descriptor);
      break;
    }
    case As::connection: {
      const Connection made = co_await open_connection({.socket = descriptor});
      break;
    }
    case As::server: {
      const Server made = co_await start_server(ignore, {.socket = descriptor});
      break;
    }
    case As::socket: {
      const Socket made = co_await Socket::adopt(descriptor);
      break;
    }
  }
}

/// Why it is not taken; checks that it is as it was.
std::string refused(const Descriptor& descriptor, As what) {
  const int number = descriptor.number();
  const int flags = ::fcntl(number, F_GETFL);
  std::string why = here(refusal(adopt(number, what)));
  CHECK(is_open(number));
  CHECK(::fcntl(number, F_GETFL) == flags);
  return why;
}

std::string code_of(int number, As what) { return here(ending(adopt(number, what))); }

}  // namespace

TEST_CASE("a regular file is refused, since reading it never waits: run_in_executor is for that") {
  const Descriptor file = opened("/proc/self/exe", O_RDONLY);
  for (const As what : {As::reader, As::connection, As::socket, As::server}) {
    CHECK(contains(refused(file, what), "run_in_executor"));
    CHECK(code_of(file.number(), what) == system_error_text(EPERM));
  }
}

TEST_CASE("a directory is refused") {
  const Descriptor made = opened("/tmp", O_RDONLY | O_DIRECTORY);
  CHECK(contains(refused(made, As::reader), "run_in_executor"));
  CHECK(code_of(made.number(), As::reader) == system_error_text(EPERM));
}

TEST_CASE("a number that is closed is refused, and so is -1") {
  const int number = 900;  // so high that no backend has it
  REQUIRE_FALSE(is_open(number));
  for (const As what : {As::reader, As::writer, As::connection, As::server, As::socket}) {
    CHECK(code_of(number, what) == system_error_text(EBADF));
    CHECK(code_of(-1, what) == system_error_text(EBADF));
  }
  CHECK(code_of(1'000'000, As::reader) == system_error_text(EBADF));
}

TEST_CASE("the wrong end of a pipe is refused by name") {
  const TwoEnds pipe = blocking_pipe();
  CHECK(contains(refused(pipe.second, As::reader), "open for writing alone"));
  CHECK(contains(refused(pipe.first, As::writer), "open for reading alone"));
  CHECK(contains(refused(pipe.first, As::connection), "open for reading alone"));
  CHECK(contains(refused(pipe.second, As::connection), "open for writing alone"));
  CHECK(contains(refused(pipe.second, As::reader), "connect_read_pipe: descriptor " +
                                                       std::to_string(pipe.second.number())));
}

TEST_CASE("a listener is no connection: the refusal says what it is, and what is needed") {
  const Descriptor listener = listening_socket();
  for (const As what : {As::reader, As::writer, As::connection}) {
    const std::string why = refused(listener, what);
    CHECK(contains(why, "is a listening socket"));
    CHECK(contains(why, "must be a connected stream socket"));
  }
}

TEST_CASE("a server is made of a listener and of nothing else") {
  const TwoEnds pair = blocking_sockets();
  CHECK(contains(refused(pair.first, As::server), "is a connected socket; it must be a listening socket"));
  const TwoEnds pipe = blocking_pipe();
  CHECK(contains(refused(pipe.first, As::server), "it must be a listening socket"));
  const TwoEnds both = terminal();
  CHECK(contains(refused(both.second, As::server), "is no socket; it must be a listening socket"));
}

TEST_CASE("a datagram socket is no stream") {
  const TwoEnds pair = blocking_sockets(SOCK_DGRAM);
  for (const As what : {As::reader, As::writer, As::connection, As::server}) {
    CHECK(contains(refused(pair.first, what), "is a datagram socket"));
  }
  const TwoEnds packets = blocking_sockets(SOCK_SEQPACKET);
  CHECK(contains(refused(packets.first, As::connection), "is a datagram socket"));
}

TEST_CASE("a stream socket that is neither connected nor listening is refused") {
  const Descriptor raw(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  for (const As what : {As::reader, As::connection, As::server, As::socket}) {
    CHECK(contains(refused(raw, what), "neither connected nor listening"));
    CHECK(code_of(raw.number(), what) == system_error_text(ENOTCONN));
  }
}

TEST_CASE("what the loop has already is refused, and goes on") {
  const auto body = [](int kind) -> Coro<std::string> {
    const Pipe pipe = co_await open_pipe();
    TwoEnds pair = blocking_sockets();
    const Connection connection = co_await open_connection({.socket = pair.first.take()});
    const int handle = kind == 0 ? pipe.writer.socket().handle() : connection.writer.socket().handle();
    std::string story = co_await ending(adopt(handle, As::writer));
    const std::string why = co_await refusal(adopt(handle, As::writer));
    if (contains(why, "it is a socket of this loop's already")) story += ", named";
    pipe.writer.write("goes on");
    pipe.writer.close();
    story += ", " + co_await pipe.reader.read();
    co_return story;
  };
  CHECK(here(body(0)) == system_error_text(EEXIST) + ", named, goes on");
  CHECK(here(body(1)) == system_error_text(EEXIST) + ", named, goes on");
}

TEST_CASE("a descriptor that the backend cannot watch stays the caller's") {
  const auto body = []() -> Coro<std::string> {
    TwoEnds pipe = blocking_pipe();
    const std::string how = co_await ending(adopt(pipe.first.number(), As::reader));
    co_await a_moment();
    const bool open = is_open(pipe.first.number());
    if (how == "void") static_cast<void>(pipe.first.take());  // io_uring watches nothing beforehand
    if (how == "void") co_return open ? "taken and open" : "taken";
    co_return how + (open ? ", open" : ", closed") + (blocks(pipe.first.number()) ? ", blocks" : ", does not block");
  };
  for (int skipped = 0; skipped < 6; ++skipped) {
    Failing seam(SystemCall::watch, ENOSPC, 1, skipped);
    std::string how = "taken";
    try {
      how = here(body(), &seam);
    } catch (const std::system_error&) {  // the seam has refused what the backend itself needs
    }
    INFO("skipped " << skipped);
    CHECK((how == "taken" || how == system_error_text(ENOSPC) + ", open, blocks"));
  }
}
