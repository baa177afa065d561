// SPDX-License-Identifier: BSL-1.0
// frame_pool.cpp - growing and giving back the memory of frames.
#include <rondo/kernel/frame_pool.hpp>

#include <algorithm>
#include <new>

namespace rondo {

FramePool::~FramePool() {
  for (std::size_t slot = 0; slot < large_free_.size(); ++slot) {
    const std::size_t size = (slot + 1) * large_grain;
    while (std::byte* const block = large_free_[slot]) {
      unpoison(block, size);
      large_free_[slot] = next_of(block, 0);
      resource_->deallocate(block, size, alignof(std::max_align_t));
    }
  }
  while (chunks_) {
    Chunk* chunk = chunks_;
    chunks_ = chunk->next;
    const std::size_t size = chunk->size;
    unpoison(chunk, size);
    resource_->deallocate(chunk, size, alignof(std::max_align_t));
  }
}

void* FramePool::allocate_slow(std::size_t size) {
  const std::size_t slot = slot_of(size);
  if (slot >= free_.size()) return allocate_large(size);
  const std::size_t rounded = (slot + 1) * grain;
  if (static_cast<std::size_t>(fresh_end_ - fresh_) < rounded) {
    static_assert(sizeof(Chunk) % grain == 0);
    auto* chunk = static_cast<Chunk*>(resource_->allocate(next_chunk_, alignof(std::max_align_t)));
    chunk->next = chunks_;
    chunk->size = next_chunk_;
    chunks_ = chunk;
    fresh_ = reinterpret_cast<std::byte*>(chunk + 1);
    fresh_end_ = reinterpret_cast<std::byte*>(chunk) + next_chunk_;
    poison(fresh_, next_chunk_ - sizeof(Chunk));
    next_chunk_ = std::min<std::size_t>(next_chunk_ * 2, 65536);
  }
  std::byte* block = fresh_;
  fresh_ += rounded;
  unpoison(block, size);
  ++carved_;
  return block;
}

void* FramePool::allocate_large(std::size_t size) {
  const std::size_t slot = (size - 1) / large_grain;
  const bool kept = slot < large_free_.size();
  const std::size_t rounded = kept ? (slot + 1) * large_grain : size;
  std::byte* memory = kept ? large_free_[slot] : nullptr;
  if (memory) {
    unpoison(memory, rounded);
    large_free_[slot] = next_of(memory, 0);
    kept_ -= rounded;
  } else {
    memory = static_cast<std::byte*>(resource_->allocate(rounded, alignof(std::max_align_t)));
  }
  ++large_;
  return memory;
}

void FramePool::deallocate_large(void* memory, std::size_t size) noexcept {
  const std::size_t slot = (size - 1) / large_grain;
  const std::size_t rounded = slot < large_free_.size() ? (slot + 1) * large_grain : size;
  --large_;
  if (slot >= large_free_.size() || kept_ + rounded > most_kept) {
    return resource_->deallocate(memory, rounded, alignof(std::max_align_t));
  }
  auto* const block = static_cast<std::byte*>(memory);
  next_of(block, 0) = large_free_[slot];
  large_free_[slot] = block;
  kept_ += rounded;
  poison(block, rounded);
}

std::size_t FramePool::live() const {
  std::size_t live = carved_ + large_;
  for (std::size_t slot = 0; slot < free_.size(); ++slot) {
    for (std::byte* block = free_[slot]; block;) {
      unpoison(block, (slot + 1) * grain);
      std::byte* const next = next_of(block, slot);
      poison(block, (slot + 1) * grain);
      block = next;
      --live;
    }
  }
  return live;
}

}  // namespace rondo
