// SPDX-License-Identifier: BSL-1.0
// socket_test.cpp - operations on sockets: what they lend, what a cancellation that loses the race does, and who
// closes.
#include <rondo/socket.hpp>

#include <vector>

#include "net_world.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Verb = Output::Verb;

namespace {

/// Receives twice into memory of its own, and tells both times what came of it.
Coro<> receive_twice(int handle, std::vector<std::string>* story) {
  const Socket socket(handle);
  std::array<std::byte, 8> buffer;
  for (int i = 0; i < 2; ++i) {
    const auto outcome = co_await as_outcome(socket.recv(buffer));
    if (outcome.has_value()) {
      story->push_back(std::string(reinterpret_cast<const char*>(buffer.data()), outcome.value()));
    } else {
      story->push_back(words_of(outcome));
    }
  }
}

Coro<std::string> accept_one(int listener) {
  const Socket socket(listener);
  Endpoint endpoint;
  const Socket accepted = co_await socket.accept(&endpoint);
  co_return std::to_string(accepted.handle()) + " from " + endpoint.remote.str();
}

}  // namespace

TEST_CASE("a recv lends its memory and ends with what came") {
  NetWorld w;
  std::vector<std::string> story;
  const auto task = w.loop.create_task(receive_twice(7, &story));
  w.step();
  CHECK(w.outputs.at(0).handle == 7);
  CHECK(w.outputs.at(0).size == 8);
  w.arrive("abc");
  w.arrive("");
  CHECK(story == std::vector<std::string>{"abc", ""});
  w.step();
  CHECK(w.take(OperationKind::close).handle == 7);
}

TEST_CASE("C4: a task that lent memory and is cancelled goes on with the terminal completion alone") {
  NetWorld w;
  std::vector<std::string> story;
  const auto task = w.loop.create_task(receive_twice(7, &story));
  w.step();
  const OperationId id = w.take(OperationKind::recv).id;
  task.cancel();
  w.step();
  CHECK(w.take(OperationKind::recv, Verb::cancel).id == id);
  CHECK(story.empty());
  task.cancel("again");  // asks nobody a second time
  w.step();
  CHECK_FALSE(w.has(OperationKind::recv, Verb::cancel));
  w.step({Input::completion(id, -ECANCELED)});
  CHECK(story == std::vector<std::string>{"cancelled (again)"});
}

TEST_CASE("C2: bytes that were faster than the cancel are given; the cancellation comes out of the next await") {
  NetWorld w;
  std::vector<std::string> story;
  const auto task = w.loop.create_task(receive_twice(7, &story));
  w.step();
  task.cancel("late");
  const Output output = w.take(OperationKind::recv);
  std::memcpy(output.buffer, "xy", 2);
  w.step({Input::completion(output.id, 2)});
  CHECK(story == std::vector<std::string>{"xy"});
  w.end(OperationKind::recv, -ECANCELED);
  CHECK(story == std::vector<std::string>{"xy", "cancelled (late)"});
}

TEST_CASE("an error of the world is a system_error that names the socket") {
  NetWorld w;
  std::vector<std::string> story;
  const auto task = w.loop.create_task(receive_twice(7, &story));
  w.step();
  w.end(OperationKind::recv, -ECONNRESET);
  CHECK(story.at(0) == "bytes from socket 7: Connection reset by peer");
}

TEST_CASE("accept fills in who the connection is with") {
  NetWorld w;
  const auto task = w.loop.create_task(accept_one(3));
  w.step();
  w.outputs.at(0).endpoint->remote = Address::loopback(99);
  w.end(OperationKind::accept, 8);
  CHECK(task.result() == "8 from 127.0.0.1:99");
  CHECK(w.take(OperationKind::close).handle == 8);
  CHECK(w.take(OperationKind::close).handle == 3);
}

TEST_CASE("a connection that is accepted after the cancel is closed, and the cancellation comes at once") {
  NetWorld w;
  const auto task = w.loop.create_task(told(accept_one(3)));
  w.step();
  task.cancel();
  w.end(OperationKind::accept, 8);
  CHECK(task.result() == "cancelled");
  CHECK(w.take(OperationKind::close).handle == 8);
}

TEST_CASE("a connection that is accepted when the loop has ended its tasks is closed, too") {
  NetWorld w;
  static_cast<void>(w.loop.create_task(accept_one(3)));
  w.step();
  const OperationId id = w.take(OperationKind::accept).id;
  w.loop.step(w.now, std::vector<Input>{Input::completion(id, 8)}, w.out, 0);
  w.loop.drop_tasks_silently();
  w.loop.discard();
  w.step();
  CHECK(w.take(OperationKind::close).handle == 8);
  CHECK(w.take(OperationKind::close).handle == 3);
}

TEST_CASE("send_all sends the rest until nothing is left") {
  NetWorld w;
  const auto body = [](Socket socket) -> Coro<> {
    const std::string text = "hello";
    co_await socket.send_all(std::as_bytes(std::span(text)));
  };
  Socket socket;
  {
    const Loop::Scope scope(w.loop);
    socket = Socket(5);
  }
  const auto task = w.loop.create_task(body(std::move(socket)));
  w.step();
  CHECK(w.depart(2) == "he");
  CHECK(w.depart() == "llo");
  CHECK(task.done());
}

TEST_CASE("a socket that is closed or never was open refuses everything by name") {
  NetWorld w;
  const Loop::Scope scope(w.loop);
  std::array<std::byte, 1> buffer;
  CHECK_THROWS_WITH(static_cast<void>(Socket().recv(buffer)), "the socket is closed, or was never opened");
  Socket socket(4);
  CHECK_THROWS_WITH(static_cast<void>(socket.recv({})), "recv: the buffer is empty; it must have room for a byte");
  socket.close();
  socket.close();
  CHECK_THROWS_AS(static_cast<void>(socket.send(Slice{buffer.data(), 1})), RuntimeError);
  w.step();
  CHECK(w.take(OperationKind::close).handle == 4);
  CHECK_FALSE(w.has(OperationKind::close));
}

TEST_CASE("a socket that is moved is closed once; the loop closes those that nobody did") {
  NetWorld w;
  Socket outlives;
  {
    const Loop::Scope scope(w.loop);
    Socket first(4);
    Socket second(std::move(first));
    outlives = Socket(5);
    second = Socket(6);
    w.step();
    CHECK(w.take(OperationKind::close).handle == 4);
  }
  w.loop.discard();
  w.step();
  CHECK(w.take(OperationKind::close).handle == 6);
  CHECK(w.take(OperationKind::close).handle == 5);
  CHECK_FALSE(outlives.is_open());
}

TEST_CASE("closing never needs memory, however many operations are in flight") {
  NetWorld w;
  std::vector<Socket> sockets;
  const Loop::Scope scope(w.loop);
  for (int handle = 0; handle < 300; ++handle) sockets.emplace_back(handle);
  const auto body = [](int handle) -> Coro<> { co_await readable(handle); };
  for (int handle = 0; handle < 300; ++handle) static_cast<void>(w.loop.create_task(body(handle)));
  while (w.step().why != Why::inputs) {
  }
  sockets.clear();
  while (w.step().why != Why::inputs) {
  }
  int closed = 0;
  for (const Output& output : w.outputs) closed += output.kind == OperationKind::close ? 1 : 0;
  CHECK(closed == 300);
  w.loop.drop_tasks_silently();
}
