// SPDX-License-Identifier: BSL-1.0
// shield.hpp - let an awaiter be cancelled without what it awaits.
#pragma once

#include <rondo/combinator.hpp>
#include <rondo/task.hpp>

namespace rondo {

class ShieldCore;

/// The shield's place at what it protects, and at itself.
class ShieldInner : public Entry {
 public:
  ShieldInner() : Entry(EntryKind::shield_inner) {}
  void inner_done();
  ShieldCore* shield = nullptr;
};
class ShieldOuter : public Entry {
 public:
  ShieldOuter() : Entry(EntryKind::shield_outer) {}
  void outer_done();
  ShieldCore* shield = nullptr;
};

class ShieldCore : public FutureBlock, public Combinator {
 public:
  ShieldCore(Kernel& kernel, ResultCore& result, Destroy destroyer, Place created, Ref<FutureCore> inner)
      : FutureBlock(WaitableKind::future, kernel, result, destroyer, created), inner_(std::move(inner)) {}
  void begin();
  void abandon() noexcept override;

 protected:
  ~ShieldCore() = default;
  /// Copies the inner value. May throw what copying throws.
  virtual void copy_value(FutureCore& inner) = 0;

 private:
  friend ShieldInner;
  friend ShieldOuter;
  void take_over(FutureCore& inner);
  void let_go() noexcept;

  Ref<FutureCore> inner_;
  ShieldInner inner_entry_;
  ShieldOuter outer_entry_;
};

template <class T>
class ShieldState final : public ShieldCore {
 public:
  static ShieldState& make(Kernel& kernel, Place created, Ref<FutureCore> inner) {
    return *::new (kernel.allocate(sizeof(ShieldState))) ShieldState(kernel, created, std::move(inner));
  }

 private:
  ShieldState(Kernel& kernel, Place created, Ref<FutureCore> inner)
      : ShieldCore(kernel, result_, &destroy_block, created, std::move(inner)) {}
  void copy_value(FutureCore& inner) override {
    if constexpr (std::is_void_v<T>) {
      result_.set();
    } else {
      result_.set(take_result<T>(inner));
    }
  }
  static void destroy_block(FutureBlock& block) noexcept {
    auto& shield = static_cast<ShieldState&>(block);
    Kernel& kernel = shield.kernel();
    shield.~ShieldState();
    kernel.deallocate(&shield, sizeof(ShieldState));
  }
  Result<T> result_;
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
  auto& outer = ShieldState<T>::make(core.kernel(), place, Ref<FutureCore>(core));
  Future<T> handle(Ref<FutureCore>::adopt(outer));
  outer.begin();
  return handle;
}

}  // namespace rondo
