// SPDX-License-Identifier: BSL-1.0
// sim_network_test.cpp - time, choices and size of the simulated network.
#include "sim_world.hpp"

#include <algorithm>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

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
