// SPDX-License-Identifier: BSL-1.0
// pattern.hpp - an endless stream of bytes for each seed, of which both ends of a connection know every one.
#pragma once

#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

namespace soak {

/// Something that must never happen has.
class Broken : public std::logic_error {
  using std::logic_error::logic_error;
};

constexpr std::uint64_t mix(std::uint64_t value) {  // splitmix64
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

class Pattern {
 public:
  explicit Pattern(std::uint64_t seed) : seed_(seed) {}

  std::uint64_t position() const { return position_; }
  std::string next(std::size_t size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = step();
    return bytes;
  }
  /// Throws Broken unless these are the next bytes.
  void check(std::string_view bytes) {
    for (const char byte : bytes) {
      if (byte == step()) continue;
      throw Broken("byte " + std::to_string(position_ - 1) + " of the stream " + std::to_string(seed_) + " is " +
                   std::to_string(static_cast<unsigned char>(byte)) + ", in a piece of " +
                   std::to_string(bytes.size()) + " bytes");
    }
  }

 private:
  char step() {
    if (position_ % 8 == 0) word_ = mix(seed_ + position_);
    return static_cast<char>(word_ >> (position_++ % 8 * 8));
  }

  std::uint64_t seed_;
  std::uint64_t position_ = 0;
  std::uint64_t word_ = 0;
};

/// The random numbers of one actor.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  /// 0 .. n-1.
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  std::uint64_t seed() { return engine_(); }
  /// Small ones are as likely as big ones.
  std::size_t size(std::size_t most) {
    std::size_t size = most;
    for (std::uint64_t halvings = below(17); halvings > 0 && size > 2; --halvings) size /= 2;
    return static_cast<std::size_t>(below(size + 1));
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace soak
