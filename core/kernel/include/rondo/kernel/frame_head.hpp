// SPDX-License-Identifier: BSL-1.0
// frame_head.hpp - what lies in front of the frame of every coroutine, and the memory of both.
//
// In front of a Coro's frame is room for a TaskCore: create_task() makes the block itself the task, with no second
// allocation. What a step touches is next to the frame.
#pragma once

#include <cstddef>
#include <new>

#include <rondo/kernel/kernel.hpp>

namespace rondo {

struct FrameHead {
  union {
    TaskCore task;  // alive once create_task() has made a task of the coroutine
  };
  Kernel* kernel;  // whose pool the block is from; null: from the global heap

  FrameHead() = delete;
  static const FrameHead& of(const void* frame) { return *(static_cast<const FrameHead*>(frame) - 1); }
  static TaskCore* task_room(void* frame) { return &(static_cast<FrameHead*>(frame) - 1)->task; }
};
static_assert(sizeof(FrameHead) % alignof(std::max_align_t) == 0, "the frame behind it must be aligned");
static_assert(sizeof(FrameHead) == FramePool::frame_link + sizeof(Kernel*));

/// Memory for a frame and its head: from the running loop's pool, else from the global heap.
template <class Head>
[[gnu::always_inline]] inline void* allocate_frame(std::size_t size) {
  Kernel* kernel = thread_slot.kernel;
  const std::size_t whole = sizeof(Head) + size;
  auto* head = static_cast<Head*>(kernel ? kernel->allocate(whole) : ::operator new(whole));
  head->kernel = kernel;
  return head + 1;
}

/// The end of a frame whose block is from the global heap, or must stay: a task that still has handles, or is asked for
/// by its own destructors, keeps the block in which it lies.
void release_or_keep(void* frame, void* block, std::size_t size, Kernel* kernel) noexcept;

template <class Head>
[[gnu::always_inline]] inline void deallocate_frame(void* frame, std::size_t size) noexcept {
  Head* head = static_cast<Head*>(frame) - 1;
  Kernel* kernel = head->kernel;
  if (!kernel || kernel->looks_at_blocks()) [[unlikely]] {
    return release_or_keep(frame, head, sizeof(Head) + size, kernel);
  }
  kernel->pool().deallocate(head, sizeof(Head) + size);
}

/// The end of a block of `kernel`, or of the global heap.
void release_block(void* block, std::size_t size, Kernel* kernel) noexcept;
/// The end of a block whose frame is gone already.
template <class Head>
void release_block(void* block, std::size_t size) noexcept {
  release_block(block, size, static_cast<Head*>(block)->kernel);
}

}  // namespace rondo
