// SPDX-License-Identifier: BSL-1.0
// text.cpp - see text.hpp.
#include <rondo/kernel/text.hpp>

namespace rondo {

std::string text_of(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string text;
  text.reserve(size);
  for (const std::string_view part : parts) text.append(part);
  return text;
}

std::string decimal_text(std::int64_t number) { return std::to_string(number); }

}  // namespace rondo
