// SPDX-License-Identifier: BSL-1.0
// frame_core.hpp - the part of every coroutine frame that knows no type: who awaits it, and where it stands.
#pragma once

#include <coroutine>
#include <cstdint>

#include <rondo/kernel/resident.hpp>
#include <rondo/place.hpp>

namespace rondo {

struct FrameCore;

/// The link from an awaited coroutine to the one that awaits it. Lives in the awaiting frame and owns the child.
struct FrameLink {
  FrameCore* parent = nullptr;
  FrameCore* child = nullptr;
};

/// First base of every promise. Promises are reached from it and back, so all of them have this alignment.
struct FrameCore {
  FrameLink* link = nullptr;  // who awaits this coroutine; null for a task's root and before the first await
  Place at;                   // where this coroutine last awaited something
  bool handed_over = false;   // its awaiter was suspended for it: when it ends, the runner must resume the awaiter
  bool is_task = false;       // the root of a task, whose TaskCore lies in front of this frame
  bool ended = false;         // it has reached its end; the result is set
  bool shared = false;        // a SharedFrame: its handles own it, not the await

  FrameCore* parent() const { return link ? link->parent : nullptr; }
  std::coroutine_handle<> handle() { return std::coroutine_handle<FrameCore>::from_promise(*this); }
};

/// A frame that its awaiter does not own: a generator's.
struct SharedFrame : FrameCore {
  SharedFrame() { shared = true; }
  Resident* owner = nullptr;  // destroys it when it is abandoned
};

}  // namespace rondo
