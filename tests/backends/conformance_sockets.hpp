// SPDX-License-Identifier: BSL-1.0
// conformance_sockets.hpp - what every backend with a network must pass: bytes on sockets.
#pragma once

#include "network.hpp"

using namespace network;

CONFORMANCE("what one end of a connection sends is received at the other, in both directions") {
  const auto body = []() -> Coro<std::string> {
    const SocketPair pair = co_await socket_pair();
    co_await send_text(&pair.client, "there");
    std::string story = co_await recv_text(&pair.server);
    co_await send_text(&pair.server, "back");
    story += " " + co_await recv_text(&pair.client);
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "there back");
}

CONFORMANCE("recv takes no more than its buffer holds, and the rest stays") {
  const auto body = []() -> Coro<std::string> {
    const SocketPair pair = co_await socket_pair();
    co_await send_text(&pair.client, "abcdef");
    co_await a_moment();
    std::string story = co_await recv_text(&pair.server, 4);
    story += "|" + co_await recv_text(&pair.server, 4);
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "abcd|ef");
}

CONFORMANCE("a recv that begins before the bytes come gets them when they come") {
  const auto body = []() -> Coro<std::string> {
    const SocketPair pair = co_await socket_pair();
    const auto receiver = create_task(recv_text(&pair.server));
    co_await a_moment();
    const std::string before = receiver.done() ? "too early, " : "";
    co_await send_text(&pair.client, "late");
    const std::string text = co_await receiver;
    co_return before + text;
  };
  World world;
  CHECK(on(world, body()) == "late");
}

CONFORMANCE("recv at the end of the stream gives 0, as often as it is asked") {
  const auto body = []() -> Coro<std::string> {
    SocketPair pair = co_await socket_pair();
    co_await send_text(&pair.client, "last");
    pair.client.close();
    std::string story = co_await recv_text(&pair.server);
    for (int i = 0; i < 3; ++i) story += "[" + co_await recv_text(&pair.server) + "]";
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "last[][][]");
}

CONFORMANCE("the pieces of one send arrive as if they were one") {
  const auto body = []() -> Coro<std::string> {
    const SocketPair pair = co_await socket_pair();
    const std::vector<Slice> pieces{slice_of("one "), slice_of(""), slice_of("two "), slice_of("three")};
    std::size_t sent = co_await pair.client.send(pieces);
    if (sent < 13) co_await send_text(&pair.client, std::string("one two three").substr(sent));
    co_await pair.client.shutdown_write();
    co_return co_await recv_all(&pair.server);
  };
  World world;
  CHECK(on(world, body()) == "one two three");
}

CONFORMANCE("two thousand pieces in one send keep their order") {
  const auto body = []() -> Coro<bool> {
    const SocketPair pair = co_await socket_pair();
    const std::string all = pattern(2000);
    std::vector<Slice> pieces;
    for (std::size_t i = 0; i < all.size(); ++i) pieces.push_back(slice_of(std::string_view(all).substr(i, 1)));
    const std::size_t sent = co_await pair.client.send(pieces);
    if (sent < all.size()) co_await send_text(&pair.client, all.substr(sent));
    co_await pair.client.shutdown_write();
    const std::string received = co_await recv_all(&pair.server);
    co_return received == all;
  };
  World world;
  CHECK(on(world, body()));
}

CONFORMANCE("send_all sends more than the buffers hold while the other end reads, and every byte keeps its place") {
  const auto body = []() -> Coro<bool> {
    const SocketPair pair = co_await socket_pair(small_buffers());
    const auto sender = create_task(send_and_shut(&pair.client, pattern(much)));
    const std::string received = co_await recv_all(&pair.server);
    co_await sender;
    co_return received == pattern(much);
  };
  World world;
  CHECK(on(world, body()));
}

