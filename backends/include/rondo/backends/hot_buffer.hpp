// SPDX-License-Identifier: BSL-1.0
// hot_buffer.hpp - where received bytes lie that nobody has given room for: one buffer for all connections, in the
// cache.
#pragma once

#include <rondo/kernel/language.hpp>

#include <cstddef>
#include <memory>

namespace rondo {

/// Bytes of received data that live until the reap after the one that reports them: two halves that take turns.
class HotBuffer {
 public:
  static constexpr std::size_t size = 256 * 1024;
  /// What was lent out before the last turn may be overwritten.
  void turn();
  /// Room for a receive; null when this turn's half is used up.
  std::byte* room() { return used_ + least <= size ? memory() + used_ : nullptr; }
  std::size_t left() const { return size - used_; }
  void use(std::size_t bytes) { used_ += bytes; }

 private:
  static constexpr std::size_t least = 4096;  // a receive into less is not worth a call
  std::byte* memory();
  std::unique_ptr<std::byte[]> halves_[2];
  int half_ = 0;
  std::size_t used_ = 0;
};

}  // namespace rondo
