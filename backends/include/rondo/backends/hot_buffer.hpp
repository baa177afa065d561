// SPDX-License-Identifier: BSL-1.0
// hot_buffer.hpp - where received bytes lie that nobody has given room for: one buffer for all connections, in the
// cache.
#pragma once

#include <rondo/kernel/language.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>

namespace rondo {

/// Bytes of received data that live until the reap after the one that reports them: two halves that take turns. A half
/// is small, so that what one turn receives is still in the cache when it is sent, and so that the memory that programs
/// need for it at once is: malloc gives more than 128 KiB back to the system each time, and each page is a fault again.
class HotBuffer {
 public:
  static constexpr std::size_t size = 64 * 1024;
  /// What was lent out before the last turn may be overwritten.
  void turn();
  /// False when this turn's half is used up.
  bool has_room() const { return used_ + least <= size; }
  /// Room for a receive; null if there is none.
  std::byte* room() { return has_room() ? memory() + used_ : nullptr; }
  std::size_t left() const { return size - used_; }
  void use(std::size_t bytes) { used_ += std::min(bytes, left()); }
  /// For bytes in the caller's own memory: they leave room for less, but four times as many may come in a turn.
  void use_elsewhere(std::size_t bytes) { use(bytes / 4); }

 private:
  static constexpr std::size_t least = 4096;  // a receive into less is not worth a call
  std::byte* memory();
  std::unique_ptr<std::byte[]> halves_[2];
  int half_ = 0;
  std::size_t used_ = 0;
};

}  // namespace rondo
