// SPDX-License-Identifier: BSL-1.0
// frame_pool.hpp - memory for coroutine frames, futures and callbacks: free lists by size over the loop's resource.
//
// A frame taken and given back costs a few instructions; memory goes back to the resource only when the pool dies.
// The pool outlives its loop until the last block is returned, so a handle may be kept longer than the loop it is from.
// In front of every frame stands a pointer to its kernel (null: the global heap, for coroutines made where no loop
// runs).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>

#include <rondo/kernel/poison.hpp>

namespace rondo {

class FramePool {
 public:
  static constexpr std::size_t grain = 16;
  static constexpr std::size_t largest = 1024;
  static constexpr std::size_t large_grain = 1024;
  static constexpr std::size_t largest_kept = 64 * 1024;  // larger blocks go straight to the resource
  static constexpr std::size_t most_kept = 4 * 1024 * 1024;  // bytes of free large blocks; more go back, too
  static constexpr std::size_t frame_link = 152;  // where a free block of a frame is linked: next to where the frame begins

  explicit FramePool(std::pmr::memory_resource& resource) : resource_(&resource) {}
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  ~FramePool();

  /// `size`: 8 or more. Throws std::bad_alloc when the resource does. O(1).
  void* allocate(std::size_t size) {
    const std::size_t slot = slot_of(size);
    if (slot < free_.size() && free_[slot]) [[likely]] {
      std::byte* block = free_[slot];
      unpoison(block, size);
      free_[slot] = next_of(block, slot);
      return block;
    }
    return allocate_slow(size);
  }

  void deallocate(void* memory, std::size_t size) noexcept {
    const std::size_t slot = slot_of(size);
    if (slot < free_.size()) [[likely]] {
      auto* block = static_cast<std::byte*>(memory);
      next_of(block, slot) = free_[slot];
      free_[slot] = block;
      poison(block, (slot + 1) * grain);
      return;
    }
    deallocate_large(memory, size);
  }

  /// Blocks handed out and not returned. Counts the free ones: for the end of a loop, not for its life.
  std::size_t live() const;

 private:
  struct Chunk {
    Chunk* next;
    std::size_t size;
  };

  /// Of a free block: the next one.
  static std::byte*& next_of(std::byte* block, std::size_t slot) {
    constexpr std::size_t frames = (frame_link + grain) / grain;
    return *reinterpret_cast<std::byte**>(block + (slot > frames ? frame_link : 0));
  }
  static constexpr std::size_t slot_of(std::size_t size) { return (size - 1) / grain; }
  void* allocate_slow(std::size_t size);
  void* allocate_large(std::size_t size);
  void deallocate_large(void* memory, std::size_t size) noexcept;

  std::array<std::byte*, largest / grain> free_{};
  std::size_t carved_ = 0;  // small blocks ever cut from chunks
  std::size_t large_ = 0;   // large blocks handed out
  std::array<std::byte*, largest_kept / large_grain> large_free_{};
  std::size_t kept_ = 0;  // bytes in them
  std::byte* fresh_ = nullptr;  // the unused rest of the newest chunk
  std::byte* fresh_end_ = nullptr;
  Chunk* chunks_ = nullptr;
  std::size_t next_chunk_ = 4096;
  std::pmr::memory_resource* resource_;
};

}  // namespace rondo
