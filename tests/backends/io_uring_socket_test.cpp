// SPDX-License-Identifier: BSL-1.0
// io_uring_socket_test.cpp - operations of sockets that the kernel ends by itself, whatever was asked meanwhile.
#include <sys/resource.h>

#include <cstring>
#include <random>

#include "io_uring_desk.hpp"

// --- buffers ---------------------------------------------------------------------------------------------------------

URING_TEST("two buffers are enough for twenty sockets: they come back, and who found none is served then") {
  UringOptions options;
  options.buffers = 2;
  Desk desk(options);
  std::vector<std::pair<int, int>> connections;
  for (int i = 0; i < 20; ++i) connections.push_back(desk.connection());
  int right = 0;
  for (int round = 0; round < 10; ++round) {
    std::vector<OperationId> all;
    for (const auto& [ours, peer] : connections) all.push_back(desk.recv(peer));
    desk.turn();
    for (std::size_t i = 0; i < connections.size(); ++i) {
      const char byte = static_cast<char>('a' + i);
      write_one(connections[i].first, byte);
    }
    for (std::size_t i = 0; i < connections.size(); ++i) {
      right += desk.result(all[i]) == 1 && desk.text(all[i]) == std::string(1, static_cast<char>('a' + i));
    }
  }
  CHECK(right == 200);
}

URING_TEST("a receive that found no buffer may be cancelled, or its socket closed, and its bytes are still there") {
  UringOptions options;
  options.buffers = 1;
  Desk desk(options);
  const auto a = desk.connection();
  const auto b = desk.connection();
  const auto c = desk.connection();
  for (const int ours : {a.first, b.first, c.first}) write_one(ours, 'x');
  const OperationId first = desk.recv(a.second);
  const OperationId second = desk.recv(b.second);
  const OperationId third = desk.recv(c.second);
  while (!desk.ended(first)) desk.turn(after(desk.backend.now(), 1s));
  CHECK_FALSE(desk.ended(second));
  desk.cancel(second);
  const OperationId closing = desk.start(OperationKind::close, c.second);
  CHECK(desk.result(second) == -ECANCELED);
  CHECK(desk.result(third) == -ECANCELED);
  CHECK(desk.result(closing) == 0);
  const OperationId again = desk.recv(b.second);
  CHECK(desk.result(again) == 1);
  CHECK(desk.text(again) == "x");
}

URING_TEST("the end of a stream uses up no buffer") {
  UringOptions options;
  options.buffers = 2;
  Desk desk(options);
  const auto [ours, peer] = desk.connection();
  CHECK(desk.result(desk.start(OperationKind::shutdown, ours)) == 0);
  int ends = 0;
  for (int i = 0; i < 20; ++i) ends += desk.result(desk.recv(peer)) == 0;
  CHECK(ends == 20);
  const auto other = desk.connection();
  write_one(other.first);
  CHECK(desk.result(desk.recv(other.second)) == 1);
}

// --- cancelling, closing ---------------------------------------------------------------------------------------------

URING_TEST("wherever a cancellation meets a byte, the receive ends once, and the byte is received once") {
  Desk desk;
  const auto [ours, peer] = desk.connection();
  std::array<std::byte, 16> memory{};
  int received = 0;
  int wrong = 0;
  int cancelled = 0;
  for (int i = 0; i < 256; ++i) {
    const bool own = i & 1;          // the caller's buffer
    const int write_at = i / 2 % 4;  // before the start, after it, after a turn, after the cancellation
    const bool turns = i & 8;
    const bool queued = i & 16;  // another one waits behind
    if (write_at == 0) write_one(ours);
    const OperationId id =
        own ? desk.start(OperationKind::recv, peer, memory.data(), memory.size()) : desk.recv(peer);
    const OperationId behind = desk.recv(peer);
    if (!queued) desk.cancel(behind);
    if (write_at == 1) write_one(ours);
    if (turns) desk.turn();
    if (write_at == 2) write_one(ours);
    desk.cancel(id);
    if (turns && i & 32) desk.turn();
    if (write_at == 3) write_one(ours);
    const int how = desk.result(id);
    cancelled += how == -ECANCELED;
    wrong += how != 1 && how != -ECANCELED;
    if (how == 1) {  // nothing is left for the one behind
      desk.cancel(behind);
      wrong += desk.result(behind) != -ECANCELED;
    } else if (queued) {
      wrong += desk.result(behind) != 1;
    } else {
      wrong += desk.result(behind) != -ECANCELED;
      wrong += desk.result(desk.recv(peer)) != 1;
    }
    ++received;
    wrong += desk.ends(id) != 1 || desk.ends(behind) != 1;
  }
  CHECK(received == 256);
  CHECK(wrong == 0);
  CHECK(cancelled > 0);
}

