// SPDX-License-Identifier: BSL-1.0
// body.hpp - callables that are the body of a block: kept alive until their coroutine is done.
//
// A lambda that is a coroutine reads its captures from the closure, which therefore must outlive it. timeout() and
// task_group() keep a copy. GCC before 13 destroys a temporary closure whose captures have destructors twice inside a
// co_await expression (PR 99576), so there such a closure must have a name; check_body() says so.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include <rondo/awaiter.hpp>

namespace rondo {

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
inline constexpr bool closures_are_destroyed_twice = true;
#else
inline constexpr bool closures_are_destroyed_twice = false;
#endif

template <class Body>
constexpr void check_body() {
  static_assert(!closures_are_destroyed_twice || std::is_lvalue_reference_v<Body> ||
                    std::is_trivially_destructible_v<std::remove_cvref_t<Body>>,
                "GCC before 13 destroys this temporary closure twice (PR 99576): give it a name and pass that, "
                "or pass its captures as arguments");
}

/// body(block, args...) if it takes the block, else body(args...).
template <class Body, class Block, class... Args>
auto call_body(Body& body, Block& block, Args&... args) {
  if constexpr (std::invocable<Body&, Block&, Args...>) {
    return body(block, std::move(args)...);
  } else {
    static_assert(std::invocable<Body&, Args...>, "the body cannot be called with these arguments");
    return body(std::move(args)...);
  }
}

template <class Body, class Block, class... Args>
using BodyValue = AwaitedValue<decltype(call_body(std::declval<Body&>(), std::declval<Block&>(), std::declval<Args&>()...))>;

}  // namespace rondo
