// SPDX-License-Identifier: BSL-1.0
// shield.hpp - let an awaiter be cancelled without what it awaits.
#pragma once

#include <rondo/kernel/resident.hpp>
#include <rondo/task.hpp>

namespace rondo {

class ShieldCore : public FutureBlock, public ResidentOf<ShieldCore> {
 public:
  ShieldCore(Kernel& kernel, ResultCore& result, Destroy destroyer, Place created, Ref<FutureCore> inner)
      : FutureBlock(kernel, result, destroyer, created),
        inner_(std::move(inner)),
        inner_hook_(*this),
        outer_hook_(*this) {}
  void begin();
  void abandon() noexcept { let_go(); }

 protected:
  ~ShieldCore() = default;
  /// Copies the inner value. May throw what copying throws.
  virtual void copy_value(FutureCore& inner) = 0;

 private:
  void inner_done();
  void outer_done();
  void take_over(FutureCore& inner);
  void let_go() noexcept;

  Ref<FutureCore> inner_;
  MemberHook<ShieldCore, &ShieldCore::inner_done> inner_hook_;  // at what it protects
  MemberHook<ShieldCore, &ShieldCore::outer_done> outer_hook_;  // and at itself
};

template <class T>
class ShieldState final : public PooledFuture<ShieldState<T>, ShieldCore, T> {
 public:
  using ShieldState::PooledFuture::PooledFuture;

 private:
  void copy_value(FutureCore& inner) override {
    this->result_.set(value_in<T>(inner, inner.references() == 1));
  }
};

/// A future of the outcome of `aw` that can be cancelled without cancelling `aw`. The awaiter is not protected: it gets
/// its CancelledError at once. If `aw` is done already, its own future is returned. A coroutine becomes a task.
/// A cancelled `aw` cancels the future, without a message. Continues two hops after `aw` is done. One allocation.
/// A value that cannot be copied is moved out of `aw`. Source: asyncio.shield.
template <Awaitable A>
auto shield(A&& aw, Place place = Place::here()) {
  using T = AwaitedValue<A>;
  Future<T> inner = ensure_future(std::forward<A>(aw), place);
  if (inner.done()) return inner;
  FutureCore& core = inner.core();
  check_same_loop(core, running_kernel("shield"), "shield");
  auto& outer = ShieldState<T>::make(core.kernel(), place, Ref<FutureCore>(core));
  Future<T> handle(Ref<FutureCore>::adopt(outer));
  outer.begin();
  return handle;
}

}  // namespace rondo