CONFORMANCE("much may pass in both directions at once") {
  const auto body = []() -> Coro<bool> {
    const SocketPair pair = co_await socket_pair(small_buffers());
    const auto there = create_task(send_and_shut(&pair.client, pattern(much / 4)));
    const auto back = create_task(send_and_shut(&pair.server, pattern(much / 2)));
    const auto reader = create_task(recv_all(&pair.server));
    const std::string second = co_await recv_all(&pair.client);
    const std::string first = co_await reader;
    co_await there;
    co_await back;
    co_return first == pattern(much / 4) && second == pattern(much / 2);
  };
  World world;
  CHECK(on(world, body()));
}

CONFORMANCE("after shutdown_write the other end reads to the end, and the other direction goes on: either way") {
  const auto body = [](bool client_first) -> Coro<std::string> {
    const SocketPair pair = co_await socket_pair();
    const Socket& first = client_first ? pair.client : pair.server;
    const Socket& second = client_first ? pair.server : pair.client;
    co_await send_and_shut(&first, "question");
    std::string story = co_await recv_all(&second);
    co_await send_text(&second, " answer");
    co_await a_moment();
    co_await send_and_shut(&second, ", more");
    story += co_await recv_all(&first);
    co_return story;
  };
  World world;
  CHECK(on(world, body(true)) == "question answer, more");
  CHECK(on(world, body(false)) == "question answer, more");
}

CONFORMANCE("a shutdown waits neither for the peer nor for room") {
  const auto body = []() -> Coro<std::string> {
    const SocketPair pair = co_await socket_pair(small_buffers());
    std::size_t sent = 0;
    const std::string lump(1 << 16, 'x');
    const Slice slice = slice_of(lump);
    const auto send = [](const Socket* socket, const Slice* piece) -> Coro<std::size_t> {
      co_return co_await socket->send(*piece);
    };
    for (;;) {
      const auto outcome = co_await as_outcome(wait_for(send(&pair.client, &slice), 10ms));
      if (!outcome.has_value()) break;
      sent += outcome.value();
    }
    std::string story = co_await ending(wait_for(pair.client.shutdown_write(), 5s));
    const std::string all = co_await recv_all(&pair.server);
    if (all.size() != sent) story += ", bytes are lost";
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "void");
}

CONFORMANCE("sending after shutdown_write is an error, and no signal") {
  const auto body = []() -> Coro<std::string> {
    const SocketPair pair = co_await socket_pair();
    co_await pair.client.shutdown_write();
    co_return co_await ending(send_text(&pair.client, "too late"));
  };
  World world;
  CHECK(on(world, body()) == system_error_text(EPIPE));
}

CONFORMANCE("closing a socket whose bytes were not read resets the connection") {
  const auto body = []() -> Coro<std::string> {
    SocketPair pair = co_await socket_pair();
    co_await send_text(&pair.client, "never read");
    co_await a_moment();
    pair.server.close();
    co_return co_await ending(recv_text(&pair.client));
  };
  World world;
  CHECK(on(world, body()) == system_error_text(ECONNRESET));
}

CONFORMANCE("what arrived before a reset can be read, and then the reset is told") {
  const auto body = []() -> Coro<std::string> {
    SocketPair pair = co_await socket_pair();
    co_await send_text(&pair.client, "never read");
    co_await send_text(&pair.server, "abc");
    co_await a_moment();
    pair.server.close();
    co_await a_moment();
    std::string story = co_await recv_text(&pair.client);
    story += ", " + co_await ending(wait_for(recv_text(&pair.client), 5s));
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "abc, " + system_error_text(ECONNRESET));
}

CONFORMANCE("sending to a peer that is gone fails in the end, and raises no signal") {
  const auto body = []() -> Coro<bool> {
    SocketPair pair = co_await socket_pair();
    pair.server.close();
    for (int i = 0; i < 100; ++i) {
      const std::string how = co_await ending(send_text(&pair.client, "hello?"));
      if (how == system_error_text(EPIPE) || how == system_error_text(ECONNRESET)) co_return true;
      co_await sleep(1ms);
    }
    co_return false;
  };
  World world;
  CHECK(on(world, body()));
}

