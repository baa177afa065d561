// SPDX-License-Identifier: BSL-1.0
// thread_slot.hpp - what this thread is doing for rondo: the loop that steps on it, and the task that runs.
#pragma once

#include <rondo/kernel/language.hpp>

#include <cstdint>

namespace rondo {

class Context;
class Kernel;
class TaskCore;
struct FrameCore;

/// Every await and every new frame looks here first, so all that they need is one load away.
struct ThreadSlot {
  Kernel* kernel = nullptr;
  TaskCore* task = nullptr;            // the one that runs; none in callbacks, and between the turns of entries
  FrameCore* next_frame = nullptr;     // see hand_over_to()
  std::uintptr_t nesting_floor = 0;    // see may_nest()
  Context* context = nullptr;          // the variables of a callback or a job; a task has its own
};
/// In a shared library, too, at a fixed distance from the thread's pointer: found without a call.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local ThreadSlot thread_slot;

/// True while another frame may be started on the native stack; beyond, step() takes over. Where the line is changes
/// nothing that a program can see: not the order in which things run, and not the hash.
[[gnu::always_inline]] inline bool may_nest() {
  return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) > thread_slot.nesting_floor;
}

/// Control goes on with `frame` when the current one has given it back: step() resumes it, or if it has ended, as the
/// root of its task, ends the task.
inline void hand_over_to(FrameCore& frame) { thread_slot.next_frame = &frame; }

}  // namespace rondo
