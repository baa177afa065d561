// SPDX-License-Identifier: BSL-1.0
// conformance_cancel_tasks.hpp - what every backend with a network must pass: tasks that are cancelled, or run into a
// deadline, while they wait for a socket.
#pragma once

#include "conformance_cancel.hpp"

namespace {
namespace cancelling {

Coro<> accept_one(const Socket* listener, Socket* accepted) { *accepted = co_await listener->accept(); }
Coro<> connect_one(Address address, Socket* connected) {
  Endpoint to{Address(), std::move(address), {}};
  *connected = co_await connect_socket(to);
}
Coro<> recv_one_datagram(const DatagramSocket* socket, std::string* text) {
  const auto received = co_await socket->recv_from();
  *text += received.data;
}

}  // namespace cancelling
}  // namespace

CONFORMANCE("an accept that is cancelled at any turn loses no connection and leaks none") {
  const auto body = []() -> Coro<std::string> {
    for (int cancel_at = 0; cancel_at < 8; ++cancel_at) {
      for (int connect_at = 0; connect_at < 5; ++connect_at) {
        Endpoint at;
        const Socket listener = co_await listener_at(&at);
        Socket accepted;
        const auto acceptor = create_task(cancelling::accept_one(&listener, &accepted));
        const auto canceller = create_task(cancelling::cancel_after(&acceptor, cancel_at));
        co_await turns(connect_at);
        Endpoint to{Address(), at.local, {}};
        const Socket client = co_await connect_socket(to);
        co_await canceller;
        const std::string how = co_await ending(acceptor);
        if (how == "void" && accepted.is_open()) continue;
        if (how != "cancelled") co_return how;
        // It waits in the backlog, or was accepted too late and closed.
        const auto second = create_task(cancelling::accept_one(&listener, &accepted));
        const auto end = create_task(ending(recv_text(&client)));
        std::vector<AnyTask> both;
        both.push_back(second);
        both.push_back(end);
        WaitOptions first;
        first.timeout = 5s;
        first.return_when = first_completed;
        static_cast<void>(co_await wait(both, first));
        if (!second.done() && !end.done()) co_return "lost at " + std::to_string(cancel_at);
        second.cancel();
        end.cancel();
      }
    }
    co_return "fine";
  };
  World world;
  CHECK(on(world, body()) == "fine");
}

CONFORMANCE("a connect that is cancelled at any turn leaves no socket behind, and the listener goes on") {
  const auto body = []() -> Coro<std::string> {
    Endpoint at;
    const Socket listener = co_await listener_at(&at);
    std::string story;
    for (int cancel_at = 0; cancel_at < 12; ++cancel_at) {
      Socket connected;
      const auto connector = create_task(cancelling::connect_one(at.local, &connected));
      const auto canceller = create_task(cancelling::cancel_after(&connector, cancel_at));
      const std::string how = co_await ending(connector);
      co_await canceller;
      if (how != "cancelled" && how != "void") co_return how;
      if ((how == "void") != connected.is_open()) co_return "a socket without its task, or the other way round";
    }
    Endpoint to{Address(), at.local, {}};
    const Socket client = co_await connect_socket(to);
    co_return "fine";
  };
  World world;
  CHECK(on(world, body()) == "fine");
}

CONFORMANCE("a send that is cancelled while it waits for room has sent nothing of what it was given") {
  const auto body = []() -> Coro<std::string> {
    const SocketPair pair = co_await socket_pair(small_buffers());
    const std::string lump(much, 'a');
    const auto send_some = [](const Socket* socket, const std::string* text, std::size_t* sent) -> Coro<> {
      const Slice slice = slice_of(*text);
      *sent += co_await socket->send(slice);
    };
    std::size_t sent = 0;
    std::string how;
    while (how != "TimeoutError") {  // until the buffers are full
      how = co_await ending(wait_for(send_some(&pair.client, &lump, &sent), 10ms));
      if (how != "void" && how != "TimeoutError") co_return how;
    }
    co_await pair.client.shutdown_write();
    const std::string all = co_await recv_all(&pair.server);
    co_return all.size() == sent ? "exact" : std::to_string(all.size()) + " of " + std::to_string(sent);
  };
  World world;
  CHECK(on(world, body()) == "exact");
}

