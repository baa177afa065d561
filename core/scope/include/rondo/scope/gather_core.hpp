// SPDX-License-Identifier: BSL-1.0
// gather_core.hpp - the part of gather() that knows no types: children, counting, cancelling.
//
// One block holds a gather with all its children; each child's entry stands at that child until it is done.
// Source: asyncio.gather, CPython 3.13 Lib/asyncio/tasks.py.
#pragma once

#include <cstdint>
#include <span>

#include <rondo/kernel/fork.hpp>
#include <rondo/kernel/resident.hpp>

namespace rondo {

class GatherCore : public Fork, public ResidentOf<GatherCore> {
 public:
  GatherCore(Kernel& kernel, ResultCore& result, Destroy destroyer, Place created, bool return_exceptions)
      : Fork(kernel, result, destroyer, created), return_exceptions_(return_exceptions) {}

  /// Puts an entry at every distinct child that is pending, then counts those that are done, in order. Takes over one
  /// reference per child. collect() may run before this returns. RuntimeError if one is of another loop.
  void begin(std::span<ForkChild> children);
  /// Gives the children back without having begun.
  static void give_up(std::span<ForkChild> children);
  void child_done(ForkChild& child) final;
  void abandon() noexcept { let_go(); }

 protected:
  ~GatherCore() = default;
  /// Makes the result of the children's. May throw what copying a value throws.
  virtual void collect() = 0;

 private:
  void count(FutureCore& child);
  void finish();
  void let_go() noexcept;

  std::uint32_t distinct_ = 0;
  std::uint32_t finished_ = 0;
  bool return_exceptions_;
};

}  // namespace rondo
