// SPDX-License-Identifier: BSL-1.0
// resp.hpp - Redis's protocol (RESP2) as values: bytes in, commands out; answers in, bytes out. No I/O.
//
// A command is an array of strings ("*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n") or, for people with nc, a line of words. It may
// come in pieces; what has come is looked at once. Source: https://redis.io/docs/latest/develop/reference/protocol-spec
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace resp {

/// The peer does not speak the protocol; there is no way to go on, as nobody knows where the next command begins.
class Malformed : public std::runtime_error {
 public:
  explicit Malformed(const std::string& why) : std::runtime_error("Protocol error: " + why) {}
};

using Command = std::vector<std::string>;  // its name, and its arguments

class Parser {
 public:
  static constexpr std::size_t longest_line = 64 * 1024;
  static constexpr std::int64_t most_words = 1024 * 1024;
  static constexpr std::int64_t longest_word = 64 * 1024 * 1024;

  void feed(std::string_view bytes) {
    buffer_.erase(0, std::exchange(taken_, 0));
    buffer_ += bytes;
  }

  /// The next command, if all of it has come. Throws Malformed.
  std::optional<Command> next() {
    for (;;) {
      if (missing_ > 0) {
        if (!read_word()) return std::nullopt;
        if (missing_ == 0) return std::exchange(words_, {});
        continue;
      }
      const auto line = take_line();
      if (!line) return std::nullopt;
      if (!line->starts_with('*')) {
        Command words = split(*line);
        if (!words.empty()) return words;
        continue;  // an empty line is no command
      }
      missing_ = number(line->substr(1), most_words, "invalid multibulk length");  // zero and less: no command either
    }
  }

 private:
  bool read_word() {
    if (size_ < 0) {
      const auto line = take_line();
      if (!line) return false;
      if (!line->starts_with('$')) {
        const std::string got = line->empty() ? "an empty line" : "'" + std::string(1, line->front()) + "'";
        throw Malformed("expected '$', got " + got);
      }
      size_ = number(line->substr(1), longest_word, "invalid bulk length");
      if (size_ < 0) throw Malformed("invalid bulk length");
    }
    const auto size = static_cast<std::size_t>(size_);
    const std::string_view rest = std::string_view(buffer_).substr(taken_);
    if (rest.size() < size + 2) return false;
    if (rest.substr(size, 2) != "\r\n") {
      throw Malformed("a string of " + std::to_string(size) + " bytes has no end there");
    }
    words_.emplace_back(rest.substr(0, size));
    taken_ += size + 2;
    size_ = -1;
    --missing_;
    return true;
  }

  /// Without its end; valid until feed().
  std::optional<std::string_view> take_line() {
    const std::string_view rest = std::string_view(buffer_).substr(taken_);
    const std::size_t end = rest.find('\n');
    if (std::min(end, rest.size()) > longest_line) throw Malformed("too big inline request");
    if (end == rest.npos) return std::nullopt;
    taken_ += end + 1;
    return rest.substr(0, end > 0 && rest[end - 1] == '\r' ? end - 1 : end);
  }

  static std::int64_t number(std::string_view text, std::int64_t most, const char* complaint) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value > most) throw Malformed(complaint);
    return value;
  }

  static Command split(std::string_view line) {
    Command words;
    for (std::size_t at = 0; (at = line.find_first_not_of(" \t", at)) != line.npos;) {
      const std::size_t end = std::min(line.find_first_of(" \t", at), line.size());
      words.emplace_back(line.substr(at, end - at));
      at = end;
    }
    return words;
  }

  std::string buffer_;
  std::size_t taken_ = 0;      // of buffer_
  Command words_;              // of the command that is being read
  std::int64_t missing_ = 0;   // words that it still needs
  std::int64_t size_ = -1;     // of the next one; -1: not known yet
};

inline std::string simple(std::string_view text) { return "+" + std::string(text) + "\r\n"; }
inline std::string error(std::string_view text) { return "-" + std::string(text) + "\r\n"; }
inline std::string integer(std::int64_t value) { return ":" + std::to_string(value) + "\r\n"; }
inline std::string null() { return "$-1\r\n"; }
inline std::string empty_array() { return "*0\r\n"; }
inline std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

}  // namespace resp