URING_TEST("bytes that another thread sends while receives are started and cancelled all arrive, in order") {
  Desk desk;
  const auto [ours, peer] = desk.connection();
  constexpr int all = 3000;
  std::thread writer([descriptor = ours] {
    std::minstd_rand random(1);
    for (int i = 0; i < all; ++i) {
      write_one(descriptor, static_cast<char>('a' + i % 26));
      if (random() % 8 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 50));
    }
  });
  std::string text;
  int wrong = 0;
  while (text.size() < all) {
    const OperationId id = desk.recv(peer, 8);
    desk.turn(after(desk.backend.now(), 20us));
    if (!desk.ended(id)) desk.cancel(id);
    const int how = desk.result(id);
    if (how > 0) {
      text += desk.text(id);
    } else {
      wrong += how != -ECANCELED;
    }
    if (wrong > 0) break;
  }
  writer.join();
  for (std::size_t i = 0; i < text.size(); ++i) wrong += text[i] != static_cast<char>('a' + i % 26);
  CHECK(wrong == 0);
  CHECK(text.size() == all);
}

URING_TEST("closing ends what waits for the socket, in order, and then gives the descriptor back") {
  Desk desk;
  const auto [ours, peer] = desk.connection();
  std::vector<OperationId> all;
  for (int i = 0; i < 3; ++i) all.push_back(desk.recv(peer));
  fill(peer);
  const Slice hello{reinterpret_cast<const std::byte*>("hello"), 5};
  for (int i = 0; i < 2; ++i) all.push_back(desk.start(OperationKind::send, peer, const_cast<Slice*>(&hello), 1));
  all.push_back(desk.start(OperationKind::shutdown, peer));
  const OperationId watching = desk.start(OperationKind::readable, peer);
  desk.turn();
  CHECK(desk.result(watching) == -EEXIST);
  const OperationId closing = desk.start(OperationKind::close, peer);
  CHECK(desk.result(closing) == 0);
  int cancelled = 0;
  for (const OperationId id : all) cancelled += desk.ends(id) == 1 && desk.result(id) == -ECANCELED;
  CHECK(cancelled == 6);
  drain(ours);
  CHECK(::fcntl(peer, F_GETFD) == -1);
  CHECK(desk.result(desk.recv(peer)) == -EBADF);
}

URING_TEST("sends and a shutdown go out in the order asked") {
  Desk desk;
  const auto [ours, peer] = desk.connection();
  const std::array<Slice, 3> pieces{Slice{reinterpret_cast<const std::byte*>("one "), 4},
                                    Slice{reinterpret_cast<const std::byte*>("two "), 4},
                                    Slice{reinterpret_cast<const std::byte*>("three"), 5}};
  const OperationId first = desk.start(OperationKind::send, ours, const_cast<Slice*>(pieces.data()), 2);
  const OperationId second = desk.start(OperationKind::send, ours, const_cast<Slice*>(&pieces[2]), 1);
  const OperationId end = desk.start(OperationKind::shutdown, ours);
  CHECK(desk.result(end) == 0);
  CHECK(desk.result(first) == 8);
  CHECK(desk.result(second) == 5);
  const OperationId all = desk.recv(peer);
  CHECK(desk.result(all) == 13);
  CHECK(desk.text(all) == "one two three");
  CHECK(desk.result(desk.recv(peer)) == 0);
}

