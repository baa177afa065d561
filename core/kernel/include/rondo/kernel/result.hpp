// SPDX-License-Identifier: BSL-1.0
// result.hpp - where a coroutine or a future leaves what it ended with: nothing yet, a value, an error, a cancellation.
//
// Result is storage; it lives inside frames and futures. What users hold is an Outcome (outcome.hpp).
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <variant>

namespace rondo {

/// The part of a result that does not depend on its type. `cancelled`: `error` is a CancelledError.
struct ResultCore {
  enum class Kind : unsigned char { none, value, error, cancelled };
  std::exception_ptr error;
  Kind kind = Kind::none;
};

/// What frames, tasks and jobs have room for: their memory is aligned for ordinary types alone, and compilers put
/// over-aligned values at any address in it (GCC PR 104177, llvm 56671).
template <class T>
inline constexpr bool fits_frames = alignof(T) <= alignof(std::max_align_t);
template <class T>
inline constexpr bool fits_frames<T&> = true;
template <class T>
inline constexpr bool fits_frames<T&&> = true;

/// What stands for void where there must be a value.
template <class T>
using ValueOf = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// What `function()` gives.
template <class F, class T = std::invoke_result_t<F&>>
ValueOf<T> value_of(F&& function) {
  if constexpr (std::is_void_v<T>) {
    function();
    return {};
  } else {
    return function();
  }
}

template <class T>
struct Result : ResultCore {
  static_assert(!std::is_reference_v<T>, "a coroutine cannot return a reference: return a pointer");
  static_assert(fits_frames<ValueOf<T>>, "over-aligned results are not supported: return a pointer");
  union {
    ValueOf<T> value;
  };

  Result() noexcept {}
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;
  ~Result() {
    if (kind == Kind::value) std::destroy_at(std::addressof(value));
  }
  /// Takes back what set() has set: a destructor has thrown since, and the coroutine ends in another way.
  void take_back() noexcept {
    if (kind != Kind::value) return;
    kind = Kind::none;
    std::destroy_at(std::addressof(value));
  }
  template <class... From>
  void set(From&&... from) {
    ::new (static_cast<void*>(std::addressof(value))) ValueOf<T>(std::forward<From>(from)...);
    kind = Kind::value;
  }
};

}  // namespace rondo
