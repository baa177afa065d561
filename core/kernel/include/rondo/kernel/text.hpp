// SPDX-License-Identifier: BSL-1.0
// text.hpp - texts of several parts, for errors and reports: one call, since a chain of + is code at every place.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace rondo {

/// The parts, one after the other.
std::string text_of(std::initializer_list<std::string_view> parts);
std::string decimal_text(std::int64_t number);

/// "-17"
template <class Number>
std::string decimal(Number number) {
  return decimal_text(static_cast<std::int64_t>(number));
}

}  // namespace rondo