URING_TEST("a connection that nobody answers can be cancelled, and leaves no descriptor behind") {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at = system_address(Address::loopback(0));
  socklen_t size = sizeof at;
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
  REQUIRE(::listen(listener, 0) == 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
  const Address address = Address::loopback(ntohs(at.sin_port));
  const std::array<int, 3> fillers{raw_connect(address), raw_connect(address), raw_connect(address)};
  {
    Desk desk;
    desk.turn();
    const std::size_t before = open_descriptors();
    for (const bool turns : {false, true}) {
      Endpoint to{Address(), address, {}, 0};
      const OperationId id = desk.start(OperationKind::connect, -1, &to);
      if (turns) desk.turn(after(desk.backend.now(), 2ms));
      CHECK_FALSE(desk.ended(id));
      desk.cancel(id);
      CHECK(desk.result(id) == -ECANCELED);
      CHECK(open_descriptors() == before);
    }
  }
  for (const int filler : fillers) ::close(filler);
  ::close(listener);
}

URING_TEST("a connection that is refused says so") {
  Desk desk;
  Endpoint at{Address::loopback(0), Address(), {}, 16};
  const int listener = desk.result(desk.start(OperationKind::listen, -1, &at));
  desk.result(desk.start(OperationKind::close, listener));
  Endpoint to{Address(), at.local, {}, 0};
  CHECK(desk.result(desk.start(OperationKind::connect, -1, &to)) == -ECONNREFUSED);
}

// --- listeners -------------------------------------------------------------------------------------------------------

URING_TEST("connections wait in the backend for somebody who asks, and are closed with their listener") {
  const std::size_t before = open_descriptors();
  {
    Desk desk;
    Endpoint at{Address::loopback(0), Address(), {}, 8};
    const int listener = desk.result(desk.start(OperationKind::listen, -1, &at));
    Endpoint from;
    const OperationId cancelled = desk.start(OperationKind::accept, listener, &from);
    desk.turn();
    desk.cancel(cancelled);
    CHECK(desk.result(cancelled) == -ECANCELED);
    std::vector<int> clients;
    for (int i = 0; i < 8; ++i) clients.push_back(raw_connect(at.local));
    for (int i = 0; i < 5; ++i) desk.turn(after(desk.backend.now(), 1ms));
    int right = 0;
    for (int i = 0; i < 6; ++i) {
      Endpoint who;
      const int connection = desk.result(desk.start(OperationKind::accept, listener, &who));
      right += connection >= 0 && who.local == at.local && who.remote.port() != 0;
    }
    CHECK(right == 6);
    CHECK(desk.result(desk.start(OperationKind::close, listener)) == 0);
    char byte = 0;
    ::fcntl(clients.back(), F_SETFL, 0);
    CHECK(::recv(clients.back(), &byte, 1, 0) <= 0);  // closed, or reset
    for (const int client : clients) ::close(client);
  }
  CHECK(open_descriptors() == before);
}

URING_TEST("a process without descriptors left tells who accepts; the connection waits, and later it is accepted") {
  CHECK(in_a_child([] {
          Desk desk;
          Endpoint at{Address::loopback(0), Address(), {}, 8};
          const int listener = desk.result(desk.start(OperationKind::listen, -1, &at));
          const int client = raw_connect(at.local);
          rlimit before{};
          ::getrlimit(RLIMIT_NOFILE, &before);
          const rlimit none{3, before.rlim_max};
          ::setrlimit(RLIMIT_NOFILE, &none);
          Endpoint who;
          if (desk.result(desk.start(OperationKind::accept, listener, &who)) != -EMFILE) return 1;
          ::setrlimit(RLIMIT_NOFILE, &before);
          return desk.result(desk.start(OperationKind::accept, listener, &who)) > client ? 0 : 2;
        }) == "exit 0");
}

// --- datagrams -------------------------------------------------------------------------------------------------------

URING_TEST("datagrams keep their ends and their senders, and tell what was cut off") {
  Desk desk;
  Endpoint a{Address::loopback(0), Address(), {}, 0};
  Endpoint b{Address::loopback(0), Address(), {}, 0};
  const int first = desk.result(desk.start(OperationKind::open_datagram, -1, &a));
  const int second = desk.result(desk.start(OperationKind::open_datagram, -1, &b));
  std::array<std::byte, 4> room{};
  std::string text = "hello";
  Datagram sent{reinterpret_cast<std::byte*>(text.data()), text.size(), b.local};
  Datagram received{room.data(), room.size(), Address()};
  const OperationId receiving = desk.start(OperationKind::recv_from, second, &received);
  CHECK(desk.result(desk.start(OperationKind::send_to, first, &sent)) == 5);
  CHECK(desk.result(receiving) == 4);
  CHECK(received.truncated);
  CHECK(received.address == a.local);
  CHECK(std::memcmp(room.data(), "hell", 4) == 0);
}
