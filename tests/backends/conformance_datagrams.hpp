// SPDX-License-Identifier: BSL-1.0
// conformance_datagrams.hpp - what every backend with a network must pass: messages that keep their edges.
#pragma once

#include "network.hpp"

using namespace network;

namespace {
namespace messages {

Coro<std::string> data_of(const DatagramSocket* socket, std::size_t most = 65536) {
  const auto received = co_await socket->recv_from(most);
  co_return received.data;
}
Coro<DatagramSocket> at_loopback() { return open_datagram(Address::loopback(0)); }

}  // namespace messages
}  // namespace

CONFORMANCE("datagrams keep their edges and their order on one machine, and say who sent them") {
  const auto body = []() -> Coro<std::string> {
    const DatagramSocket first = co_await messages::at_loopback();
    const DatagramSocket second = co_await messages::at_loopback();
    for (const char* text : {"a", "bc", "", "def"}) co_await first.send_to(text, second.local_address());
    std::string story;
    for (int i = 0; i < 4; ++i) {
      const auto received = co_await second.recv_from();
      story += "[" + received.data + "]";
      if (!(received.address == first.local_address()) || received.truncated) story += "?";
    }
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "[a][bc][][def]");
}

CONFORMANCE("one datagram socket talks to several peers, and they can answer") {
  const auto body = []() -> Coro<std::string> {
    const DatagramSocket server = co_await messages::at_loopback();
    std::vector<DatagramSocket> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(co_await messages::at_loopback());
    for (std::size_t i = 0; i < clients.size(); ++i) {
      co_await clients[i].send_to(std::to_string(i), server.local_address());
    }
    for (int i = 0; i < 3; ++i) {
      const auto received = co_await server.recv_from();
      co_await server.send_to("to " + received.data, received.address);
    }
    std::string story;
    for (const DatagramSocket& client : clients) story += co_await messages::data_of(&client) + " ";
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "to 0 to 1 to 2 ");
}

CONFORMANCE("a datagram that is longer than what was asked for is cut, marked, and its rest is lost") {
  const auto body = []() -> Coro<std::string> {
    const DatagramSocket first = co_await messages::at_loopback();
    const DatagramSocket second = co_await messages::at_loopback();
    co_await first.send_to("0123456789", second.local_address());
    co_await first.send_to("exact", second.local_address());
    const auto cut = co_await second.recv_from(4);
    const auto whole = co_await second.recv_from(5);
    co_return cut.data + (cut.truncated ? "..., " : ", ") + whole.data + (whole.truncated ? "..." : "");
  };
  World world;
  CHECK(on(world, body()) == "0123..., exact");
}

CONFORMANCE("a datagram socket with one peer sends without an address, and hears that peer alone") {
  const auto body = []() -> Coro<std::string> {
    const DatagramSocket server = co_await messages::at_loopback();
    const DatagramSocket stranger = co_await messages::at_loopback();
    const DatagramSocket client = co_await open_datagram(Address::loopback(0), server.local_address());
    std::string story = client.peer_address() == server.local_address() ? "" : "wrong peer, ";
    co_await client.send("hello");
    const auto received = co_await server.recv_from();
    co_await stranger.send_to("not for you", received.address);
    co_await server.send_to("answer", received.address);
    story += received.data + ", " + co_await messages::data_of(&client);
    story += ", " + co_await ending(wait_for(messages::data_of(&client), 3ms));
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "hello, answer, TimeoutError");
}

CONFORMANCE("tasks that wait for datagrams of one socket are served in the order in which they came") {
  const auto body = []() -> Coro<std::string> {
    const DatagramSocket receiver = co_await messages::at_loopback();
    const DatagramSocket sender = co_await messages::at_loopback();
    const auto first = create_task(messages::data_of(&receiver));
    const auto second = create_task(messages::data_of(&receiver));
    co_await a_moment();
    co_await sender.send_to("1", receiver.local_address());
    co_await sender.send_to("2", receiver.local_address());
    std::string story = co_await second;
    story += co_await first;
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "21");
}

CONFORMANCE("a deadline around recv_from leaves the socket usable") {
  const auto body = []() -> Coro<std::string> {
    const DatagramSocket receiver = co_await messages::at_loopback();
    const DatagramSocket sender = co_await messages::at_loopback();
    std::string story = co_await ending(wait_for(messages::data_of(&receiver), 2ms));
    co_await sender.send_to("later", receiver.local_address());
    story += ", " + co_await messages::data_of(&receiver);
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "TimeoutError, later");
}

CONFORMANCE("closing a datagram socket ends the waits for it with operation_canceled") {
  const auto body = []() -> Coro<std::string> {
    DatagramSocket receiver = co_await messages::at_loopback();
    const auto waits = create_task(ending(messages::data_of(&receiver)));
    co_await a_moment();
    receiver.close();
    const std::string how = co_await waits;
    co_return how;
  };
  World world;
  CHECK(on(world, body()) == system_error_text(ECANCELED));
}

CONFORMANCE("a datagram that is too long is refused, one to a port where nobody listens is lost") {
  const auto body = []() -> Coro<std::string> {
    const DatagramSocket sender = co_await messages::at_loopback();
    DatagramSocket other = co_await messages::at_loopback();
    const Address nobody = other.local_address();
    std::string story = co_await ending(sender.send_to(std::string(70'000, 'x'), nobody));
    other.close();
    co_await turns(2);
    story += ", " + co_await ending(sender.send_to("lost", nobody));
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == system_error_text(EMSGSIZE) + ", void");
}

CONFORMANCE("a datagram socket that is given no address at all is refused, and one at a taken port fails") {
  const auto body = []() -> Coro<std::string> {
    const auto open = [](Address local) -> Coro<> {
      const DatagramSocket socket = co_await open_datagram(std::move(local));
    };
    const DatagramSocket first = co_await messages::at_loopback();
    const std::string refused = co_await ending(open(Address()));
    std::string story = contains(refused, "needs a local address") ? "refused, " : refused;
    story += co_await ending(open(first.local_address()));
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "refused, " + system_error_text(EADDRINUSE));
}

CONFORMANCE("a thousand datagrams sent one after the other, each answered, are all there") {
  const auto body = []() -> Coro<int> {
    const DatagramSocket server = co_await messages::at_loopback();
    const DatagramSocket client = co_await open_datagram(Address::loopback(0), server.local_address());
    const auto answer = [](const DatagramSocket* socket) -> Coro<> {
      for (int i = 0; i < 1000; ++i) {
        const auto received = co_await socket->recv_from(100);
        co_await socket->send_to(received.data, received.address);
      }
    };
    const auto answers = create_task(answer(&server));
    int right = 0;
    for (int i = 0; i < 1000; ++i) {
      co_await client.send(std::to_string(i));
      const std::string text = co_await messages::data_of(&client, 100);
      right += text == std::to_string(i) ? 1 : 0;
    }
    co_await answers;
    co_return right;
  };
  World world;
  CHECK(on(world, body()) == 1000);
}

CONFORMANCE("datagrams pass over IPv6, too") {
  World world;
  if (!has_ipv6(world)) return;
  const auto body = []() -> Coro<std::string> {
    const DatagramSocket first = co_await open_datagram(Address::parse("::1", 0));
    const DatagramSocket second = co_await open_datagram(Address::parse("::1", 0));
    co_await first.send_to("six", second.local_address());
    co_return co_await messages::data_of(&second);
  };
  CHECK(on(world, body()) == "six");
}
