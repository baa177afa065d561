// SPDX-License-Identifier: BSL-1.0
// sim_network_test.cpp - the simulated network, operation by operation: TCP, UDP and Unix streams as Linux has them.
#include "sim_world.hpp"

#include <algorithm>
#include <cerrno>

#include <rondo/resolve_error.hpp>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

const Address web = Address::loopback(80);
Address v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d, std::uint16_t port) {
  return Address::ipv4({a, b, c, d}, port);
}
Address v6_loopback(std::uint16_t port) { return Address::parse("::1", port); }

std::string reason(ResolveError::Reason why) { return std::to_string(-static_cast<int>(why)); }

}  // namespace

// --- connecting ------------------------------------------------------------------------------------------------------

TEST_CASE("nothing completes inside submit: the next reap has it") {
  SimWorld world;
  auto& listening = world.listen(web);
  CHECK(listening.completions == 0);
  CHECK(world.reap() == 1);
  CHECK(listening.result >= 0);
}

TEST_CASE("a connect completes when the listener's queue has it, before anybody accepts") {
  SimWorld world;
  const int listener = world.result_of(world.listen(web));
  auto& connecting = world.connect(web);
  CHECK(world.result_of(connecting) >= 0);
  auto& accepting = world.accept(listener);
  CHECK(world.result_of(accepting) >= 0);
  CHECK(connecting.endpoint.remote == web);
  CHECK(connecting.endpoint.local == Address::loopback(49152));
  CHECK(accepting.endpoint.local == web);
  CHECK(accepting.endpoint.remote == connecting.endpoint.local);
}

TEST_CASE("handles are the lowest free numbers, as descriptors are") {
  SimWorld world;
  CHECK(world.result_of(world.listen(web)) == 3);
  CHECK(world.result_of(world.connect(web)) == 4);
  CHECK(world.result_of(world.connect(web)) == 5);
  CHECK(world.result_of(world.close(4)) == 0);
  CHECK(world.result_of(world.accept(3)) == 4);
  CHECK(world.result_of(world.accept(3)) == 6);
}

TEST_CASE("ports that nobody asked for go up from 49152, for each family and protocol") {
  SimWorld world;
  auto& first = world.listen(Address::loopback(0));
  auto& second = world.listen(Address::loopback(0));
  auto& other_family = world.listen(v6_loopback(0));
  auto& other_protocol = world.open_datagram(Address::loopback(0));
  auto& taken = world.listen(Address::loopback(49154));
  auto& third = world.listen(Address::loopback(0));
  world.run();
  CHECK(first.endpoint.local.port() == 49152);
  CHECK(second.endpoint.local.port() == 49153);
  CHECK(other_family.endpoint.local.port() == 49152);
  CHECK(other_protocol.endpoint.local.port() == 49152);
  CHECK(taken.result >= 0);
  CHECK(third.endpoint.local.port() == 49155);
}

TEST_CASE("a connect is refused where nobody listens, on every known address") {
  SimWorld world;
  CHECK(world.result_of(world.connect(web)) == -ECONNREFUSED);
  CHECK(world.result_of(world.connect(v6_loopback(80))) == -ECONNREFUSED);
  CHECK(world.result_of(world.connect(v4(10, 1, 2, 3, 80))) == -ECONNREFUSED);
}

TEST_CASE("a connect to an address that nobody has waits for ever, until it is cancelled") {
  SimWorld world;
  auto& connecting = world.connect(v4(192, 0, 2, 1, 80));
  CHECK(world.reap(world.backend.now() + 1h) == 0);
  CHECK(world.backend.stuck());
  world.cancel(connecting);
  CHECK(world.result_of(connecting) == -ECANCELED);
}

TEST_CASE("a listener at every address takes connections to each of them, and says which") {
  SimWorld world;
  const int listener = world.result_of(world.listen(Address::ipv4({}, 80)));
  for (const Address& address : {web, v4(127, 0, 0, 9, 80), v4(10, 0, 0, 1, 80)}) {
    CHECK(world.result_of(world.connect(address)) >= 0);
    auto& accepting = world.accept(listener);
    world.run();
    CHECK(accepting.endpoint.local == address);
  }
  CHECK(world.result_of(world.connect(v6_loopback(80))) == -ECONNREFUSED);
}

