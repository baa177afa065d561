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

template <class T>
struct Result : ResultCore {
  static_assert(!std::is_reference_v<T>, "a coroutine cannot return a reference: return a pointer");
  static_assert(alignof(T) <= alignof(std::max_align_t), "over-aligned results are not supported: return a pointer");
  union {
    T value;
  };

  Result() noexcept {}
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;
  ~Result() {
    if (kind == Kind::value) value.~T();
  }
  template <class U>
  void set(U&& from) {
    ::new (static_cast<void*>(std::addressof(value))) T(std::forward<U>(from));
    kind = Kind::value;
  }
};

template <>
struct Result<void> : ResultCore {
  Result() noexcept {}
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;
  void set() { kind = Kind::value; }
};

/// What stands for void in tuples and outcomes.
template <class T>
using ValueOf = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

}  // namespace rondo
