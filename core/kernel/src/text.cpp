// SPDX-License-Identifier: BSL-1.0
// text.cpp - see text.hpp.
#include <rondo/kernel/text.hpp>

#include <array>
#include <charconv>

#include <rondo/kernel/words.hpp>

namespace rondo {

static void append_number(std::string& text, std::int64_t number) {
  std::array<char, 20> digits;  // -9223372036854775808
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  text.append(digits.data(), static_cast<std::size_t>(written.ptr - digits.data()));
}

void Part::append_to(std::string& text) const {
  switch (kind_) {
    case Kind::text:
      text.append(text_, size_);
      break;
    case Kind::number:
      append_number(text, number_);
      break;
    case Kind::place:
      append(text, place_);
      break;
    case Kind::future:
      append(text, *future_);
      break;
    case Kind::call:
      append(text, *call_);
      break;
    case Kind::stack:
      append(text, *stack_);
      break;
  }
}

void append(std::string& text, std::initializer_list<Part> parts) {
  for (const Part& part : parts) part.append_to(text);
}

std::string text_of(std::initializer_list<Part> parts) {
  std::string text;
  append(text, parts);
  return text;
}

}  // namespace rondo
