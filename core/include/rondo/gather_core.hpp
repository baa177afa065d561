// SPDX-License-Identifier: BSL-1.0
// gather_core.hpp - the part of gather() that knows no types: children, counting, cancelling.
//
// One block holds a gather with all its children; each child's entry stands at that child until it is done.
// Source: asyncio.gather, CPython 3.13 Lib/asyncio/tasks.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <rondo/combinator.hpp>
#include <rondo/future_core.hpp>

namespace rondo {

class GatherCore;

/// A gather's place at one of its children.
class GatherChild : public Entry {
 public:
  GatherChild() : Entry(EntryKind::gather_child) {}
  GatherCore* gather = nullptr;
  FutureCore* future = nullptr;  // a reference is held
};

class GatherCore : public FutureBlock, public Combinator {
 public:
  /// The state of a cancellation that passes (cancel.cpp): the way back up and the next child to ask.
  struct Walk {
    GatherCore* above = nullptr;
    TaskCore* asked = nullptr;
    std::uint32_t next = 0;
    bool active = false;
    bool any = false;
  };

  GatherCore(Kernel& kernel, ResultCore& result, Destroy destroyer, Place created, bool return_exceptions)
      : FutureBlock(WaitableKind::gather, kernel, result, destroyer, created), return_exceptions_(return_exceptions) {}

  /// Puts an entry at every distinct child that is pending, then counts those that are done, in order. Takes over one
  /// reference per child. collect() may run before this returns.
  void begin(std::span<GatherChild> children);
  /// The entry of `child` has come up.
  void child_done(GatherChild& child);

  /// Gives the children back without having begun.
  static void give_up(std::span<GatherChild> children);
  void abandon() noexcept override;

  std::uint32_t positions() const { return static_cast<std::uint32_t>(children_.size()); }
  FutureCore& child(std::uint32_t position) const { return *children_[position].future; }

  Walk walk;
  bool cancel_requested = false;

 protected:
  ~GatherCore() = default;
  /// Makes the result of the children's. May throw what copying a value throws.
  virtual void collect() = 0;
  bool return_exceptions() const { return return_exceptions_; }

 private:
  void count(FutureCore& child);
  void finish();
  void let_go() noexcept;

  std::span<GatherChild> children_;
  std::uint32_t distinct_ = 0;
  std::uint32_t finished_ = 0;
  bool return_exceptions_;
};

}  // namespace rondo
