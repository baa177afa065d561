// SPDX-License-Identifier: BSL-1.0
// gather.hpp - wait for several awaitables and collect their results in the order in which they were given.
#pragma once

#include <array>
#include <tuple>
#include <vector>

#include <rondo/gather_core.hpp>
#include <rondo/task.hpp>

namespace rondo {

/// Asks gather() for an Outcome of each child instead of the first error.
struct ReturnExceptions {};
inline constexpr ReturnExceptions return_exceptions{};

/// The value of a child that returned; moved out where only the gather holds the child.
template <class T>
ValueOf<T> gathered_value(FutureCore& child) {
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    T& value = static_cast<Result<T>&>(child.result_core()).value;
    if constexpr (std::copy_constructible<T>) {
      if (child.references() > 1) return value;
    }
    return std::move(value);
  }
}

/// How a child ended; a task's own CancelledError stays with the task (asyncio C12).
template <class T>
Outcome<T> gathered_outcome(FutureCore& child) {
  child.mark_retrieved();
  if (child.state() == future::State::returned) return Outcome<T>::of_value(gathered_value<T>(child));
  if (child.was_cancelled()) return Outcome<T>::of_cancelled(child.message());
  if (child.ended_by_cancel()) return Outcome<T>::of_cancelled(child.result_core().error);
  return Outcome<T>::of_error(child.result_core().error);
}

template <class T, bool outcomes>
using Gathered = std::conditional_t<outcomes, Outcome<T>, ValueOf<T>>;

template <class T, bool outcomes>
Gathered<T, outcomes> gathered(FutureCore& child) {
  if constexpr (outcomes) {
    return gathered_outcome<T>(child);
  } else {
    return gathered_value<T>(child);
  }
}

template <bool outcomes, class... T>
class GatherTuple final : public GatherCore {
 public:
  using Value = std::tuple<Gathered<T, outcomes>...>;

  static Future<Value> make(Kernel& kernel, Place created, std::tuple<Future<T>...> children) {
    auto& gather = *::new (kernel.allocate(sizeof(GatherTuple))) GatherTuple(kernel, created);
    Future<Value> outer(Ref<FutureCore>::adopt(gather));
    std::size_t at = 0;
    std::apply([&](auto&... child) { ((gather.children_[at++].future = child.detach()), ...); }, children);
    gather.begin(gather.children_);
    return outer;
  }

 private:
  GatherTuple(Kernel& kernel, Place created) : GatherCore(kernel, result_, &destroy_block, created, outcomes) {}
  void collect() override {
    [this]<std::size_t... i>(std::index_sequence<i...>) {
      result_.set(Value{gathered<T, outcomes>(child(i))...});
    }(std::index_sequence_for<T...>());
  }
  static void destroy_block(FutureBlock& block) noexcept {
    auto& gather = static_cast<GatherTuple&>(block);
    Kernel& kernel = gather.kernel();
    gather.~GatherTuple();
    kernel.deallocate(&gather, sizeof(GatherTuple));
  }

  Result<Value> result_;
  std::array<GatherChild, sizeof...(T)> children_;
};

template <bool outcomes, class T>
class GatherVector final : public GatherCore {
 public:
  using Value = std::vector<Gathered<T, outcomes>>;

  static GatherVector& make(Kernel& kernel, Place created, std::size_t count) {
    void* memory = kernel.allocate(size(count));
    auto& gather = *::new (memory) GatherVector(kernel, created, count);
    std::uninitialized_default_construct_n(gather.children().data(), count);
    return gather;
  }
  std::span<GatherChild> children() { return {reinterpret_cast<GatherChild*>(this + 1), count_}; }

 private:
  GatherVector(Kernel& kernel, Place created, std::size_t count)
      : GatherCore(kernel, result_, &destroy_block, created, outcomes), count_(count) {}
  static std::size_t size(std::size_t count) { return sizeof(GatherVector) + count * sizeof(GatherChild); }
  void collect() override {
    Value values;
    values.reserve(positions());
    for (std::uint32_t i = 0; i < positions(); ++i) values.push_back(gathered<T, outcomes>(child(i)));
    result_.set(std::move(values));
  }
  static void destroy_block(FutureBlock& block) noexcept {
    auto& gather = static_cast<GatherVector&>(block);
    Kernel& kernel = gather.kernel();
    const std::size_t whole = size(gather.count_);
    gather.~GatherVector();
    kernel.deallocate(&gather, whole);
  }

  Result<Value> result_;
  std::size_t count_;
};

template <bool outcomes, class A>
auto gather_vector(std::vector<A> awaitables, Place place) {
  using T = AwaitedValue<A>;
  using Gather = GatherVector<outcomes, T>;
  Kernel& kernel = running_kernel("gather");
  Gather& gather = Gather::make(kernel, place, awaitables.size());
  Future<typename Gather::Value> outer(Ref<FutureCore>::adopt(gather));
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

/// Waits for all `aws` together: coroutines become tasks, in the order given. The future's value is a tuple of theirs
/// (std::monostate for void), or a vector for a vector of awaitables of one type.
/// The first child that fails or is cancelled ends the future with that error; the others run on, and their later
/// errors are taken as seen. Cancelling the future (or the task that awaits it) cancels every child.
/// The same task given twice is waited for once and fills both places. Nothing given: done at once. Continues two hops
/// after the last child. One allocation, and one task for each coroutine.
/// A value that nobody else can reach is moved, else copied. Source: asyncio.gather.
template <Awaitable... A>
auto gather(A&&... aws) {
  Kernel& kernel = running_kernel("gather");
  // Braces, not call arguments: only they are evaluated from left to right.
  return GatherTuple<false, AwaitedValue<A>...>::make(
      kernel, Place::here(), std::tuple<Future<AwaitedValue<A>>...>{ensure_future(std::forward<A>(aws))...});
}
/// The same, with an Outcome for each child: waits for all, and no child's error ends the future.
template <Awaitable... A>
auto gather(ReturnExceptions, A&&... aws) {
  Kernel& kernel = running_kernel("gather");
  return GatherTuple<true, AwaitedValue<A>...>::make(
      kernel, Place::here(), std::tuple<Future<AwaitedValue<A>>...>{ensure_future(std::forward<A>(aws))...});
}
template <Awaitable A>
auto gather(std::vector<A> aws, Place place = Place::here()) {
  return gather_vector<false>(std::move(aws), place);
}
template <Awaitable A>
auto gather(ReturnExceptions, std::vector<A> aws, Place place = Place::here()) {
  return gather_vector<true>(std::move(aws), place);
}

}  // namespace rondo
