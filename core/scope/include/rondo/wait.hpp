// SPDX-License-Identifier: BSL-1.0
// wait.hpp - wait for some or all of several tasks and futures, without touching them.
#pragma once

#include <deque>
#include <optional>
#include <stdexcept>
#include <vector>

#include <rondo/task.hpp>

namespace rondo {

enum class ReturnWhen : std::uint8_t { first_completed, first_exception, all_completed };
using enum ReturnWhen;

struct WaitOptions {
  Limit timeout = std::nullopt;  // zero and less is a timer that is due at once, not a poll
  ReturnWhen return_when = ReturnWhen::all_completed;
};

/// The wait itself; lives in the waiting frame.
class WaitCore : public Parking {
 public:
  WaitCore(Kernel& kernel, WaitOptions options);
  ~WaitCore() { kernel_->disarm(limit_); }

  /// Watches `future`, once however often it is given. Posts itself where that is done already.
  void add(FutureCore& future);
  void begin();

 private:
  static WaitWords waits(const Parking&) { return "is in wait()"; }
  void expire() { kernel_->wake(*this); }
  void member_done(Ref<FutureCore>& future);

  Kernel* kernel_;
  WaitOptions options_;
  MemberHook<WaitCore, &WaitCore::expire, Timer> limit_;
  std::uint64_t stamp_ = 0;
  std::deque<FutureHook<WaitCore, &WaitCore::member_done>> members_;
  std::size_t left_ = 0;
};

template <class H>
struct WaitResult {
  std::vector<H> done;
  std::vector<H> pending;
};

template <class H>
Coro<WaitResult<H>> wait_for_handles(std::vector<H> handles, WaitOptions options) {
  {
    WaitCore wait(running_kernel("wait"), options);
    wait.begin();
    for (const H& handle : handles) {
      check_same_loop(handle.core(), running_kernel("wait"), "wait");
      wait.add(handle.core());
    }
    co_await unnoted(WaitAt(wait));
  }
  WaitResult<H> result;
  const std::uint64_t stamp = running_kernel("wait").next_stamp();
  for (H& handle : handles) {
    if (!handle.core().take_stamp(stamp)) continue;
    (handle.core().done() ? result.done : result.pending).push_back(std::move(handle));
  }
  co_return result;
}

/// Waits for tasks and futures of one handle type (AnyTask takes tasks of all types) until the first is done, the first
/// fails (a cancelled one does not count), or all are done; at most for `options.timeout`.
/// Gives them parted by done() as of the moment the caller goes on, each in the order given, duplicates once. Never
/// throws a member's error and never TimeoutError. Cancelling the caller leaves the members alone. Continues two hops
/// after the deciding member, even if all were done before. Throws std::invalid_argument for an empty vector.
/// Source: asyncio.wait.
template <class H>
Coro<WaitResult<H>> wait(std::vector<H> handles, WaitOptions options = {}) {
  if (handles.empty()) throw std::invalid_argument("wait: the vector of tasks and futures is empty");
  return wait_for_handles(std::move(handles), options);
}

/// Tasks and futures; not what has yet to become a task.
template <class H>
concept WaitHandle = requires(const H& handle) {
  { handle.core() } -> std::convertible_to<FutureCore&>;
};

/// What tells of all of them: their own type, or AnyTask for tasks of several types.
template <class First, class... Rest>
struct CommonHandle {
  static constexpr bool same = (std::same_as<First, Rest> && ...);
  static constexpr bool tasks =
      std::convertible_to<const First&, AnyTask> && (std::convertible_to<const Rest&, AnyTask> && ...);
  static_assert(same || tasks,
                "wait: futures of different types, or tasks and futures, cannot stand in one vector of the result: "
                "make tasks of them, or take gather() or as_completed()");
  using type = std::conditional_t<same, First, AnyTask>;
};

/// The same for handles one by one: `wait({.timeout = 1s}, a, b)`. Those of one type give a WaitResult of it, tasks of
/// several types a WaitResult<AnyTask>. In a co_await expression GCC 12 cannot compile `wait(std::vector{a, b})`.
template <WaitHandle First, WaitHandle... Rest>
Coro<WaitResult<typename CommonHandle<First, Rest...>::type>> wait(WaitOptions options, const First& first,
                                                                   const Rest&... rest) {
  std::vector<typename CommonHandle<First, Rest...>::type> handles;
  handles.reserve(1 + sizeof...(rest));
  handles.emplace_back(first);
  (handles.emplace_back(rest), ...);
  return wait_for_handles(std::move(handles), options);
}
template <WaitHandle First, WaitHandle... Rest>
auto wait(const First& first, const Rest&... rest) {
  return wait(WaitOptions(), first, rest...);
}

/// Source: asyncio.wait, which forbids it, too.
template <class... A>
  requires((Awaitable<A> && ...) && !(WaitHandle<std::remove_cvref_t<A>> && ...))
void wait(A&&...) {
  static_assert((WaitHandle<std::remove_cvref_t<A>> && ...),
                "wait: takes tasks and futures; make a task of a coroutine with create_task()");
}

}  // namespace rondo
