// SPDX-License-Identifier: BSL-1.0
// chat_room.hpp - who is there, and what they hear: the connections of 21_chat_server.
#pragma once

#include <map>
#include <string>

#include <rondo/rondo.hpp>

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
