// SPDX-License-Identifier: BSL-1.0
// text.cpp - see text.hpp.
#include <rondo/kernel/text.hpp>

#include <rondo/kernel/words.hpp>

namespace rondo {

void Part::append_to(std::string& text) const {
  switch (kind_) {
    case Kind::text:
      text.append(text_, size_);
      break;
    case Kind::number:
      text += std::to_string(number_);
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
