// SPDX-License-Identifier: BSL-1.0
// fork.hpp - a future of several others, its children: where a cancellation forks (cancel.cpp).
#pragma once

#include <cstdint>
#include <span>

#include <rondo/kernel/future_core.hpp>

namespace rondo {

class Fork;

/// A fork's place at one of its children.
class ForkChild : public Hook {
 public:
  ForkChild() : Hook(&call_member<ForkChild, &ForkChild::done>) {}
  Fork* fork = nullptr;
  FutureCore* future = nullptr;  // a reference is held

 private:
  void done();
};

class Fork : public FutureBlock {
 public:
  /// The state of a cancellation that passes: the way back up, and how far it has come among the children.
  struct Walk {
    Fork* above = nullptr;
    TaskCore* from = nullptr;         // that waits for this fork, and has handed the request on
    std::uint32_t children_asked = 0;  // the last of them has answered when the walk is back here
    bool active = false;
    bool any = false;    // a child has said yes
    bool again = false;  // and would say so when asked once more
  };

  Fork(Kernel& kernel, ResultCore& result, Destroy destroyer, Place created)
      : FutureBlock(kernel, result, destroyer, created, WaitableKind::fork) {}

  std::uint32_t positions() const { return static_cast<std::uint32_t>(children_.size()); }
  /// In the turn of a child that is done.
  virtual void child_done(ForkChild& child) = 0;
  FutureCore& child(std::uint32_t position) const { return *children_[position].future; }

  Walk walk;
  bool cancel_requested = false;

 protected:
  ~Fork() = default;
  std::span<ForkChild> children_;
};

inline void ForkChild::done() { fork->child_done(*this); }

}  // namespace rondo
