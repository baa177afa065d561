// SPDX-License-Identifier: BSL-1.0
// hot_buffer.cpp - see hot_buffer.hpp.
#include <rondo/backends/hot_buffer.hpp>

namespace rondo {

void HotBuffer::turn() {
  if (used_ == 0) return;
  half_ ^= 1;
  used_ = 0;
}

std::byte* HotBuffer::memory() {
  if (!halves_[half_]) halves_[half_] = std::make_unique_for_overwrite<std::byte[]>(size);
  return halves_[half_].get();
}

}  // namespace rondo
