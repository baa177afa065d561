// SPDX-License-Identifier: BSL-1.0
// sim_listener_test.cpp - connecting in the simulated network: ports, backlogs, refusals, as Linux has them.
#include "sim_world.hpp"

#include <cerrno>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

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