CONFORMANCE("a peer that sends one byte at a time is received byte by byte, and none is lost") {
  const auto body = []() -> Coro<bool> {
    const SocketPair pair = co_await socket_pair();
    const auto dribble = [](const Socket* socket) -> Coro<> {
      const std::string all = pattern(500);
      for (const char& byte : all) {
        const Slice slice{reinterpret_cast<const std::byte*>(&byte), 1};
        static_cast<void>(co_await socket->send(slice));
        if (&byte - all.data() < 5) co_await sleep(1ms);
        co_await turns(1);
      }
      co_await socket->shutdown_write();
    };
    const auto sender = create_task(dribble(&pair.client));
    const std::string received = co_await recv_all(&pair.server);
    co_await sender;
    co_return received == pattern(500);
  };
  World world;
  CHECK(on(world, body()));
}

CONFORMANCE("tasks that wait for bytes of one socket are served in the order in which they came") {
  const auto body = []() -> Coro<std::string> {
    const SocketPair pair = co_await socket_pair();
    const auto first = create_task(recv_text(&pair.server, 1));
    const auto second = create_task(recv_text(&pair.server, 1));
    const auto third = create_task(recv_text(&pair.server, 1));
    co_await a_moment();
    co_await send_text(&pair.client, "abc");
    std::string story = co_await third;
    story += co_await second;
    story += co_await first;
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "cba");
}

CONFORMANCE("a socket that is closed while a task waits in recv ends the wait with operation_canceled") {
  const auto body = []() -> Coro<std::string> {
    SocketPair pair = co_await socket_pair();
    const auto receiver = create_task(ending(recv_text(&pair.server)));
    co_await a_moment();
    pair.server.close();
    const std::string how = co_await receiver;
    co_return how;
  };
  World world;
  CHECK(on(world, body()) == system_error_text(ECANCELED));
}

CONFORMANCE("a socket that is closed while tasks wait in send and accept ends both waits with operation_canceled") {
  const auto body = []() -> Coro<std::string> {
    SocketPair pair = co_await socket_pair(small_buffers());
    Endpoint at;
    Socket listener = co_await listener_at(&at);
    const auto accept = [](const Socket* socket) -> Coro<> { static_cast<void>(co_await socket->accept()); };
    const auto sender = create_task(ending(send_text(&pair.client, pattern(much))));
    const auto acceptor = create_task(ending(accept(&listener)));
    co_await a_moment();
    pair.client.close();
    listener.close();
    std::string story = co_await sender;
    story += ", " + co_await acceptor;
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == system_error_text(ECANCELED) + ", " + system_error_text(ECANCELED));
}

CONFORMANCE("a recv that was asked for before the close, in the same step, has one end") {
  const auto body = []() -> Coro<std::string> {
    SocketPair pair = co_await socket_pair();
    const auto receiver = create_task(ending(recv_text(&pair.server)));
    co_await turns(1);
    pair.server.close();
    const std::string how = co_await receiver;
    co_return how;
  };
  World world;
  CHECK(on(world, body()) == system_error_text(ECANCELED));
}

CONFORMANCE("a closed socket refuses everything with RuntimeError, and closing it again does nothing") {
  const auto body = []() -> Coro<std::string> {
    SocketPair pair = co_await socket_pair();
    Socket moved = std::move(pair.server);
    moved.close();
    moved.close();
    std::string story = moved.is_open() || pair.server.is_open() ? "open" : "closed";
    const std::string first = co_await ending(recv_text(&moved));
    const std::string second = co_await ending(send_text(&pair.server, "x"));
    story += contains(first, "closed") && contains(second, "closed") ? ", refused" : ", " + first + ", " + second;
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "closed, refused");
}

