// SPDX-License-Identifier: BSL-1.0
// socket_use_test.cpp - what sockets refuse, how long what they are given must live, and what their errors name.
#include <rondo/socket.hpp>

#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net_world.hpp"

#include "catch.hpp"

using namespace rondo;

namespace {

std::span<const std::byte> bytes_of(const char* text) { return std::as_bytes(std::span(text, std::strlen(text))); }
Slice slice_of(const char* text) { return {bytes_of(text).data(), bytes_of(text).size()}; }

Socket socket_in(NetWorld& w, int handle) {
  const Loop::Scope scope(w.loop);
  return Socket(handle);
}
Coro<> send_all_on(const Socket* socket, const char* text) { co_await socket->send_all(bytes_of(text)); }
template <class A>
Coro<std::string> result_of(A operation) {
  const auto outcome = co_await as_outcome(std::move(operation));
  co_return words_of(outcome);
}

}  // namespace

TEST_CASE("a second send_all on one socket is refused, and the first goes on; afterwards another may begin") {
  NetWorld w;
  const Socket socket = socket_in(w, 5);
  const auto first = w.loop.create_task(told(send_all_on(&socket, "hello")));
  const auto second = w.loop.create_task(told(send_all_on(&socket, "WORLD")));
  w.step();
  CHECK_THAT(second.result(), Catch::Contains("another task is sending all of something on socket 5"));
  CHECK(w.depart(2) == "he");
  CHECK(w.depart() == "llo");
  CHECK(first.done());
  const auto third = w.loop.create_task(told(send_all_on(&socket, "again")));
  w.step();
  CHECK(w.depart() == "again");
  CHECK(third.done());
}

TEST_CASE("a send_all that was cancelled or has failed leaves the socket to the next one") {
  NetWorld w;
  const Socket socket = socket_in(w, 5);
  const auto cancelled = w.loop.create_task(told(send_all_on(&socket, "one")));
  w.step();
  cancelled.cancel();
  w.step();
  w.end(OperationKind::send, -ECANCELED);
  const auto failed = w.loop.create_task(told(send_all_on(&socket, "two")));
  w.step();
  w.end(OperationKind::send, -EPIPE);
  CHECK(failed.result() == "socket 5 to take bytes: Broken pipe");
  const auto third = w.loop.create_task(told(send_all_on(&socket, "three")));
  w.step();
  CHECK(w.depart() == "three");
}

TEST_CASE("a send_all goes on on a socket that moves, where a second one is refused as before") {
  NetWorld w;
  Socket first = socket_in(w, 5);
  const auto task = w.loop.create_task(told(send_all_on(&first, "hello")));
  w.step();
  const Socket second(std::move(first));
  CHECK(w.depart(2) == "he");
  const auto refused = w.loop.create_task(told(send_all_on(&second, "x")));
  w.step();
  CHECK_THAT(refused.result(), Catch::Contains("one at a time can"));
  CHECK(w.depart() == "llo");
  CHECK(task.done());
}

TEST_CASE("a send_all whose socket is closed between two sends does not send on whatever has that handle next") {
  NetWorld w;
  Socket socket = socket_in(w, 5);
  const auto task = w.loop.create_task(told(send_all_on(&socket, "hello")));
  w.step();
  const OperationId id = w.take(OperationKind::send).id;
  w.loop.step(w.now, std::vector<Input>{Input::completion(id, 2)}, w.out, 0);  // two bytes are gone, nobody has run yet
  socket.close();
  w.step();
  CHECK(task.result() == "send_all: the socket was closed before all was sent");
  CHECK_FALSE(w.has(OperationKind::send));
}

TEST_CASE("a send keeps the description of its one piece, and a temporary may be gone when it begins") {
  NetWorld w;
  const Socket socket = socket_in(w, 5);
  const auto later = [](const Socket* on) { return on->send(Slice(slice_of("piece"))); };
  const auto task = w.loop.create_task(result_of(later(&socket)));
  w.step();
  CHECK(w.depart() == "piece");
  CHECK(task.result() == "5");
}

TEST_CASE("a send of nothing is refused as a recv into nothing is, however many pieces that are") {
  NetWorld w;
  const Socket socket = socket_in(w, 5);
  const std::vector<Slice> empty(2000, Slice{nullptr, 0});
  const char* const why = "send: there is nothing to send; it must be a byte or more";
  CHECK_THROWS_WITH(static_cast<void>(socket.send(Slice{nullptr, 0})), why);
  CHECK_THROWS_WITH(static_cast<void>(socket.send(std::span<const Slice>())), why);
  CHECK_THROWS_WITH(static_cast<void>(socket.send(empty)), why);
  const auto nothing = w.loop.create_task(told(send_all_on(&socket, "")));
  w.step();
  CHECK(nothing.result() == "void");
  CHECK_FALSE(w.has(OperationKind::send));
}

TEST_CASE("empty pieces in front of others are passed over") {
  NetWorld w;
  const Socket socket = socket_in(w, 5);
  std::vector<Slice> pieces(1500, Slice{nullptr, 0});
  pieces.push_back(slice_of("late"));
  const auto task = w.loop.create_task(result_of(socket.send(pieces)));
  w.step();
  CHECK(w.outputs.at(0).size == 1);
  CHECK(w.depart() == "late");
}

