// SPDX-License-Identifier: BSL-1.0
// port.hpp - a port as an argument: any integer, which is checked and not cut.
#pragma once

#include <rondo/kernel/language.hpp>

#include <cstdint>
#include <type_traits>

namespace rondo {

/// std::invalid_argument "port must be 0 to 65535, not ...".
[[noreturn]] void refuse_port(std::int64_t number);
[[noreturn]] void refuse_port(std::uint64_t number);

/// A number of any integer type, or an enumerator.
template <class T>
concept PortNumber = !std::is_same_v<T, bool> && (std::is_integral_v<T> || std::is_enum_v<T>) &&
                     std::is_convertible_v<T, std::int64_t>;

/// What the calls take that ask for a port: a std::uint16_t would make 4464 of 70000. Made where the call stands, so
/// that is where std::invalid_argument comes from. Source: asyncio's OverflowError "port must be 0-65535".
class Port {
 public:
  template <PortNumber T>
  constexpr Port(T number) : number_(checked(static_cast<Wide<T>>(number))) {}  // not explicit: it stands for a number
  constexpr operator std::uint16_t() const { return number_; }

 private:
  template <class T>
  using Wide = std::conditional_t<std::is_unsigned_v<T> && sizeof(T) == 8, std::uint64_t, std::int64_t>;
  static constexpr std::uint16_t checked(std::int64_t number) {
    if (number < 0 || number > 65535) refuse_port(number);
    return static_cast<std::uint16_t>(number);
  }
  static constexpr std::uint16_t checked(std::uint64_t number) {
    if (number > 65535) refuse_port(number);
    return static_cast<std::uint16_t>(number);
  }

  std::uint16_t number_;
};

}  // namespace rondo
