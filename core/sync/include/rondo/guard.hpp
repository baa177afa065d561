// SPDX-License-Identifier: BSL-1.0
// guard.hpp - holds a lock or a place in a semaphore until it goes out of scope: `auto guard = co_await
// lock.scoped();`.
#pragma once

#include <rondo/sync/sync_primitive.hpp>

namespace rondo {

[[noreturn]] void throw_guard_released();
/// To the exception handler of the running loop: a guard found its lock released already.
void report_guard(const char* text) noexcept;

/// Releases `P` in the end. Movable. If P goes before its guard, the loop's exception handler is told who held it, and
/// the guard does nothing more.
template <class P>
class [[nodiscard("a guard that is dropped releases at once")]] Guard : private GuardLink {
 public:
  explicit Guard(P& primitive) : GuardLink(primitive) {}
  Guard(Guard&&) noexcept = default;
  Guard& operator=(Guard&&) = delete;
  ~Guard() {
    if (primitive_) release_at_end();
  }

  /// Releases before the end of the scope. RuntimeError if that was done, or if P is gone.
  void release() {
    if (!primitive_) throw_guard_released();
    P& primitive = static_cast<P&>(*primitive_);
    detach();
    primitive.release();
  }
  /// False after release(), or once P is gone.
  bool holds() const { return primitive_ != nullptr; }

 private:
  void release_at_end() noexcept {
    try {
      release();
    } catch (const std::exception& error) {  // somebody else released it meanwhile
      report_guard(error.what());
    }
  }
};

/// What scoped() gives: await it to acquire, and to get the guard.
template <class P>
using Scoped = Awaits<LineAwaiter<P, Guard<P>>, P&>;

}  // namespace rondo
