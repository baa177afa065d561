// SPDX-License-Identifier: BSL-1.0
// 21_chat_server.cpp - lines from each client go to all others; the first line is a name. Try --listen 7000 and nc.
//
// Expected output:
//   Ann hears: * welcome, Ann; you are the first
//   Bob hears: * welcome, Bob; here are Ann
//   Ann hears: * Bob has joined
//   Ann hears: Bob: good evening
//   Cid hears: * this name is taken
//   Bob hears: Ann: hello Bob
//   Ann hears: * Bob has left
#include <iostream>
#include <memory>
#include <string>

#include "arguments.hpp"
#include "chat_room.hpp"

rondo::Coro<rondo::Server> open_room(std::uint16_t port) {
  auto attend = [room = std::make_shared<Room>()](rondo::StreamReader reader, rondo::StreamWriter writer) {
    return room->attend(std::move(reader), std::move(writer));
  };
  co_return co_await rondo::start_server(attend, "127.0.0.1", port);
}

rondo::Coro<> hear(std::string name, rondo::Connection& from) {
  const std::string line = co_await from.reader.readline();
  std::cout << name << " hears: " << line;
}

rondo::Coro<rondo::Connection> enter(std::uint16_t port, std::string name, std::string known_as) {
  rondo::Connection connection = co_await rondo::open_connection("127.0.0.1", port);
  connection.writer.write(name + "\n");
  co_await hear(known_as, connection);
  co_return connection;
}

rondo::Coro<> demonstrate() {
  rondo::Server server = co_await open_room(0);
  const std::uint16_t port = server.addresses().front().port();
  rondo::Connection ann = co_await enter(port, "Ann", "Ann");
  rondo::Connection bob = co_await enter(port, "Bob", "Bob");
  co_await hear("Ann", ann);
  bob.writer.write("good evening\n");
  co_await hear("Ann", ann);
  rondo::Connection cid = co_await enter(port, "Ann", "Cid");
  ann.writer.write("hello Bob\n");
  co_await hear("Bob", bob);
  bob.writer.close();
  co_await hear("Ann", ann);
}

rondo::Coro<> async_main(Arguments arguments) {
  if (!arguments.listen) co_return co_await demonstrate();
  co_await serve(co_await open_room(*arguments.listen));
}

int main(int argc, char** argv) {
  const Arguments arguments = parse_arguments(argc, argv);
  return run_program(arguments, async_main(arguments));
}
