// SPDX-License-Identifier: BSL-1.0
// place.hpp - a line of the program: where a task was made, where a coroutine waits. One pointer.
//
// Default arguments call Place::here(), so that the place is the caller's.
#pragma once

#include <rondo/kernel/language.hpp>

#include <bit>
#include <cstdint>
#include <source_location>

namespace rondo {

class Place {
 public:
  constexpr Place() = default;
  static constexpr Place here(std::source_location where = std::source_location::current()) { return Place(where); }

  /// The same as one pointer, for `co_await`: g++ keeps an argument of class type in the frame, twice.
  using Pointer = decltype(__builtin_source_location());
  static Place at(Pointer pointer) { return Place(std::bit_cast<std::source_location>(pointer)); }

  constexpr const char* file() const { return where_.file_name(); }
  constexpr std::uint32_t line() const { return static_cast<std::uint32_t>(where_.line()); }
  /// As the compiler writes it: describe(place) and function_of(place) are for people.
  constexpr const char* function() const { return where_.function_name(); }
  /// False for no place at all.
  constexpr explicit operator bool() const { return where_.line() != 0; }

 private:
  constexpr explicit Place(std::source_location where) : where_(where) {}
  std::source_location where_;
};

}  // namespace rondo
