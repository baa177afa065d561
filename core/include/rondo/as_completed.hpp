// SPDX-License-Identifier: BSL-1.0
// as_completed.hpp - several awaitables, one after the other as they are done.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include <rondo/combinator.hpp>
#include <rondo/task.hpp>

namespace rondo {

class CompletionCore;
struct GetterTag;

/// The place at one member, and the deadline.
class CompletionMember : public Entry {
 public:
  CompletionMember() : Entry(EntryKind::completed_member) {}
  void done();
  CompletionCore* core = nullptr;
  Ref<FutureCore> future;
};
class CompletionLimit : public Timer {
 public:
  explicit CompletionLimit(CompletionCore& owner) : Timer(EntryKind::completed_limit), core(&owner) {}
  void expire();
  CompletionCore* core;
};

/// A task that waits for the next completion.
class Getter : public Parking, public Link<GetterTag> {
 public:
  Getter() : Parking(WaitableKind::completion) {}
};

/// What an AsCompleted shares with the awaits it has given out. Lives as long as one of them, a member that is not done
/// or the deadline needs it.
class CompletionCore final : public Combinator {
 public:
  explicit CompletionCore(Kernel& kernel) : kernel_(&kernel), limit_(*this) {}
  void begin(const std::vector<Ref<FutureCore>>& members, std::optional<Duration> timeout);
  void abandon() noexcept override;

  void retain() { ++references_; }
  void release() {
    if (--references_ == 0) delete this;
  }
  std::size_t left() const { return left_; }
  void take_one() { --left_; }

  bool has_item() const { return !items_.empty(); }
  Ref<FutureCore> take_item();
  void wait(Getter& getter) { getters_.push_back(getter); }
  void leave(Getter& getter);
  /// Somebody who was woken is cancelled before it could take an item: the next one is woken instead.
  void pass_on() {
    if (has_item()) wake_next();
  }

 private:
  friend CompletionMember;
  friend CompletionLimit;
  ~CompletionCore();
  void put(Ref<FutureCore> item);
  void wake_next();
  void forget_member(CompletionMember& member);
  void disarm_limit();

  Kernel* kernel_;
  CompletionLimit limit_;
  std::unique_ptr<CompletionMember[]> members_;
  std::size_t count_ = 0;
  std::size_t todo_ = 0;
  std::size_t left_ = 0;
  std::uint32_t references_ = 0;
  std::deque<Ref<FutureCore>> items_;  // done, in that order; an empty one stands for a deadline that passed
  List<Getter, GetterTag> getters_;
};

class GetterAwaiter : public Awaiter, private Getter {
 public:
  using value_type = void;
  explicit GetterAwaiter(CompletionCore& core) : core_(&core) {}
  ~GetterAwaiter() { core_->leave(*this); }
  bool await_ready() const noexcept { return core_->has_item(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    core_->wait(*this);
    suspend(frame_of(handle), static_cast<Parking&>(*this));
  }
  void await_resume() {
    pass_on_if_cancelled();
    check_delivery();
  }
  Outcome<void> outcome() {
    pass_on_if_cancelled();
    if (auto cancelled = pending_cancel()) {
      return Outcome<void>::of_cancelled(std::move(*cancelled));
    }
    return Outcome<void>::of_value({});
  }

 private:
  void pass_on_if_cancelled() {
    if (!pending() && !was_cancelled() && current().deliveries() != 0) core_->pass_on();
  }
  CompletionCore* core_;
};

class NextItem {
 public:
  explicit NextItem(CompletionCore& core) : core_(&core) {}
  GetterAwaiter operator co_await() const { return GetterAwaiter(*core_); }

 private:
  CompletionCore* core_;
};

template <class T>
Coro<T> next_completed(Ref<CompletionCore> core) {
  while (!core->has_item()) co_await NextItem(*core);
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
auto as_completed(std::vector<A> aws, std::optional<Duration> timeout = std::nullopt, Place place = Place::here()) {
  Kernel& kernel = running_kernel("as_completed");
  std::vector<Ref<FutureCore>> members;
  members.reserve(aws.size());
  const std::uint32_t stamp = kernel.next_stamp();
  for (A& aw : aws) {
    auto future = ensure_future(std::move(aw), place);
    if (future.core().visit(stamp)) members.push_back(Ref<FutureCore>(future.core()));
  }
  const Ref<CompletionCore> core(*new CompletionCore(kernel));
  core->begin(members, timeout);
  return AsCompleted<AwaitedValue<A>>(core);
}

}  // namespace rondo