CONFORMANCE("sockets that outlive the run are closed with it, and harmless") {
  World world;
  SocketPair kept;
  const auto body = [](SocketPair* pair) -> Coro<std::string> {
    *pair = co_await socket_pair();
    co_return "kept";
  };
  CHECK(on(world, body(&kept)) == "kept");
  CHECK_FALSE(kept.client.is_open());
  kept.server.close();
}

// --- addresses -------------------------------------------------------------------------------------------------------

CONFORMANCE("both ends of a connection know both addresses") {
  const auto body = []() -> Coro<bool> {
    const SocketPair pair = co_await socket_pair();
    co_return pair.client_end.local == pair.server_end.remote && pair.client_end.remote == pair.server_end.local &&
        pair.client_end.local.port() != 0 && pair.client_end.local.host() == "127.0.0.1";
  };
  World world;
  CHECK(on(world, body()));
}

CONFORMANCE("a connection can be made from a local address that is given") {
  const auto body = []() -> Coro<std::string> {
    Endpoint at;
    const Socket listener = co_await listener_at(&at);
    Endpoint to{Address::parse("127.0.0.2", 0), at.local, {}};
    const Socket client = co_await connect_socket(to);
    Endpoint peer;
    const Socket server = co_await listener.accept(&peer);
    co_return peer.remote.host();
  };
  World world;
  CHECK(on(world, body()) == "127.0.0.2");
}

CONFORMANCE("a connection that nobody listens for is refused, and the error names the address") {
  const auto body = []() -> Coro<std::string> {
    Endpoint at;
    Socket listener = co_await listener_at(&at);
    listener.close();
    Endpoint to{Address(), at.local, {}};
    try {
      const Socket socket = co_await connect_socket(to);
    } catch (const std::system_error& error) {
      co_return std::string(error.code() == std::errc::connection_refused ? "refused" : "other") +
          (contains(error.what(), at.local.str()) ? ", named" : error.what());
    }
    co_return "connected";
  };
  World world;
  CHECK(on(world, body()) == "refused, named");
}

CONFORMANCE("listening at an address that is taken fails, and the error names the address") {
  const auto body = []() -> Coro<std::string> {
    Endpoint at;
    const Socket listener = co_await listener_at(&at);
    Endpoint again{at.local, Address(), {}};
    try {
      const Socket socket = co_await listen_socket(again);
    } catch (const std::system_error& error) {
      co_return std::string(error.code() == std::errc::address_in_use ? "in use" : "other") +
          (contains(error.what(), at.local.str()) ? ", named" : error.what());
    }
    co_return "listening";
  };
  World world;
  CHECK(on(world, body()) == "in use, named");
}

CONFORMANCE("an address that this machine does not have cannot be listened at, nor a path that is too long") {
  const auto body = []() -> Coro<std::string> {
    const auto listen = [](Address address) -> Coro<> {
      Endpoint at;
      const Socket socket = co_await listener_at(&at, std::move(address));
    };
    std::string story = co_await ending(listen(Address::parse("192.0.2.1", 0)));
    story += ", " + co_await ending(listen(Address::unix_path(std::string(500, 'p'))));
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == system_error_text(EADDRNOTAVAIL) + ", " + system_error_text(ENAMETOOLONG));
}

CONFORMANCE("connections that nobody has accepted yet wait with what they have sent") {
  const auto body = []() -> Coro<std::string> {
    Endpoint at;
    const Socket listener = co_await listener_at(&at);
    std::vector<Socket> clients;
    for (const char* name : {"a", "b", "c", "d"}) {
      Endpoint to{Address(), at.local, {}};
      clients.push_back(co_await connect_socket(to));
      co_await send_text(&clients.back(), name);
    }
    co_await a_moment();
    std::string story;
    for (int i = 0; i < 4; ++i) {
      const Socket server = co_await listener.accept();
      story += co_await recv_text(&server);
    }
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "abcd");
}

