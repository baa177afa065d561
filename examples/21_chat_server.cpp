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
#include <map>
#include <memory>
#include <string>

#include "arguments.hpp"

class Room {
 public:
  rondo::Coro<> attend(rondo::StreamReader reader, rondo::StreamWriter writer) {
    const std::string name = co_await read_line(reader);
    if (name.empty()) co_return;
    if (!people_.emplace(name, &writer).second) {
      writer.write("* this name is taken\n");
      co_return;
    }
    const Leaving leaving{*this, name};
    std::string others;
    for (const auto& [other, unused] : people_) {
      if (other != name) others += (others.empty() ? "" : ", ") + other;
    }
    writer.write("* welcome, " + name + "; " + (others.empty() ? "you are the first" : "here are " + others) + "\n");
    tell_others(name, "* " + name + " has joined\n");
    for (;;) {
      const std::string line = co_await read_line(reader);
      if (line.empty()) break;
      tell_others(name, name + ": " + line + "\n");
    }
  }

 private:
  struct Leaving {  // however it comes about
    Room& room;
    const std::string& name;
    ~Leaving() {
      room.people_.erase(name);
      room.tell_others(name, "* " + name + " has left\n");
    }
  };

  /// Without its end; empty at the end of the stream, or where the connection breaks or a line is too long.
  static rondo::Coro<std::string> read_line(rondo::StreamReader& reader) {
    const auto line = co_await rondo::as_outcome(reader.readline());
    if (line.cancelled()) line.raise();
    std::string text = line.has_value() ? line.value() : "";
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    co_return text;
  }

  /// Nobody waits here for one who does not read: such a one is sent away.
  void tell_others(const std::string& name, const std::string& line) {
    for (const auto& [other, writer] : people_) {
      if (other == name || writer->is_closing()) continue;
      writer->write(line);
      if (writer->unsent() > 1024 * 1024) writer->abort();
    }
  }

  std::map<std::string, rondo::StreamWriter*> people_;
};

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
