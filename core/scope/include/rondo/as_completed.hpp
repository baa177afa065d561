// SPDX-License-Identifier: BSL-1.0
// as_completed.hpp - several awaitables, one after the other as they are done.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include <rondo/kernel/resident.hpp>
#include <rondo/task.hpp>

namespace rondo {

class CompletionCore;
struct GetterTag;

/// A task that waits for the next completion.
class GetterAwaiter : public ParkedAwaiter<GetterAwaiter>, public Parking, public Link<GetterTag> {
 public:
  explicit GetterAwaiter(CompletionCore& core) : Parking(&waits), core_(&core) {}
  ~GetterAwaiter() {
    if (linked()) unlink();
  }
  bool await_ready() const noexcept;
  Parking& park();
  void resumed();

 private:
  static WaitWords waits(const Parking&) { return "waits for the next of as_completed()"; }
  CompletionCore* core_;
};

/// What an AsCompleted shares with the awaits it has given out. Lives as long as one of them, or as a member or the
/// deadline is waited for.
class CompletionCore final : public ResidentOf<CompletionCore>, public RefCounted<CompletionCore> {
 public:
  CompletionCore(Kernel& kernel, std::size_t members)
      : kernel_(&kernel), limit_(*this), todo_(members), left_(members) {}
  void begin(const std::vector<Ref<FutureCore>>& members, Limit timeout);
  void abandon() noexcept;
  void destroy() noexcept { delete this; }
  std::size_t left() const { return left_; }
  void take_one() { --left_; }

  bool has_item() const { return !items_.empty(); }
  Ref<FutureCore> take_item();
  void wait(GetterAwaiter& getter) { getters_.push_back(getter); }
  void wake_next();

 private:
  void member_done(Ref<FutureCore>& member);
  void expire();
  void put(Ref<FutureCore> item);
  void end() noexcept;

  Kernel* kernel_;
  MemberHook<CompletionCore, &CompletionCore::expire, Timer> limit_;
  std::deque<FutureHook<CompletionCore, &CompletionCore::member_done>> members_;
  std::size_t todo_;  // members that are waited for
  std::size_t left_;  // awaits that can be given out
  std::deque<Ref<FutureCore>> items_;  // done, in that order; an empty one stands for a deadline that passed
  List<GetterAwaiter, GetterTag> getters_;
};

template <class T>
Coro<T> next_completed(Ref<CompletionCore> core) {
  while (!core->has_item()) co_await unnoted(Awaits<GetterAwaiter, CompletionCore&>(*core));
  const Ref<FutureCore> item = core->take_item();
  if (!item) throw TimeoutError();
  inherit_await_stack(*item);
  if constexpr (std::is_void_v<T>) {
    raise_unless_value(*item);
  } else {
    co_return take_result<T>(*item);
  }
}

/// Gives as many coroutines as there are members: the k-th one that is awaited gives the outcome of the k-th member
/// that is done.
template <class T>
class AsCompleted {
 public:
  explicit AsCompleted(Ref<CompletionCore> core) : core_(std::move(core)) {}
  /// std::nullopt after the last.
  std::optional<Coro<T>> next() {
    if (core_->left() == 0) return std::nullopt;
    core_->take_one();
    return next_completed<T>(core_);
  }

 private:
  Ref<CompletionCore> core_;
};

/// Coroutines become tasks at once, in the order given; a task given twice counts once. `while (auto next = it.next())
/// co_await *next` continues two hops after a member is done, and gives its value or throws its error.
/// Once `timeout` has passed, every await that is left throws TimeoutError; members are never cancelled. A loop left
/// early leaves them running and the deadline armed. Source: asyncio.as_completed.
template <Awaitable A>
auto as_completed(std::vector<A> aws, Limit timeout = std::nullopt, Place place = Place::here()) {
  Kernel& kernel = running_kernel("as_completed");
  std::vector<Ref<FutureCore>> members;
  members.reserve(aws.size());
  const std::uint64_t stamp = kernel.next_stamp();
  for (A& aw : aws) {
    auto future = ensure_future(std::move(aw), place);
    check_same_loop(future.core(), kernel, "as_completed");
    if (future.core().take_stamp(stamp)) members.push_back(Ref<FutureCore>(future.core()));
  }
  const auto core = Ref<CompletionCore>::adopt(*new CompletionCore(kernel, members.size()));
  core->begin(members, timeout);
  return AsCompleted<AwaitedValue<A>>(core);
}

}  // namespace rondo