TEST_CASE("a connect to 0.0.0.0 or :: reaches this machine") {
  SimWorld world;
  world.listen(web);
  world.listen(v6_loopback(80));
  auto& connecting = world.connect(Address::ipv4({}, 80));
  auto& connecting6 = world.connect(Address::ipv6({}, 80));
  world.run();
  CHECK(connecting.endpoint.remote == web);
  CHECK(connecting6.endpoint.remote == v6_loopback(80));
}

TEST_CASE("a listener at the address itself goes before one at every address") {
  SimWorld world;
  SocketOptions shared;
  shared.reuse_port = true;
  const int all = world.result_of(world.listen(Address::ipv4({}, 80), 100, shared));
  const int one = world.result_of(world.listen(web, 100, shared));
  world.connect(web);
  CHECK(world.result_of(world.accept(one)) >= 0);
  CHECK(world.result_of(world.accept(all)) == SimWorld::waits);
}

TEST_CASE("a connect from an address of one's own comes from there; one in use, or of nobody, is an error") {
  SimWorld world;
  const int listener = world.result_of(world.listen(web));
  auto& connecting = world.connect(web, v4(127, 0, 0, 5, 7000));
  auto& accepting = world.accept(listener);
  CHECK(world.result_of(connecting) >= 0);
  CHECK(accepting.endpoint.remote == v4(127, 0, 0, 5, 7000));
  CHECK(world.result_of(world.connect(web, v4(127, 0, 0, 5, 7000))) == -EADDRINUSE);
  CHECK(world.result_of(world.connect(web, v4(192, 0, 2, 1, 0))) == -EADDRNOTAVAIL);
  CHECK(world.result_of(world.connect(web, v6_loopback(0))) == -EAFNOSUPPORT);
  CHECK(world.result_of(world.connect(Address())) == -EINVAL);
}

TEST_CASE("an address in use cannot be listened at, unless both ask for reuse_port; a closed listener's is free") {
  SimWorld world;
  const int listener = world.result_of(world.listen(web));
  CHECK(world.result_of(world.listen(web)) == -EADDRINUSE);
  CHECK(world.result_of(world.listen(Address::ipv4({}, 80))) == -EADDRINUSE);
  CHECK(world.result_of(world.listen(v4(10, 0, 0, 1, 80))) >= 0);
  SocketOptions shared;
  shared.reuse_port = true;
  CHECK(world.result_of(world.listen(web, 100, shared)) == -EADDRINUSE);
  world.close(listener);
  CHECK(world.result_of(world.listen(web, 100, shared)) >= 0);
  CHECK(world.result_of(world.listen(web, 100, shared)) >= 0);
  CHECK(world.result_of(world.listen(web)) == -EADDRINUSE);
}

TEST_CASE("a listener can come back while its old connections live") {
  SimWorld world;
  const auto pair = world.pair();
  world.close(pair.listener);
  CHECK(world.result_of(world.listen(web)) >= 0);
}

TEST_CASE("an address of nobody cannot be listened at, nor can no address") {
  SimWorld world;
  CHECK(world.result_of(world.listen(v4(192, 0, 2, 1, 80))) == -EADDRNOTAVAIL);
  CHECK(world.result_of(world.listen(Address())) == -EINVAL);
}

TEST_CASE("a TCP connect waits while the backlog is full; as on Linux one more fits than asked") {
  SimWorld world;
  const int listener = world.result_of(world.listen(web, 1));
  auto& first = world.connect(web);
  auto& second = world.connect(web);
  auto& third = world.connect(web);
  auto& fourth = world.connect(web);
  world.run();
  CHECK(first.result >= 0);
  CHECK(second.result >= 0);
  CHECK(third.result == SimWorld::waits);
  world.accept(listener);
  CHECK(world.result_of(third) >= 0);
  CHECK(fourth.result == SimWorld::waits);
  world.close(listener);
  CHECK(world.result_of(fourth) == -ECONNREFUSED);
}

TEST_CASE("a connect that waits for room can be cancelled, and takes none then") {
  SimWorld world;
  const int listener = world.result_of(world.listen(web, 0));
  world.connect(web);
  auto& cancelled = world.connect(web);
  auto& next = world.connect(web);
  world.run();
  world.cancel(cancelled);
  CHECK(world.result_of(cancelled) == -ECANCELED);
  world.accept(listener);
  CHECK(world.result_of(next) >= 0);
}

TEST_CASE("several accepts wait, and are served in the order asked") {
  SimWorld world;
  const int listener = world.result_of(world.listen(web));
  auto& first = world.accept(listener);
  auto& second = world.accept(listener);
  world.connect(web);
  world.run();
  CHECK(first.result >= 0);
  CHECK(second.result == SimWorld::waits);
  world.connect(web);
  CHECK(world.result_of(second) >= 0);
}

