// SPDX-License-Identifier: BSL-1.0
// gather.hpp - wait for several awaitables and collect their results in the order in which they were given.
#pragma once

#include <memory>
#include <tuple>
#include <vector>

#include <rondo/scope/gather_core.hpp>
#include <rondo/task.hpp>

namespace rondo {

/// Asks gather() for an Outcome of each child instead of the first error.
struct ReturnExceptions {};
inline constexpr ReturnExceptions return_exceptions{};

template <class T, bool outcomes>
using Gathered = std::conditional_t<outcomes, Outcome<T>, ValueOf<T>>;

/// What a child gives; a value is moved out where only the gather holds the child.
template <class T, bool outcomes>
Gathered<T, outcomes> gathered(FutureCore& child) {
  if constexpr (outcomes) {
    return read_outcome<T>(child, true);
  } else {
    return value_in<T>(child, child.references() == 1);
  }
}

template <bool with_outcomes, class... T>
struct GatheredTuple {
  static constexpr bool outcomes = with_outcomes;
  using Value = std::tuple<Gathered<T, outcomes>...>;
  static Value of(const Fork& gather) {
    return [&gather]<std::size_t... i>(std::index_sequence<i...>) {
      return Value{gathered<T, outcomes>(gather.child(i))...};
    }(std::index_sequence_for<T...>());
  }
};

template <bool with_outcomes, class T>
struct GatheredVector {
  static constexpr bool outcomes = with_outcomes;
  using Value = std::vector<Gathered<T, outcomes>>;
  static Value of(const Fork& gather) {
    Value values;
    values.reserve(gather.positions());
    for (std::uint32_t i = 0; i < gather.positions(); ++i) values.push_back(gathered<T, outcomes>(gather.child(i)));
    return values;
  }
};

/// The children lie behind it, in the same block. `Values` makes the result of them.
template <class Values>
class Gather final : public PooledFuture<Gather<Values>, GatherCore, typename Values::Value> {
 public:
  Gather(Kernel& kernel, Place created, std::size_t count)
      : Gather::PooledFuture(kernel, created, Values::outcomes), count_(count) {
    std::uninitialized_default_construct_n(children().data(), count);
  }
  static Gather& make(Kernel& kernel, Place created, std::size_t count) {
    return make_pooled<Gather>(kernel, count * sizeof(ForkChild), kernel, created, count);
  }
  std::size_t more() const { return count_ * sizeof(ForkChild); }
  std::span<ForkChild> children() { return {reinterpret_cast<ForkChild*>(this + 1), count_}; }

 private:
  void collect() override { this->result_.set(Values::of(*this)); }
  std::size_t count_;
};

template <bool outcomes, class... T>
auto gather_tuple(Kernel& kernel, Place place, std::tuple<Future<T>...> aws) {
  using Values = GatheredTuple<outcomes, T...>;
  auto& gather = Gather<Values>::make(kernel, place, sizeof...(T));
  Future<typename Values::Value> outer(Ref<FutureCore>::adopt(gather));
  std::size_t at = 0;
  std::apply([&](auto&... child) { ((gather.children()[at++].future = child.detach()), ...); }, aws);
  gather.begin(gather.children());
  return outer;
}

template <bool outcomes, class A>
auto gather_vector(std::vector<A> awaitables, Place place) {
  using Values = GatheredVector<outcomes, AwaitedValue<A>>;
  Kernel& kernel = running_kernel("gather");
  auto& gather = Gather<Values>::make(kernel, place, awaitables.size());
  Future<typename Values::Value> outer(Ref<FutureCore>::adopt(gather));
  std::size_t at = 0;
  try {
    for (A& awaitable : awaitables) {
      gather.children()[at].future = ensure_future(std::move(awaitable), place).detach();
      ++at;
    }
  } catch (...) {
    gather.give_up(gather.children().first(at));
    throw;
  }
  gather.begin(gather.children());
  return outer;
}

template <Awaitable... A>
auto gather_all(Place place, A&&... aws) {
  Kernel& kernel = running_kernel("gather");
  // Braces, not call arguments: only they are evaluated from left to right.
  return gather_tuple<false, AwaitedValue<A>...>(
      kernel, place, std::tuple<Future<AwaitedValue<A>>...>{ensure_future(std::forward<A>(aws), place)...});
}
template <Awaitable... A>
auto gather_all(Place place, const ReturnExceptions&, A&&... aws) {
  Kernel& kernel = running_kernel("gather");
  return gather_tuple<true, AwaitedValue<A>...>(
      kernel, place, std::tuple<Future<AwaitedValue<A>>...>{ensure_future(std::forward<A>(aws), place)...});
}
template <Awaitable A>
auto gather_all(Place place, std::vector<A> aws) {
  return gather_vector<false>(std::move(aws), place);
}
template <Awaitable A>
auto gather_all(Place place, const ReturnExceptions&, std::vector<A> aws) {
  return gather_vector<true>(std::move(aws), place);
}
template <class... A>
using GatheredOf = typename decltype(gather_all(Place(), std::declval<A>()...))::value_type;

/// Waits for all `aws` together: coroutines become tasks, in the order given. The future's value is a tuple of theirs
/// (std::monostate for void), or a vector for a vector of awaitables of one type.
/// The first child that fails or is cancelled ends the future with that error; the others run on, and their later
/// errors are taken as seen. Cancelling the future (or the task that awaits it) cancels every child.
/// The same task given twice is waited for once and fills both places. Nothing given: done at once. Continues two hops
/// after the last child. One allocation, and one task for each coroutine.
/// A value that nobody else can reach is moved, else copied. Source: asyncio.gather.
/// With `return_exceptions` first, an Outcome for each child: waits for all, and no child's error ends the future.
///
/// It is written as a class, a Future of its own type: only so can the place of the call follow any number of
/// arguments.
template <class... A>
class [[nodiscard]] gather : public Future<GatheredOf<A...>> {
 public:
  explicit gather(A&&... aws, Place place = Place::here())
      : Future<GatheredOf<A...>>(gather_all(place, std::forward<A>(aws)...)) {}
};
template <class... A>
gather(A&&...) -> gather<A...>;

}  // namespace rondo