CONFORMANCE("a recv_from that is cancelled at any turn loses no datagram") {
  const auto body = []() -> Coro<std::string> {
    for (int cancel_at = 0; cancel_at < 8; ++cancel_at) {
      const DatagramSocket receiver = co_await open_datagram(Address::loopback(0));
      const DatagramSocket sender = co_await open_datagram(Address::loopback(0));
      std::string text;
      const auto task = create_task(cancelling::recv_one_datagram(&receiver, &text));
      const auto canceller = create_task(cancelling::cancel_after(&task, cancel_at));
      co_await sender.send_to("abc", receiver.local_address());
      co_await canceller;
      const std::string how = co_await ending(task);
      if (how != "cancelled" && how != "void") co_return how;
      if (text.empty()) co_await wait_for(cancelling::recv_one_datagram(&receiver, &text), 5s);
      if (text != "abc") co_return "lost at " + std::to_string(cancel_at);
    }
    co_return "nothing lost";
  };
  World world;
  CHECK(on(world, body()) == "nothing lost");
}

CONFORMANCE("a deadline around recv leaves the socket usable, and what comes later is for the next recv") {
  const auto body = []() -> Coro<std::string> {
    const SocketPair pair = co_await socket_pair();
    std::string story = co_await ending(wait_for(recv_text(&pair.server), 2ms));
    co_await send_text(&pair.client, "later");
    story += ", " + co_await recv_text(&pair.server);
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "TimeoutError, later");
}

CONFORMANCE("a deadline around accept leaves the listener usable") {
  const auto body = []() -> Coro<std::string> {
    Endpoint at;
    const Socket listener = co_await listener_at(&at);
    Socket accepted;
    std::string story = co_await ending(wait_for(cancelling::accept_one(&listener, &accepted), 2ms));
    Endpoint to{Address(), at.local, {}};
    const Socket client = co_await connect_socket(to);
    co_await cancelling::accept_one(&listener, &accepted);
    story += accepted.is_open() ? ", accepted" : ", nothing";
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "TimeoutError, accepted");
}

CONFORMANCE("deadlines that race with bytes lose none, whichever is first") {
  const auto body = []() -> Coro<std::string> {
    const SocketPair pair = co_await socket_pair();
    std::string received;
    const auto send_soon = [](const Socket* socket, char byte) -> Coro<> {
      co_await sleep(100us);
      co_await send_text(socket, std::string(1, byte));
    };
    for (int i = 0; i < 40; ++i) {
      const auto sender = create_task(send_soon(&pair.client, static_cast<char>('a' + i % 26)));
      const std::size_t before = received.size();
      while (received.size() == before) {
        const std::string how = co_await ending(
            wait_for(cancelling::recv_into_text(&pair.server, &received), Duration(80us + i * 2us)));
        if (how != "void" && how != "TimeoutError") co_return how;
      }
      co_await sender;
    }
    std::string expected;
    for (int i = 0; i < 40; ++i) expected += static_cast<char>('a' + i % 26);
    co_return received == expected ? "all" : received;
  };
  World world;
  CHECK(on(world, body()) == "all");
}

CONFORMANCE("a timer and a completion that are due together are both served") {
  World world;
  Loop loop;
  loop.attach(world.backend);
  std::array<Output, 16> out;
  std::string story;
  bool waits = false;
  const auto receive = [](std::string* text, bool* flag) -> Coro<> {
    const SocketPair pair = co_await socket_pair();
    this_loop().call_later(1ms, [text] { *text += "timer "; });
    co_await send_text(&pair.client, "abc");
    *flag = true;
    *text += co_await recv_text(&pair.server) + " ";
  };
  Task<> task;
  {
    const Loop::Scope scope(loop);
    task = create_task(receive(&story, &waits));
  }
  std::vector<Input> inputs;
  bool late = false;
  for (int i = 0; i < 1000 && !task.done(); ++i) {
    if (waits && !inputs.empty()) late = true;  // as if the process had been stopped for a while
    const StepResult result = loop.step(world.backend.now() + (late ? 5ms : 0ms), inputs, out);
    world.backend.submit(std::span<const Output>(out).first(result.produced));
    const auto reaped = world.backend.reap(std::min(result.deadline, world.backend.now() + 100ms));
    inputs.assign(reaped.begin(), reaped.end());
  }
  CHECK(story == "timer abc ");
}

CONFORMANCE("tasks that are cancelled by the end of the run while they wait for sockets leave nothing open") {
  World world;
  SocketPair kept;
  const auto body = [](SocketPair* pair) -> Coro<std::string> {
    *pair = co_await socket_pair(small_buffers());
    const auto accept = []() -> Coro<> {
      Endpoint at;
      const Socket listener = co_await listener_at(&at);
      static_cast<void>(co_await listener.accept());
    };
    static_cast<void>(create_task(recv_text(&pair->server)));
    static_cast<void>(create_task(send_text(&pair->server, pattern(much))));
    static_cast<void>(create_task(accept()));
    co_await a_moment();
    co_return "left";
  };
  CHECK(on(world, body(&kept)) == "left");
}
