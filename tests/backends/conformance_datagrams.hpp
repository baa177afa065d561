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

CONFORMANCE("a datagram socket with one peer refuses to send to another address, and takes that of its peer") {
  const auto body = []() -> Coro<std::string> {
    const DatagramSocket server = co_await messages::at_loopback();
    const DatagramSocket stranger = co_await messages::at_loopback();
    const DatagramSocket client = co_await open_datagram(Address::loopback(0), server.local_address());
    const auto refused = co_await as_outcome(client.send_to("lost", stranger.local_address()));
    const std::string expected = "send_to: this socket talks to " + server.local_address().str() + " alone, not to " +
        stranger.local_address().str();
    std::string story = describe(refused.error()) == expected ? "refused" : describe(refused.error());
    co_await client.send_to("peer", server.local_address());
    story += ", " + co_await messages::data_of(&server);
    story += ", " + co_await ending(wait_for(messages::data_of(&stranger), 3ms));
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "refused, peer, TimeoutError");
}

CONFORMANCE("errors of datagram sockets name their addresses") {
  const auto body = []() -> Coro<std::string> {
    const auto open = [](Address local) -> Coro<> { const auto socket = co_await open_datagram(std::move(local)); };
    DatagramSocket first = co_await messages::at_loopback();
    const std::string local = first.local_address().str();
    std::string story;
    const auto note = [&story](const auto& outcome, const std::string& expected) {
      story += describe(outcome.error()) == expected ? "" : describe(outcome.error()) + "; ";
    };
    const auto taken = co_await as_outcome(open(first.local_address()));
    note(taken, "a datagram socket at " + local + ": Address already in use");
    const auto too_long = co_await as_outcome(first.send_to(std::string(70'000, 'x'), Address::loopback(9)));
    note(too_long, "a datagram to 127.0.0.1:9 at socket " + local + ": Message too long");
    const auto waits = create_task(messages::data_of(&first));
    co_await a_moment();
    first.close();
    const auto closed = co_await as_outcome(waits);
    note(closed, "a datagram from anybody at socket " + local + ": Operation canceled");
    co_return story;
  };
  World world;
  CHECK(on(world, body()).empty());
}

CONFORMANCE("what is called on a temporary datagram socket keeps it until it is done") {
  const auto body = []() -> Coro<std::string> {
    const DatagramSocket server = co_await messages::at_loopback();
    DatagramSocket moved = co_await messages::at_loopback();
    const Address at = moved.local_address();
    const auto hears = create_task(std::move(moved).recv_from());
    DatagramSocket client = co_await open_datagram(Address::loopback(0), server.local_address());
    const auto sends = create_task(std::move(client).send("sent"));
    co_await sends;
    std::string story = co_await messages::data_of(&server);
    co_await server.send_to("heard", at);
    const auto received = co_await hears;
    story += ", " + received.data;
    co_return story + (moved.socket().is_open() || client.socket().is_open() ? "?" : "");
  };
  World world;
  CHECK(on(world, body()) == "sent, heard");
}

// --- paths -----------------------------------------------------------------------------------------------------------

CONFORMANCE("Unix datagrams pass between two paths, and an empty path is a name that the system picks") {
  const auto body = [](std::string path, std::string other) -> Coro<std::string> {
    const DatagramSocket server = co_await open_datagram(Address::unix_path(path));
    const DatagramSocket client = co_await open_datagram(Address::unix_path(other), Address::unix_path(path));
    const DatagramSocket unnamed = co_await open_datagram(Address::unix_path(""), Address::unix_path(path));
    std::string story;
    for (const DatagramSocket* from : {&client, &unnamed}) {
      co_await from->send("to you");
      const auto received = co_await server.recv_from();
      co_await server.send_to(received.data + ", and back", received.address);
      const auto answer = co_await from->recv_from();
      story += answer.data + (received.address == from->local_address() ? "; " : " from somebody else; ");
    }
    story += unnamed.local_address().str().substr(0, 1);
    co_return story;
  };
  World world;
  const std::string path = temporary_path();
  const std::string other = temporary_path();
  CHECK(on(world, body(path, other)) == "to you, and back; to you, and back; @");
}

CONFORMANCE("a datagram to a path where nobody is fails and names it, as does one to a path that is too long") {
  const auto body = [](std::string path) -> Coro<std::string> {
    const DatagramSocket socket = co_await open_datagram(Address::unix_path(""));
    const auto missing = co_await as_outcome(socket.send_to("x", Address::unix_path(path)));
    const auto far = co_await as_outcome(socket.send_to("x", Address::unix_path(std::string(200, 'p'))));
    const std::string said = describe(missing.error());
    co_return (contains(said, "a datagram to " + path) && contains(said, "No such file") ? "missing, " : said) +
        (contains(describe(far.error()), "File name too long") ? "too long" : describe(far.error()));
  };
  World world;
  CHECK(on(world, body(temporary_path())) == "missing, too long");
}

CONFORMANCE("a path is one datagram socket's while that is open, and what it leaves is taken over by the next") {
  const auto body = [](std::string path) -> Coro<std::string> {
    const auto open = [](std::string at, bool cleanup) -> Coro<> {
      SocketOptions options;
      options.cleanup_socket = cleanup;
      const auto socket = co_await open_datagram(Address::unix_path(at), Address(), options);
    };
    const auto send = [](std::string to) -> Coro<> {
      const DatagramSocket socket = co_await open_datagram(Address::unix_path(""));
      co_await socket.send_to("x", Address::unix_path(to));
    };
    const auto serve = [](std::string at) -> Coro<> { const Server server = co_await start_unix_server(echo, at); };
    std::string story;
    {
      const DatagramSocket first = co_await open_datagram(Address::unix_path(path));
      story += co_await ending(open(path, true));
      story += ", " + co_await ending(serve(path));
      story += ", " + co_await ending(ask_unix(path, "x"));
    }
    co_await turns(2);
    story += ", " + co_await ending(send(path));
    story += ", " + co_await ending(open(path, false));
    co_await turns(2);
    story += ", " + co_await ending(send(path));
    story += ", " + co_await ending(open(path, true));
    co_await turns(2);
    story += ", " + co_await ending(send(path));
    co_return story;
  };
  World world;
  const std::string taken = system_error_text(EADDRINUSE);
  const std::string missing = system_error_text(ENOENT);
  const std::string other_type = system_error_text(EPROTOTYPE);
  CHECK(on(world, body(temporary_path())) == taken + ", " + taken + ", " + other_type + ", " + missing + ", void, " +
                                                 system_error_text(ECONNREFUSED) + ", void, " + missing);
}

CONFORMANCE("a datagram that no socket at a path can take is refused with the cause") {
  const auto body = [](std::string path, std::string own) -> Coro<std::string> {
    const DatagramSocket server = co_await open_datagram(Address::unix_path(path));
    const DatagramSocket client = co_await open_datagram(Address::unix_path(own), Address::unix_path(path));
    const DatagramSocket stranger = co_await open_datagram(Address::unix_path(""));
    std::string story;
    story += co_await ending(stranger.send_to("to one who talks to the server alone", client.local_address()));
    story += ", " + co_await ending(stranger.send_to("without a name", Address::unix_path("")));
    story += ", " + co_await ending(stranger.send_to("of another family", Address::loopback(9)));
    story += ", " + co_await ending(stranger.send_to(std::string(400'000, 'x'), server.local_address()));
    story += ", " + co_await ending(stranger.send("to nobody"));
    const auto open = [](Address local, Address remote) -> Coro<> {
      const auto socket = co_await open_datagram(local, remote);
    };
    story += ", " + co_await ending(open(Address::unix_path(""), Address::unix_path(std::string(200, 'p'))));
    co_return story;
  };
  World world;
  std::string expected;
  for (const int error : {EPERM, EINVAL, EINVAL, EMSGSIZE, ENOTCONN, ENAMETOOLONG}) {
    expected += (expected.empty() ? "" : ", ") + system_error_text(error);
  }
  CHECK(on(world, body(temporary_path(), temporary_path())) == expected);
}
