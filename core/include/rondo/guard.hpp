// SPDX-License-Identifier: BSL-1.0
// guard.hpp - holds a lock or a place in a semaphore until it goes out of scope: `auto guard = co_await lock.scoped();`.
#pragma once

#include <rondo/sync_primitive.hpp>

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

/// The await of scoped(): acquires, and gives the guard.
template <class P>
class ScopedAwaiter : public LineAwaiter<P> {
 public:
  using value_type = Guard<P>;
  using LineAwaiter<P>::LineAwaiter;
  Guard<P> await_resume() {
    LineAwaiter<P>::await_resume();
    return Guard<P>(this->line());
  }
  Outcome<Guard<P>> outcome() {
    Outcome<void> acquired = LineAwaiter<P>::outcome();
    if (acquired.failed()) return Outcome<Guard<P>>::of_error(acquired.error());
    if (acquired.cancelled()) return Outcome<Guard<P>>::of_cancelled(acquired.exception());
    return Outcome<Guard<P>>::of_value(Guard<P>(this->line()));
  }
};

template <class P>
class [[nodiscard("this does nothing until it is awaited")]] Scoped {
 public:
  explicit Scoped(P& primitive) : primitive_(&primitive) {}
  ScopedAwaiter<P> operator co_await() const { return ScopedAwaiter<P>(*primitive_); }

 private:
  P* primitive_;
};

}  // namespace rondo