TEST_CASE("closing a listener resets the connections that nobody accepted, and ends accepts that wait") {
  SimWorld world;
  const int listener = world.result_of(world.listen(web));
  const int client = world.result_of(world.connect(web));
  auto& receiving = world.recv(client, 10);
  world.close(listener);
  CHECK(world.result_of(receiving) == -ECONNRESET);
  const int other = world.result_of(world.listen(Address::loopback(81)));
  auto& accepting = world.accept(other);
  world.run();
  world.close(other);
  CHECK(world.result_of(accepting) == -ECANCELED);
}

TEST_CASE("a connection whose client has left before accept is accepted all the same, with what was sent") {
  SimWorld world;
  const int listener = world.result_of(world.listen(web));
  const int client = world.result_of(world.connect(web));
  world.send(client, "bye");
  world.close(client);
  const int server = world.result_of(world.accept(listener));
  CHECK(world.text_of(world.recv(server, 10)) == "bye");
  CHECK(world.result_of(world.recv(server, 10)) == 0);
}

// --- streams ---------------------------------------------------------------------------------------------------------

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

// --- datagrams -------------------------------------------------------------------------------------------------------

TEST_CASE("a datagram arrives whole, and says who sent it") {
  SimWorld world;
  const int server = world.result_of(world.open_datagram(Address::ipv4({}, 53)));
  auto& opening = world.open_datagram(Address::loopback(0));
  const int client = world.result_of(opening);
  CHECK(world.result_of(world.send_to(client, "question", Address::loopback(53))) == 8);
  world.send_to(client, "", Address::loopback(53));
  auto& receiving = world.recv_from(server, 100);
  CHECK(world.text_of(receiving) == "question");
  CHECK_FALSE(receiving.datagram.truncated);
  CHECK(receiving.datagram.address == opening.endpoint.local);
  CHECK(world.result_of(world.recv_from(server, 100)) == 0);
  world.send_to(server, "answer", receiving.datagram.address);
  auto& answered = world.recv_from(client, 100);
  CHECK(world.text_of(answered) == "answer");
  CHECK(answered.datagram.address == Address::loopback(53));
}

TEST_CASE("a datagram longer than the room is cut, and says so; the rest is lost") {
  SimWorld world;
  const int socket = world.result_of(world.open_datagram(Address::loopback(53)));
  world.send_to(socket, "abcdef", Address::loopback(53));
  world.send_to(socket, "next", Address::loopback(53));
  auto& receiving = world.recv_from(socket, 4);
  CHECK(world.text_of(receiving) == "abcd");
  CHECK(receiving.datagram.truncated);
  CHECK(world.text_of(world.recv_from(socket, 4)) == "next");
}

TEST_CASE("datagrams that find no room are lost") {
  SimWorld world;
  SocketOptions options;
  options.receive_buffer = 10;
  const int socket = world.result_of(world.open_datagram(Address::loopback(53), {}, options));
  for (const char* text : {"12345", "67890", "x"}) world.send_to(socket, text, Address::loopback(53));
  world.run();
  CHECK(world.text_of(world.recv_from(socket, 100)) == "12345");
  world.send_to(socket, "y", Address::loopback(53));
  CHECK(world.text_of(world.recv_from(socket, 100)) == "67890");
  CHECK(world.text_of(world.recv_from(socket, 100)) == "y");
}

TEST_CASE("a connected datagram socket hears its peer alone, and needs no address to send") {
  SimWorld world;
  const int server = world.result_of(world.open_datagram(Address::loopback(53)));
  const int stranger = world.result_of(world.open_datagram(Address::loopback(54)));
  auto& opening = world.open_datagram(Address(), Address::loopback(53));
  const int client = world.result_of(opening);
  CHECK(opening.endpoint.local == Address::loopback(49152));
  world.send_to(stranger, "spam", opening.endpoint.local);
  world.send_to(server, "news", opening.endpoint.local);
  CHECK(world.text_of(world.recv_from(client, 10)) == "news");
  CHECK(world.result_of(world.send_to(client, "hi")) == 2);
  CHECK(world.text_of(world.recv_from(server, 10)) == "hi");
}

