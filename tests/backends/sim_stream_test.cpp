// SPDX-License-Identifier: BSL-1.0
// sim_stream_test.cpp - TCP and Unix streams of the simulated network, operation by operation, as Linux has them.
#include "sim_world.hpp"

#include <cerrno>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

TEST_CASE("bytes arrive as they were sent, into one's own memory or the backend's") {
  for (const bool own : {true, false}) {
    SimWorld world;
    const auto pair = world.pair();
    CHECK(world.result_of(world.send(pair.client, "hello")) == 5);
    CHECK(world.text_of(world.recv(pair.server, 3, own)) == "hel");
    CHECK(world.text_of(world.recv(pair.server, 100, own)) == "lo");
    CHECK(world.result_of(world.send(pair.server, "answer")) == 6);
    CHECK(world.text_of(world.recv(pair.client, 100, own)) == "answer");
  }
}

TEST_CASE("bytes of the backend's own stay until the next reap, whatever is submitted before") {
  SimWorld world;
  const auto pair = world.pair();
  world.send(pair.client, "one");
  world.run();
  world.recv(pair.server, 100, false);
  const auto inputs = world.backend.reap(Instant::min());
  REQUIRE(inputs.size() == 1);
  world.send(pair.client, "two");
  world.recv(pair.server, 100, false);
  world.close(pair.server);
  CHECK(std::string(reinterpret_cast<const char*>(inputs[0].bytes), 3) == "one");
}

TEST_CASE("several slices are sent as if they were one") {
  SimWorld world;
  const auto pair = world.pair();
  const std::string a = "ab";
  const std::string b = "cde";
  const Slice slices[] = {{reinterpret_cast<const std::byte*>(a.data()), a.size()},
                          {nullptr, 0},
                          {reinterpret_cast<const std::byte*>(b.data()), b.size()}};
  Output output;
  output.kind = OperationKind::send;
  output.handle = pair.client;
  output.id = {900, 1};
  output.slices = slices;
  output.size = 3;
  world.backend.submit(std::span(&output, 1));
  const auto inputs = world.backend.reap(Instant::min());
  REQUIRE(inputs.size() == 1);
  CHECK(inputs[0].result == 5);
  CHECK(world.text_of(world.recv(pair.server, 100)) == "abcde");
}

TEST_CASE("receives of one socket wait in line") {
  SimWorld world;
  const auto pair = world.pair();
  auto& first = world.recv(pair.server, 2);
  auto& second = world.recv(pair.server, 100);
  auto& third = world.recv(pair.server, 100);
  world.send(pair.client, "abcd");
  CHECK(world.text_of(first) == "ab");
  CHECK(world.text_of(second) == "cd");
  CHECK(third.result == SimWorld::waits);
}

TEST_CASE("a cancelled receive takes nothing, and those behind it go on") {
  SimWorld world;
  const auto pair = world.pair();
  auto& first = world.recv(pair.server, 100);
  auto& second = world.recv(pair.server, 100);
  world.cancel(first);
  world.send(pair.client, "abcd");
  CHECK(world.result_of(first) == -ECANCELED);
  CHECK(world.text_of(second) == "abcd");
}

TEST_CASE("a cancel that comes too late has no effect") {
  SimWorld world;
  const auto pair = world.pair();
  world.send(pair.client, "abcd");
  world.run();
  auto& receiving = world.recv(pair.server, 100);
  world.cancel(receiving);  // it has happened, and is not reported yet
  CHECK(world.text_of(receiving) == "abcd");
  world.cancel(receiving);
  world.run();
  CHECK(receiving.completions == 1);
}

TEST_CASE("whether a cancel is faster than what happens at the same instant is the oracle's choice") {
  for (const std::uint32_t answer : {0U, 1U}) {
    const sim::Tape tape = {{"net.delay", 8, 0}, {"net.order", 2, 0}, {"net.send", 4, 0}, {"net.delay", 8, 0},
                            {"net.cancel", 2, answer}};
    SimWorld world({.replay = &tape});
    const auto pair = world.pair();
    auto& receiving = world.recv(pair.server, 100);
    world.send(pair.client, "abcd");
    world.cancel(receiving);
    world.run();
    CHECK(receiving.result == (answer == 0 ? -ECANCELED : 4));
    CHECK(receiving.completions == 1);
  }
}

