// SPDX-License-Identifier: BSL-1.0
// printable.cpp - see printable.hpp.
#include <rondo/net/printable.hpp>

#include <stdexcept>

namespace rondo {

std::string printable(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte == 127) {
      shown += "\\x";
      shown += digits[byte >> 4];
      shown += digits[byte & 15];
    } else {
      if (c == '\\') shown += c;
      shown += c;
    }
  }
  return shown;
}

void refuse_null(std::string_view text, const char* what) {
  if (text.find('\0') == std::string_view::npos) return;
  throw std::invalid_argument(std::string("embedded null byte in ") + what + " '" + printable(text) + "'");
}

}  // namespace rondo
