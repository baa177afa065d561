// SPDX-License-Identifier: BSL-1.0
// key_value_store.hpp - what the commands of 22_key_value_server do: a command in, an answer out. No I/O.
#pragma once

#include <cctype>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <unordered_map>

#include "resp.hpp"

class Store {
 public:
  std::string answer(const resp::Command& command) {
    std::string name = command[0];
    for (char& letter : name) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    const std::size_t arguments = command.size() - 1;
    if (name == "PING" && arguments <= 1) return arguments == 0 ? resp::simple("PONG") : resp::bulk(command[1]);
    if (name == "ECHO" && arguments == 1) return resp::bulk(command[1]);
    if (name == "SET" && arguments == 2) {
      values_.insert_or_assign(command[1], command[2]);
      return resp::simple("OK");
    }
    if (name == "GET" && arguments == 1) return get(command[1]);
    if (name == "INCR" && arguments == 1) return increment(command[1]);
    if ((name == "DEL" || name == "EXISTS") && arguments >= 1) {
      std::size_t count = 0;
      for (std::size_t i = 1; i <= arguments; ++i) {
        count += name == "DEL" ? values_.erase(command[i]) : values_.count(command[i]);
      }
      return resp::integer(static_cast<std::int64_t>(count));
    }
    if (name == "CONFIG" || name == "COMMAND") return resp::empty_array();  // asked by peers first
    if (name == "QUIT") return resp::simple("OK");
    for (const char* known : {"PING", "ECHO", "SET", "GET", "INCR", "DEL", "EXISTS"}) {
      if (name == known) return resp::error("ERR wrong number of arguments for '" + command[0] + "' command");
    }
    return resp::error("ERR unknown command '" + command[0].substr(0, 128) + "'");
  }

 private:
  std::string get(const std::string& key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? resp::null() : resp::bulk(found->second);
  }
  std::string increment(const std::string& key) {
    std::string& text = values_.try_emplace(key, "0").first->second;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value == std::numeric_limits<std::int64_t>::max()) {
      return resp::error("ERR value is not an integer or out of range");
    }
    text = std::to_string(++value);
    return resp::integer(value);
  }

  std::unordered_map<std::string, std::string> values_;
};
