// SPDX-License-Identifier: BSL-1.0
// remote_function.hpp - functions as template arguments: what makes them callable from another process.
#pragma once

#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <rondo/error.hpp>
#include <rondo/executors/archive.hpp>
#include <rondo/executors/function_registry.hpp>
#include <rondo/executors/remote_call.hpp>

namespace rondo {

/// What a function takes and gives, as values.
template <class F>
struct Signature : Signature<decltype(&F::operator())> {};
template <class R, class... A>
struct Signature<R (*)(A...)> {
  using Result = std::remove_cvref_t<R>;
  using Arguments = std::tuple<std::remove_cvref_t<A>...>;

  template <class... T>
  static std::string archive(const T&... values) {
    static_assert(sizeof...(T) == sizeof...(A), "the function takes another number of arguments");
    std::string bytes;
    (append_as<std::remove_cvref_t<A>>(bytes, values), ...);
    return bytes;
  }

 private:
  template <class As, class T>
  static void append_as(std::string& bytes, const T& value) {
    if constexpr (std::is_same_v<As, T>) {
      append_archived<As>(bytes, value);
    } else {
      static_assert(std::is_convertible_v<const T&, As>, "an argument does not fit the function's parameter");
      append_archived<As>(bytes, static_cast<As>(value));
    }
  }
};
template <class R, class... A>
struct Signature<R (*)(A...) noexcept> : Signature<R (*)(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) const> : Signature<R (*)(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) const noexcept> : Signature<R (*)(A...)> {};

/// A function that other processes of this program can run: a function, or a closure without captures.
template <auto F>
struct RemoteFunction {
  using Types = Signature<std::remove_cv_t<decltype(F)>>;
  using Result = typename Types::Result;

  static std::string call(std::string_view bytes) {
    return call_with(bytes, static_cast<typename Types::Arguments*>(nullptr));
  }
  /// Its number: taken before main() begins, if the program names it anywhere.
  static const std::uint32_t number;
  static std::string_view name() { return name_in(__PRETTY_FUNCTION__); }

 private:
  template <class... A>
  static std::string call_with([[maybe_unused]] std::string_view bytes, std::tuple<A...>*) {
    std::tuple<A...> arguments{take_archived<A>(bytes)...};
    std::string result;
    if constexpr (std::is_void_v<Result>) {
      std::apply(F, std::move(arguments));
    } else {
      Archive<Result>::save(result, std::apply(F, std::move(arguments)));
    }
    return result;
  }
};
template <auto F>
const std::uint32_t RemoteFunction<F>::number =
    FunctionRegistry::instance().add({&RemoteFunction<F>::call, RemoteFunction<F>::name()});

/// Names a function for run_in_executor(pool, function<&f>, arguments...). Any other executor just calls it.
template <auto F>
struct Function {
  template <class... T>
  auto operator()(T&&... arguments) const {
    return std::invoke(F, std::forward<T>(arguments)...);
  }
};
template <auto F>
inline constexpr Function<F> function{};

/// A call that is not made yet, with its arguments archived.
template <auto F, class... T>
RemoteCall remote_call(const T&... arguments) {
  if (RemoteFunction<F>::number == 0) throw RuntimeError("remote_call: main() has not begun, so no function has its number");
  return {RemoteFunction<F>::number, RemoteFunction<F>::name(), RemoteFunction<F>::Types::archive(arguments...)};
}

}  // namespace rondo
