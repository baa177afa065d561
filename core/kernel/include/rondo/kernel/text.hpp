// SPDX-License-Identifier: BSL-1.0
// text.hpp - texts of several parts, for errors and reports: one call for all of them. A chain of + is code at every
// place, and so is each string that would have to be destroyed.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include <rondo/place.hpp>

namespace rondo {

class CallCore;
class FutureCore;
struct AwaitStack;

/// A piece of text, a number, or what words.hpp has words for. Refers to what it was made of.
class Part {
 public:
  Part(std::string_view text) : text_(text.data()), size_(text.size() & most), kind_(Kind::text) {}
  Part(const char* text) : Part(std::string_view(text)) {}
  Part(const std::string& text) : Part(std::string_view(text)) {}
  template <std::integral Number>
    requires(!std::same_as<Number, bool> && !std::same_as<Number, char>)
  Part(Number number) : number_(static_cast<std::int64_t>(number)), size_(0), kind_(Kind::number) {}
  Part(Place place) : place_(place), size_(0), kind_(Kind::place) {}
  Part(const FutureCore& future) : future_(&future), size_(0), kind_(Kind::future) {}
  Part(const CallCore& call) : call_(&call), size_(0), kind_(Kind::call) {}
  Part(const AwaitStack& stack) : stack_(&stack), size_(0), kind_(Kind::stack) {}

  void append_to(std::string& text) const;

 private:
  enum class Kind : std::uint8_t { text, number, place, future, call, stack };
  static constexpr std::uint64_t most = (std::uint64_t{1} << 56) - 1;
  union {
    const char* text_;
    std::int64_t number_;
    Place place_;
    const FutureCore* future_;
    const CallCore* call_;
    const AwaitStack* stack_;
  };
  std::uint64_t size_ : 56;
  Kind kind_ : 8;
};

/// The parts, one after the other.
void append(std::string& text, std::initializer_list<Part> parts);
std::string text_of(std::initializer_list<Part> parts);
/// The same as the text of an error, which is thrown.
template <class Error>
[[noreturn, gnu::noinline, gnu::cold]] void throw_error(std::initializer_list<Part> parts) {
  throw Error(text_of(parts));
}

}  // namespace rondo