TEST_CASE("a datagram to nobody is lost, one without an address is EDESTADDRREQ, a huge one EMSGSIZE") {
  SimWorld world;
  const int socket = world.result_of(world.open_datagram(Address::loopback(53)));
  CHECK(world.result_of(world.send_to(socket, "x", Address::loopback(99))) == 1);
  CHECK(world.result_of(world.send_to(socket, "x", v4(192, 0, 2, 1, 99))) == 1);
  CHECK(world.result_of(world.send_to(socket, "x")) == -EDESTADDRREQ);
  CHECK(world.result_of(world.send_to(socket, std::string(65508, 'x'), Address::loopback(53))) == -EMSGSIZE);
  CHECK(world.result_of(world.send_to(socket, "x", v6_loopback(53))) == -EAFNOSUPPORT);
}

TEST_CASE("a datagram socket's address is in use until it is closed") {
  SimWorld world;
  const int socket = world.result_of(world.open_datagram(Address::loopback(53)));
  CHECK(world.result_of(world.open_datagram(Address::loopback(53))) == -EADDRINUSE);
  CHECK(world.result_of(world.open_datagram(Address(), Address())) == -EINVAL);
  auto& receiving = world.recv_from(socket, 10);
  world.close(socket);
  CHECK(world.result_of(receiving) == -ECANCELED);
  CHECK(world.result_of(world.open_datagram(Address::loopback(53))) >= 0);
}

TEST_CASE("the oracle can lose a datagram, and let one overtake another") {
  const sim::Tape tape = {{"net.loss", 8, 0}, {"net.delay", 8, 4}, {"net.loss", 8, 7}, {"net.loss", 8, 0},
                          {"net.delay", 8, 0}};
  SimWorld world({.replay = &tape});
  const int socket = world.result_of(world.open_datagram(Address::loopback(53)));
  for (const char* text : {"late", "lost", "soon"}) world.send_to(socket, text, Address::loopback(53));
  CHECK(world.text_of(world.recv_from(socket, 10)) == "soon");
  CHECK(world.text_of(world.recv_from(socket, 10)) == "late");
  CHECK(world.backend.now() == Instant() + 2ms);
  CHECK(world.result_of(world.recv_from(socket, 10)) == SimWorld::waits);
}

// --- lookups ---------------------------------------------------------------------------------------------------------

TEST_CASE("a lookup finds localhost, names that were given, and addresses in numbers; the family filters") {
  const std::vector<sim::Name> names = {{"db", {v4(10, 0, 0, 5, 0), v6_loopback(0)}}};
  SimWorld world({.names = &names});
  const auto found = [&](Lookup lookup) {
    auto& looking = world.resolve(std::move(lookup));
    world.run();
    std::string text;
    for (const Address& address : looking.lookup.addresses) text += address.str() + " ";
    return looking.result == 0 ? text : std::to_string(looking.result);
  };
  const auto v4_only = Address::Family::ipv4;
  const auto v6_only = Address::Family::ipv6;
  CHECK(found({"localhost", "80", {}, false, false, {}}) == "127.0.0.1:80 [::1]:80 ");
  CHECK(found({"db", "postgresql", {}, false, false, {}}) == "10.0.0.5:5432 [::1]:5432 ");
  CHECK(found({"db", "1", v4_only, false, false, {}}) == "10.0.0.5:1 ");
  CHECK(found({"10.9.8.7", "http", {}, false, false, {}}) == "10.9.8.7:80 ");
  CHECK(found({"", "", {}, false, false, {}}) == "127.0.0.1:0 [::1]:0 ");
  CHECK(found({"", "443", {}, false, true, {}}) == "0.0.0.0:443 [::]:443 ");
  CHECK(found({"", "443", v6_only, false, true, {}}) == "[::]:443 ");
  CHECK(found({"10.9.8.7", "1", v6_only, false, false, {}}) == reason(ResolveError::Reason::no_address));
  CHECK(found({"nobody", "1", {}, false, false, {}}) == reason(ResolveError::Reason::host_not_found));
  CHECK(found({"db", "65536", {}, false, false, {}}) == reason(ResolveError::Reason::unknown_service));
  CHECK(found({"db", "nothing", {}, false, false, {}}) == reason(ResolveError::Reason::unknown_service));
}

TEST_CASE("a lookup takes the oracle's time, and a cancelled one takes none") {
  const sim::Tape tape = {{"net.resolve", 8, 7}};
  SimWorld world({.replay = &tape});
  auto& looking = world.resolve({"localhost", "80", {}, false, false, {}});
  CHECK(world.reap(world.backend.now() + 500ms) == 0);
  world.cancel(looking);
  CHECK(world.result_of(looking) == -ECANCELED);
  CHECK(world.backend.stuck());
  CHECK(world.backend.now() == Instant() + 500ms);
}

