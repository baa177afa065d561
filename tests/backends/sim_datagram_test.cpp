// SPDX-License-Identifier: BSL-1.0
// sim_datagram_test.cpp - datagrams of the simulated network, operation by operation.
#include "sim_world.hpp"

#include <cerrno>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

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
