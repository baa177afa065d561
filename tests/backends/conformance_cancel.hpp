// SPDX-License-Identifier: BSL-1.0
// conformance_cancel.hpp - what every backend with a network must pass: however a cancellation and a completion meet,
// an operation has one end, and neither a byte nor a connection is lost or leaked.
#pragma once

#include <array>

#include "desk.hpp"
#include "network.hpp"

using namespace network;

namespace {
namespace cancelling {

using by_hand::Desk;

/// A listener, a connection to it, and a datagram socket, by hand.
struct Handles {
  explicit Handles(Desk& desk_, SocketOptions options = {}) : desk(desk_) {
    at.local = Address::loopback(0);
    at.options = options;
    listener = desk.run(desk.with_endpoint(OperationKind::listen, at));
    to.remote = at.local;
    to.options = options;
    client = desk.run(desk.with_endpoint(OperationKind::connect, to));
    server = desk.run(desk.with_endpoint(OperationKind::accept, accepted, listener));
    udp.local = Address::loopback(0);
    datagrams = desk.run(desk.with_endpoint(OperationKind::open_datagram, udp));
    REQUIRE(std::min({listener, client, server, datagrams}) >= 0);
  }
  void close() {
    for (const int handle : {listener, server, client, datagrams}) desk.close(handle);
  }
  Desk& desk;
  Endpoint at, to, accepted, udp;
  int listener = -1, client = -1, server = -1, datagrams = -1;
};

/// What an operation is lent, for five kinds that wait.
struct Waiting {
  explicit Waiting(Handles& handles_) : handles(handles_), lump(much, 'x'), slice(slice_of(lump)) {
    datagram.data = bytes.data();
    datagram.size = bytes.size();
  }
  /// 0 recv, 1 send of more than fits, 2 accept, 3 recv_from, 4 connect.
  Output make(int kind) {
    Desk& desk = handles.desk;
    if (kind == 0) return desk.recv(handles.server, bytes);
    if (kind == 1) return desk.send(handles.client, slice);
    if (kind == 2) return desk.with_endpoint(OperationKind::accept, accepted, handles.listener);
    if (kind == 4) {
      to.remote = handles.at.local;
      return desk.with_endpoint(OperationKind::connect, to);
    }
    Output output = Desk::of(OperationKind::recv_from, handles.datagrams);
    output.datagram = &datagram;
    return output;
  }
  Handles& handles;
  std::string lump;
  Slice slice;
  std::array<std::byte, 64> bytes{};
  Datagram datagram{};
  Endpoint accepted, to;
};

constexpr int kinds = 5;
constexpr const char* kind_names[kinds] = {"recv", "send", "accept", "recv_from", "connect"};

/// What may come out of a cancelled operation: -ECANCELED, or what it would have given. A late connection is closed.
void check_end(Desk& desk, int kind, std::int32_t result, bool may_succeed) {
  INFO(kind_names[kind]);
  if (result >= 0) CHECK((may_succeed || kind == 1 || kind == 4));
  if (result < 0) CHECK(result == -ECANCELED);
  if (result >= 0 && (kind == 2 || kind == 4)) desk.close(result);
}

/// Cancels after `hops` turns of the loop.
template <class T>
Coro<> cancel_after(const Task<T>* task, int hops) {
  co_await turns(hops);
  task->cancel();
}
Coro<> recv_into_text(const Socket* socket, std::string* text) { *text += co_await recv_text(socket); }

}  // namespace cancelling
}  // namespace

CONFORMANCE("C1: an operation that is cancelled in the submit that starts it has one end") {
  World world;
  const std::size_t before = world.open();
  {
    cancelling::Desk desk(world.backend);
    cancelling::Handles handles(desk);
    cancelling::Waiting waiting(handles);
    for (int kind = 0; kind < cancelling::kinds; ++kind) {
      Output output = waiting.make(kind);
      const OperationId id = desk.queue(output);
      desk.queue_cancel(id);
      desk.flush();
      cancelling::check_end(desk, kind, desk.wait(id), false);
    }
    desk.check_single();
    handles.close();
  }
  CHECK(world.open() == before);
}

CONFORMANCE("C1: an operation that is cancelled while it waits has one end, and a second cancel changes nothing") {
  World world;
  const std::size_t before = world.open();
  cancelling::Desk desk(world.backend);
  cancelling::Handles handles(desk, small_buffers());
  cancelling::Waiting waiting(handles);
  for (int kind = 0; kind < cancelling::kinds; ++kind) {
    const OperationId id = desk.start(waiting.make(kind));
    desk.take(1ms);
    desk.cancel(id);
    desk.cancel(id);
    cancelling::check_end(desk, kind, desk.wait(id), false);
    desk.cancel(id);  // it has ended
  }
  desk.check_single();
  handles.close();
  CHECK(world.open() == before);
}