// --- time and choices ------------------------------------------------------------------------------------------------

TEST_CASE("stream bytes never overtake each other, however long each piece travels") {
  const sim::Tape tape = {{"net.delay", 8, 0}, {"net.order", 2, 0}, {"net.send", 4, 0},
                          {"net.delay", 8, 7}, {"net.send", 4, 0},  {"net.delay", 8, 0}};
  SimWorld world({.replay = &tape});
  const auto pair = world.pair();
  world.send(pair.client, "first ");
  world.reap();
  world.send(pair.client, "second");
  CHECK(world.text_of(world.recv(pair.server, 6)) == "first ");
  CHECK(world.text_of(world.recv(pair.server, 6)) == "second");
  CHECK(world.backend.now() == Instant() + 1s);
}

TEST_CASE("how many bytes an operation moves is the oracle's choice, at least one and never more than there are") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimWorld world({.seed = seed});
    const auto pair = world.pair();
    std::string got;
    std::size_t sent = 0;
    const std::string all = "abcdefghijklmnopqrstuvwxyz";
    while (got.size() < all.size()) {
      if (sent < all.size()) {
        sent += static_cast<std::size_t>(world.result_of(world.send(pair.client, all.substr(sent))));
      }
      const std::string part = world.text_of(world.recv(pair.server, 7));
      REQUIRE_FALSE(part.empty());
      REQUIRE(part.size() <= 7);
      got += part;
    }
    CHECK(got == all);
  }
}

TEST_CASE("completions of one instant come in the order asked, or as the oracle says, but in order on one socket") {
  const sim::Tape tape = {{"net.order", 2, 1}};
  SimWorld swapped({.replay = &tape});
  auto& first = swapped.listen(web);
  auto& second = swapped.listen(Address::loopback(81));
  swapped.run();
  CHECK(swapped.order == std::vector{second.id, first.id});
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SimWorld world({.seed = seed});
    const auto pair = world.pair();
    auto& before = world.recv(pair.server, 1);
    auto& after = world.recv(pair.server, 1);
    world.order.clear();
    world.send(pair.client, "a");
    world.send(pair.client, "b");
    world.run();
    const auto at = [&](OperationId id) { return std::find(world.order.begin(), world.order.end(), id); };
    CHECK(at(before.id) < at(after.id));
    CHECK(before.bytes + after.bytes == "ab");
  }
}

TEST_CASE("a tape of another run is refused by the network, and every operation still has its completion") {
  const sim::Tape tape = {{"coffee.temperature", 3, 1}};
  SimWorld world({.replay = &tape});
  world.listen(web);
  CHECK_THROWS_AS(static_cast<void>(world.connect(web)), sim::TapeMismatch);
  auto& again = world.connect(web);
  world.run();
  CHECK(again.result >= 0);
  CHECK(world.order.size() == 3);
}

TEST_CASE("the world is stuck when only operations of the network wait, and no signal handler") {
  SimWorld world;
  CHECK(world.backend.stuck());
  const auto pair = world.pair();
  auto& receiving = world.recv(pair.client, 10);
  CHECK(world.backend.stuck());
  Output handler;
  handler.kind = OperationKind::signal;
  handler.handle = 15;
  handler.id = {1000, 1};
  world.backend.submit(std::span(&handler, 1));
  CHECK_FALSE(world.backend.stuck());
  handler.verb = Output::Verb::cancel;
  world.backend.submit(std::span(&handler, 1));
  static_cast<void>(world.backend.reap(Instant::min()));
  CHECK(world.backend.stuck());
  world.send(pair.server, "x");
  CHECK_FALSE(world.backend.stuck());
  CHECK(world.result_of(receiving) == 1);
}

TEST_CASE("10,000 connections at once are served in the order in which they came") {
  SimWorld world;
  const int listener = world.result_of(world.listen(web, 10'000));
  std::vector<int> clients;
  for (int i = 0; i < 10'000; ++i) {
    auto& connecting = world.connect(web);
    world.reap();
    clients.push_back(connecting.result);
  }
  int right = 0;
  for (const int client : clients) {
    const int server = world.result_of(world.accept(listener));
    world.send(client, std::to_string(client));
    if (world.text_of(world.recv(server, 10)) == std::to_string(client)) ++right;
  }
  CHECK(right == 10'000);
}