TEST_CASE("a stream ends with 0 after all its bytes, again and again") {
  SimWorld world;
  const auto pair = world.pair();
  world.send(pair.client, "abc");
  world.close(pair.client);
  CHECK(world.text_of(world.recv(pair.server, 100)) == "abc");
  CHECK(world.result_of(world.recv(pair.server, 100)) == 0);
  CHECK(world.result_of(world.recv(pair.server, 100, false)) == 0);
}

TEST_CASE("after shutdown the other direction goes on; a send is EPIPE") {
  SimWorld world;
  const auto pair = world.pair();
  auto& waiting = world.recv(pair.server, 100);
  CHECK(world.result_of(world.shutdown(pair.client)) == 0);
  CHECK(waiting.result == 0);
  CHECK(world.result_of(world.send(pair.client, "no")) == -EPIPE);
  CHECK(world.result_of(world.shutdown(pair.client)) == 0);
  CHECK(world.result_of(world.send(pair.server, "still here")) == 10);
  CHECK(world.text_of(world.recv(pair.client, 100)) == "still here");
  world.close(pair.server);
  CHECK(world.result_of(world.recv(pair.client, 100)) == 0);
}

TEST_CASE("a send to a peer that has closed succeeds once, then it is EPIPE") {
  SimWorld world;
  const auto pair = world.pair();
  world.close(pair.client);
  world.run();
  CHECK(world.result_of(world.send(pair.server, "a")) == 1);
  CHECK(world.result_of(world.send(pair.server, "b")) == -EPIPE);
  CHECK(world.result_of(world.recv(pair.server, 100)) == 0);
  CHECK(world.result_of(world.shutdown(pair.server)) == -ENOTCONN);
}

TEST_CASE("closing with bytes that nobody read resets: the peer reads what had arrived, then ECONNRESET, then 0") {
  SimWorld world;
  const auto pair = world.pair();
  world.send(pair.server, "unread");
  world.send(pair.client, "hello");
  world.run();
  world.close(pair.client);
  world.run();
  CHECK(world.text_of(world.recv(pair.server, 3)) == "hel");
  CHECK(world.text_of(world.recv(pair.server, 3)) == "lo");
  CHECK(world.result_of(world.recv(pair.server, 3)) == -ECONNRESET);
  CHECK(world.result_of(world.recv(pair.server, 3)) == 0);
  CHECK(world.result_of(world.send(pair.server, "x")) == -EPIPE);
}