TEST_CASE("a coroutine of a temporary socket keeps the socket, and closes it at its end") {
  NetWorld w;
  const auto sends = w.loop.create_task(socket_in(w, 5).send_all(bytes_of("all")));
  const auto shuts = w.loop.create_task(socket_in(w, 6).shutdown_write());
  const auto accepts = w.loop.create_task(told([](NetWorld* world) -> Coro<> {
    static_cast<void>(co_await socket_in(*world, 7).accept());
  }(&w)));
  w.step();
  CHECK_FALSE(w.has(OperationKind::close));
  CHECK(w.depart() == "all");
  w.step();
  CHECK(w.take(OperationKind::close).handle == 5);
  w.end(OperationKind::shutdown, 0);
  w.step();
  CHECK(w.take(OperationKind::close).handle == 6);
  w.end(OperationKind::accept, 8);
  w.step();
  CHECK(accepts.done());
  CHECK(w.take(OperationKind::close).handle + w.take(OperationKind::close).handle == 7 + 8);
}

// --- errors name addresses -------------------------------------------------------------------------------------------

namespace {

Coro<> listen_at(Address at) {
  Endpoint endpoint;
  endpoint.local = std::move(at);
  const Socket socket = co_await listen_socket(endpoint);
}
Coro<> connect_from(Address from, Address to) {
  Endpoint endpoint;
  endpoint.local = std::move(from);
  endpoint.remote = std::move(to);
  const Socket socket = co_await connect_socket(endpoint);
}
Coro<> open_at(Address local, Address remote) { const auto socket = co_await open_datagram(local, remote); }

/// What is told when an operation of this kind ends so.
std::string told_of(Coro<> coro, OperationKind kind, int error) {
  NetWorld w;
  const auto task = w.loop.create_task(told(std::move(coro)));
  w.step();
  w.end(kind, -error);
  return task.done() ? task.result() : "waits";
}

}  // namespace

TEST_CASE("an error of connect, listen or open_datagram names every address that it may be about") {
  const Address near = Address::loopback(80);
  const Address far = Address::parse("10.0.0.1", 90);
  const Address name = Address::unix_path(std::string_view("\0na\0me", 6));
  CHECK(told_of(listen_at(near), OperationKind::listen, EADDRINUSE) ==
        "a listener at 127.0.0.1:80: Address already in use");
  CHECK(told_of(listen_at(name), OperationKind::listen, EADDRINUSE) ==
        "a listener at @na\\x00me: Address already in use");
  CHECK(told_of(connect_from({}, far), OperationKind::connect, ECONNREFUSED) ==
        "a connection to 10.0.0.1:90: Connection refused");
  CHECK(told_of(connect_from(near, far), OperationKind::connect, EADDRINUSE) ==
        "a connection to 10.0.0.1:90 from 127.0.0.1:80: Address already in use");
  CHECK(told_of(open_at(near, {}), OperationKind::open_datagram, EADDRINUSE) ==
        "a datagram socket at 127.0.0.1:80: Address already in use");
  CHECK(told_of(open_at(near, far), OperationKind::open_datagram, ENETUNREACH) ==
        "a datagram socket at 127.0.0.1:80 that talks to 10.0.0.1:90: Network is unreachable");
}

TEST_CASE("a path that is too long is told with its length and the limit") {
  const Address path = Address::unix_path(std::string(300, 'p'));
  const std::string limit = " (a path of 300 bytes; the limit is 107): File name too long";
  CHECK_THAT(told_of(listen_at(path), OperationKind::listen, ENAMETOOLONG), Catch::EndsWith(limit));
  CHECK_THAT(told_of(connect_from({}, path), OperationKind::connect, ENAMETOOLONG), Catch::EndsWith(limit));
  CHECK_THAT(told_of(open_at(path, {}), OperationKind::open_datagram, ENAMETOOLONG), Catch::EndsWith(limit));
  CHECK(told_of(listen_at(Address::unix_path("/short")), OperationKind::listen, ENAMETOOLONG) ==
        "a listener at /short: File name too long");
}

TEST_CASE("an empty path is refused before anybody is asked") {
  NetWorld w;
  const auto listens = w.loop.create_task(told(listen_at(Address::unix_path(""))));
  const auto connects = w.loop.create_task(told(connect_from({}, Address::unix_path(""))));
  w.step();
  CHECK(listens.result() == "listen: the path of the Unix socket is empty");
  CHECK(connects.result() == "connect: the path of the Unix socket is empty");
  CHECK(w.outputs.empty());
}

TEST_CASE("waiting for a socket of the loop's by its descriptor is refused by name") {
  NetWorld w;
  const auto readiness = w.loop.create_task(result_of(readable(9)));
  w.step();
  w.end(OperationKind::readable, -EEXIST);
  CHECK_THAT(readiness.result(), Catch::StartsWith("descriptor 9 is a socket of this loop's, which waits by itself"));
  const auto other = w.loop.create_task(result_of(writable(10)));
  w.step();
  w.end(OperationKind::writable, -EPERM);
  CHECK(other.result() == "cannot wait for descriptor 10: Operation not permitted");
}
