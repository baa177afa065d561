// SPDX-License-Identifier: BSL-1.0
// pooled.hpp - objects in blocks of the kernel's pool, futures above all.
#pragma once

#include <cstddef>
#include <new>
#include <utility>

#include <rondo/kernel/kernel.hpp>

namespace rondo {

/// `T(args...)` in a block of its own, with `more` bytes behind it.
template <class T, class... Args>
T& make_pooled(Kernel& kernel, std::size_t more, Args&&... args) {
  void* const block = kernel.allocate(sizeof(T) + more);
  try {
    return *::new (block) T(std::forward<Args>(args)...);
  } catch (...) {
    kernel.deallocate(block, sizeof(T) + more);
    throw;
  }
}
template <class T>
void destroy_pooled(T& object, Kernel& kernel, std::size_t more = 0) noexcept {
  object.~T();
  kernel.deallocate(&object, sizeof(T) + more);
}

/// A future of a V with the room for it. `Core` is FutureBlock or derived from it, and Derived from this.
template <class Derived, class Core, class V>
class PooledFuture : public Core {
 public:
  template <class... Args>
  explicit PooledFuture(Kernel& kernel, Args&&... args)
      : Core(kernel, result_, &destroy_block, std::forward<Args>(args)...) {}
  template <class... Args>
  static Derived& make(Kernel& kernel, Args&&... args) {
    return make_pooled<Derived>(kernel, 0, kernel, std::forward<Args>(args)...);
  }
  /// The bytes behind it in its block.
  std::size_t more() const { return 0; }

 protected:
  ~PooledFuture() = default;
  Result<V> result_;

 private:
  static void destroy_block(FutureBlock& block) noexcept {
    auto& self = static_cast<Derived&>(block);
    destroy_pooled(self, self.kernel(), self.more());
  }
};

}  // namespace rondo