CONFORMANCE("IPv6 connections work as IPv4 ones do") {
  World world;
  if (!has_ipv6(world)) return;
  const auto body = []() -> Coro<std::string> {
    Endpoint at;
    const Socket listener = co_await listener_at(&at, Address::parse("::1", 0));
    Endpoint to{Address(), at.local, {}};
    const Socket client = co_await connect_socket(to);
    Endpoint peer;
    const Socket server = co_await listener.accept(&peer);
    co_await send_text(&client, "six");
    const std::string text = co_await recv_text(&server);
    co_return text + (peer.remote == to.local && peer.remote.family() == Address::Family::ipv6 ? "" : ", wrong peer");
  };
  CHECK(on(world, body()) == "six");
}

// --- what is refused -------------------------------------------------------------------------------------------------

CONFORMANCE("a send of nothing is refused; empty pieces before others, however many, are passed over") {
  const auto body = []() -> Coro<std::string> {
    const SocketPair pair = co_await socket_pair();
    const auto send = [](const Socket* socket, const std::vector<Slice>* pieces) -> Coro<std::size_t> {
      co_return co_await socket->send(*pieces);
    };
    std::vector<Slice> pieces(1500, slice_of(""));
    const std::vector<Slice> none;
    std::string story = co_await ending(send(&pair.client, &none));
    const std::string again = co_await ending(send(&pair.client, &pieces));
    if (again != story) story += ", differs";
    pieces.push_back(slice_of("late"));
    const std::size_t sent = co_await send(&pair.client, &pieces);
    const std::string received = co_await recv_text(&pair.server);
    co_return story + ", " + std::to_string(sent) + " " + received;
  };
  World world;
  CHECK(on(world, body()) == "send: there is nothing to send; it must be a byte or more, 4 late");
}

CONFORMANCE("two send_all on one socket do not mix: the second is refused, and the first sends every byte") {
  const auto body = []() -> Coro<std::string> {
    const SocketPair pair = co_await socket_pair(small_buffers());
    const auto first = create_task(send_and_shut(&pair.client, pattern(much)));
    co_await a_moment();
    const std::string refused = co_await ending(send_text(&pair.client, "between"));
    const std::string received = co_await recv_all(&pair.server);
    co_await first;
    co_return (contains(refused, "another task is sending") ? "refused" : refused) +
        (received == pattern(much) ? ", whole" : ", mixed");
  };
  World world;
  CHECK(on(world, body()) == "refused, whole");
}

CONFORMANCE("a socket that moves during send_all goes on sending") {
  const auto body = []() -> Coro<bool> {
    SocketPair pair = co_await socket_pair(small_buffers());
    const auto sender = create_task(send_text(&pair.client, pattern(much)));
    co_await a_moment();
    Socket moved = std::move(pair.client);
    const auto reader = create_task(recv_all(&pair.server));
    co_await sender;
    co_await moved.shutdown_write();
    const std::string received = co_await reader;
    co_return received == pattern(much);
  };
  World world;
  CHECK(on(world, body()));
}

CONFORMANCE("readable() and writable() of a socket of the loop's are refused by name, and the socket is as before") {
  const auto body = []() -> Coro<std::string> {
    const SocketPair pair = co_await socket_pair();
    Endpoint at;
    const Socket listener = co_await listener_at(&at);
    std::string story;
    for (const int handle : {pair.client.handle(), pair.server.handle(), listener.handle()}) {
      const std::string expected = "descriptor " + std::to_string(handle) + " is a socket of this loop's";
      const std::string reads = co_await ending(readable(handle));
      const std::string writes = co_await ending(writable(handle));
      if (!contains(reads, expected)) story += "readable: " + reads + ", ";
      if (!contains(writes, expected)) story += "writable: " + writes + ", ";
    }
    co_await send_text(&pair.client, "as before");
    story += co_await recv_text(&pair.server);
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "as before");
}