CONFORMANCE("C1: an operation that is cancelled when it could succeed has one end, and what it did not take is still there") {
  World world;
  const std::size_t before = world.open();
  cancelling::Desk desk(world.backend);
  cancelling::Handles handles(desk);
  cancelling::Waiting waiting(handles);
  const auto fill = [&](int kind) {  // makes it succeed
    const std::string text = "abc";
    if (kind == 0) {
      const Slice slice = slice_of(text);
      CHECK(desk.run(desk.send(handles.client, slice)) == 3);
    } else if (kind == 2) {
      Endpoint to;
      to.remote = handles.at.local;
      return desk.run(desk.with_endpoint(OperationKind::connect, to));
    } else if (kind == 3) {
      std::array<std::byte, 3> three{};
      Datagram datagram{three.data(), three.size(), handles.udp.local};
      Output output = cancelling::Desk::of(OperationKind::send_to, handles.datagrams);
      output.datagram = &datagram;
      CHECK(desk.run(output) == 3);
    }
    return -1;
  };
  for (const int kind : {0, 2, 3}) {
    for (const bool at_once : {true, false}) {  // cancelled before anything is reaped, or after a look at the world
      const OperationId id = desk.start(waiting.make(kind));
      const int client = fill(kind);
      if (!at_once) desk.take(1ms);
      desk.cancel(id);
      const std::int32_t result = desk.wait(id);
      cancelling::check_end(desk, kind, result, true);
      if (result < 0) cancelling::check_end(desk, kind, desk.run(waiting.make(kind)), true);  // takes what is left
      if (client >= 0) desk.close(client);
    }
  }
  desk.check_single();
  handles.close();
  CHECK(world.open() == before);
}

CONFORMANCE("closing a handle ends every operation that waits for it with ECANCELED, once") {
  World world;
  const std::size_t before = world.open();
  cancelling::Desk desk(world.backend);
  cancelling::Handles handles(desk, small_buffers());
  cancelling::Waiting waiting(handles);
  std::vector<OperationId> ids;
  for (const int kind : {0, 0, 2, 2, 3, 3}) ids.push_back(desk.start(waiting.make(kind)));
  desk.take(1ms);
  handles.close();
  for (const OperationId id : ids) CHECK(desk.wait(id) == -ECANCELED);
  desk.cancel(ids.front());
  desk.check_single();
  CHECK(world.open() == before);
}

CONFORMANCE("operations on handles that are not open end with EBADF") {
  World world;
  cancelling::Desk desk(world.backend);
  std::array<std::byte, 4> bytes{};
  CHECK(desk.run(desk.recv(-1, bytes)) == -EBADF);
  CHECK(desk.run(desk.recv(9999, bytes)) == -EBADF);
  CHECK(desk.run(cancelling::Desk::of(OperationKind::close, 9999)) == -EBADF);
  CHECK(desk.run(cancelling::Desk::of(OperationKind::shutdown, 9999)) == -EBADF);
  desk.check_single();
}

CONFORMANCE("a result and a cancellation in one batch: the result comes, and CancelledError at the next await") {
  World world;
  const std::size_t before = world.open();
  {
    Loop loop;
    loop.attach(world.backend);
    std::array<Output, 16> out;
    std::string story;
    const auto body = [](std::string* text) -> Coro<> {
      const SocketPair pair = co_await socket_pair();
      co_await send_text(&pair.client, "abc");
      std::array<std::byte, 8> bytes{};
      *text += "waits";
      const std::size_t size = co_await pair.server.recv(bytes);
      *text += ", got " + std::to_string(size);
      *text += ", " + co_await ending(sleep(1s));
    };
    Task<> task;
    {
      const Loop::Scope scope(loop);
      task = create_task(body(&story));
    }
    std::vector<Input> inputs;
    for (int i = 0; i < 1000 && !task.done(); ++i) {
      const StepResult result = loop.step(world.backend.now(), inputs, out);
      world.backend.submit(std::span<const Output>(out).first(result.produced));
      const auto reaped = world.backend.reap(std::min(result.deadline, world.backend.now() + 100ms));
      inputs.assign(reaped.begin(), reaped.end());
      const bool received = std::any_of(inputs.begin(), inputs.end(), [](const Input& input) { return input.result == 3; });
      if (story == "waits" && received) {
        const Loop::Scope scope(loop);
        task.cancel();
      }
    }
    CHECK(story == "waits, got 3, cancelled");
    for (int i = 0; i < 3; ++i) {  // the closes
      const StepResult result = loop.step(world.backend.now(), inputs, out);
      world.backend.submit(std::span<const Output>(out).first(result.produced));
      const auto reaped = world.backend.reap(Instant::min());
      inputs.assign(reaped.begin(), reaped.end());
    }
  }
  CHECK(world.open() == before);
}

CONFORMANCE("a recv that is cancelled at any turn loses no byte") {
  const auto body = []() -> Coro<std::string> {
    for (int cancel_at = 0; cancel_at < 8; ++cancel_at) {
      for (int send_at = 0; send_at < 8; ++send_at) {
        const SocketPair pair = co_await socket_pair();
        std::string text;
        const auto receiver = create_task(cancelling::recv_into_text(&pair.server, &text));
        const auto canceller = create_task(cancelling::cancel_after(&receiver, cancel_at));
        co_await turns(send_at);
        co_await send_and_shut(&pair.client, "abc");
        co_await canceller;
        const std::string how = co_await ending(receiver);
        text += co_await recv_all(&pair.server);
        if (text != "abc" || (how != "cancelled" && how != "void")) {
          co_return std::to_string(cancel_at) + "/" + std::to_string(send_at) + ": '" + text + "', " + how;
        }
      }
    }
    co_return "nothing lost";
  };
  World world;
  CHECK(on(world, body()) == "nothing lost");
}
