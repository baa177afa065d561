// SPDX-License-Identifier: BSL-1.0
// frame_core.hpp - the part of every coroutine frame that knows no type: who awaits it, and where it stands.
#pragma once

#include <rondo/kernel/language.hpp>

#include <coroutine>
#include <cstdint>

#include <rondo/kernel/resident.hpp>
#include <rondo/kernel/thread_slot.hpp>
#include <rondo/machines/frame.hpp>
#include <rondo/place.hpp>

namespace rondo {

/// The link from an awaited coroutine to the one that awaits it. It is part of the await, which lives in the awaiting
/// frame and owns the child.
struct FrameLink {
  FrameCore* parent = nullptr;
  FrameCore* child = nullptr;
};

/// Who destroys a frame.
enum class FrameOwner : std::uint8_t {
  await,    // whoever awaits it; or the task whose root it is
  handles,  // a SharedFrame: its handles, or its loop
};

/// First base of every promise. Promises are reached from it and back, so all of them have this alignment.
struct FrameCore {
  FrameLink* link = nullptr;  // who awaits this coroutine; null for a task's root and before the first await
  Place at;                   // where this coroutine last awaited something
  FrameOwner owner = FrameOwner::await;

  FrameCore* parent() const { return link ? link->parent : nullptr; }
  std::coroutine_handle<> handle() { return std::coroutine_handle<FrameCore>::from_promise(*this); }

  bool ended() const { return state_ == machines::frame::State::ended; }
  /// Its awaiter is suspended for it, or it is a task's root: the runner must hear where control goes on.
  bool apart() const { return state_ == machines::frame::State::apart; }
  /// The coroutine has reached its end; the result is set.
  void end() {
    if (apart()) {
      fire<machines::frame::Event::end_apart>(*this);
    } else {
      fire<machines::frame::Event::end_inside>(*this);
    }
  }

 private:
  friend Firing;
  machines::frame::State& state_in(const decltype(machines::frame::diagram)&) { return state_; }
  void perform(machines::frame::Do effect) {
    if (effect == machines::frame::Do::hand_over) hand_over_to(link ? *link->parent : *this);
  }
  machines::frame::State state_ = machines::frame::State::inside;
};

/// A frame that its awaiter does not own: a generator's.
struct SharedFrame : FrameCore {
  SharedFrame() { owner = FrameOwner::handles; }
  Resident* resident = nullptr;  // destroys it when it is abandoned
};

}  // namespace rondo