TEST_CASE("a reset ends a receive and a send that wait") {
  SimWorld world;
  const auto pair = world.pair();
  world.send(pair.server, std::string(100'000, 'x'));
  auto& sending = world.send(pair.server, "more");
  auto& receiving = world.recv(pair.server, 10);
  world.run();
  CHECK(sending.result == SimWorld::waits);
  world.close(pair.client);
  CHECK(world.result_of(receiving) == -ECONNRESET);
  CHECK(sending.result == -EPIPE);
}

TEST_CASE("bytes that arrive at a socket that is closed reset the connection") {
  SimWorld world;
  const auto pair = world.pair();
  world.send(pair.server, "on the way");
  world.close(pair.client);  // before it arrives
  auto& receiving = world.recv(pair.server, 10);
  CHECK(world.result_of(receiving) == 0);
  CHECK(world.result_of(world.send(pair.server, "x")) == -EPIPE);
}

TEST_CASE("a sender waits when 64 KiB are not read, and goes on as they are") {
  SimWorld world;
  const auto pair = world.pair();
  CHECK(world.result_of(world.send(pair.client, std::string(100'000, 'a'))) == 65536);
  auto& waiting = world.send(pair.client, "b");
  auto& next = world.send(pair.client, "c");
  world.run();
  CHECK(waiting.result == SimWorld::waits);
  CHECK(world.result_of(world.recv(pair.server, 1)) == 1);
  CHECK(waiting.result == 1);
  CHECK(next.result == SimWorld::waits);
  CHECK(world.result_of(world.recv(pair.server, 100'000)) == 65536);
  CHECK(next.result == 1);
}

TEST_CASE("the smaller of the receiver's and the sender's buffer says how much may be unread") {
  SimWorld world;
  SocketOptions options;
  options.receive_buffer = 1000;
  options.send_buffer = 4000;
  const auto pair = world.pair(web, options);
  CHECK(world.result_of(world.send(pair.client, std::string(5000, 'a'))) == 1000);
}

TEST_CASE("shutdown ends a send that waits, with EPIPE") {
  SimWorld world;
  const auto pair = world.pair();
  world.send(pair.client, std::string(65536, 'a'));
  auto& waiting = world.send(pair.client, "b");
  world.shutdown(pair.client);
  CHECK(world.result_of(waiting) == -EPIPE);
}

TEST_CASE("close ends what waits on the handle with ECANCELED, and itself with 0; then the handle is EBADF") {
  SimWorld world;
  const auto pair = world.pair();
  auto& first = world.recv(pair.client, 10);
  auto& second = world.recv(pair.client, 10);
  world.send(pair.client, std::string(65536, 'a'));
  auto& sending = world.send(pair.client, "b");
  auto& closing = world.close(pair.client);
  world.run();
  CHECK(first.result == -ECANCELED);
  CHECK(second.result == -ECANCELED);
  CHECK(sending.result == -ECANCELED);
  CHECK(closing.result == 0);
  CHECK(world.result_of(world.recv(pair.client, 10)) == -EBADF);
  CHECK(world.result_of(world.close(pair.client)) == -EBADF);
  CHECK(world.result_of(world.close(-1)) == -EBADF);
  CHECK(world.result_of(world.accept(1'000'000)) == -EBADF);
}

TEST_CASE("an operation on the wrong kind of socket is an error, as on Linux") {
  SimWorld world;
  const auto pair = world.pair();
  CHECK(world.result_of(world.accept(pair.client)) == -EINVAL);
  CHECK(world.result_of(world.recv(pair.listener, 1)) == -ENOTCONN);
  CHECK(world.result_of(world.send(pair.listener, "x")) == -EPIPE);
  const int datagram = world.result_of(world.open_datagram(Address::loopback(0)));
  CHECK(world.result_of(world.accept(datagram)) == -EOPNOTSUPP);
  CHECK(world.result_of(world.shutdown(datagram)) == -ENOTCONN);
}

// --- Unix streams ----------------------------------------------------------------------------------------------------

TEST_CASE("a Unix stream goes through a path; its client has no name") {
  SimWorld world;
  const Address path = Address::unix_path("/run/web");
  const auto pair = world.pair(path);
  CHECK(world.text_of(world.send(pair.client, "hi")) == "hi");
  CHECK(world.text_of(world.recv(pair.server, 10)) == "hi");
  auto& connecting = world.connect(path);
  auto& accepting = world.accept(pair.listener);
  world.run();
  CHECK(connecting.endpoint.local == Address::unix_path(""));
  CHECK(connecting.endpoint.remote == path);
  CHECK(accepting.endpoint.remote == Address::unix_path(""));
  CHECK(accepting.endpoint.local == path);
}

TEST_CASE("a path where nobody listens is ENOENT, one that is in use EADDRINUSE, and a closed listener's is gone") {
  SimWorld world;
  const Address path = Address::unix_path("/run/web");
  CHECK(world.result_of(world.connect(path)) == -ENOENT);
  CHECK(world.result_of(world.connect(Address::unix_path(std::string_view("\0name", 5)))) == -ECONNREFUSED);
  const int listener = world.result_of(world.listen(path));
  CHECK(world.result_of(world.listen(path)) == -EADDRINUSE);
  world.close(listener);
  CHECK(world.result_of(world.connect(path)) == -ENOENT);
  CHECK(world.result_of(world.listen(path)) >= 0);
}

TEST_CASE("a full backlog of a Unix listener is EAGAIN at once") {
  SimWorld world;
  const Address path = Address::unix_path("/run/web");
  world.listen(path, 1);
  CHECK(world.result_of(world.connect(path)) >= 0);
  CHECK(world.result_of(world.connect(path)) >= 0);
  CHECK(world.result_of(world.connect(path)) == -EAGAIN);
}

TEST_CASE("a Unix peer that closed is EPIPE at the first send, and ECONNRESET for reads if it left bytes unread") {
  SimWorld world;
  auto pair = world.pair(Address::unix_path("/run/a"));
  world.close(pair.client);
  world.run();
  CHECK(world.result_of(world.send(pair.server, "x")) == -EPIPE);
  CHECK(world.result_of(world.recv(pair.server, 10)) == 0);
  pair = world.pair(Address::unix_path("/run/b"));
  world.send(pair.server, "q");
  world.send(pair.client, "hello");
  world.run();
  world.close(pair.client);
  world.run();
  CHECK(world.result_of(world.send(pair.server, "x")) == -EPIPE);
  CHECK(world.text_of(world.recv(pair.server, 10)) == "hello");
  CHECK(world.result_of(world.recv(pair.server, 10)) == -ECONNRESET);
  CHECK(world.result_of(world.recv(pair.server, 10)) == 0);
}
