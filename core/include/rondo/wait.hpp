// SPDX-License-Identifier: BSL-1.0
// wait.hpp - wait for some or all of several tasks and futures, without touching them.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include <rondo/task.hpp>

namespace rondo {

enum class ReturnWhen : std::uint8_t { first_completed, first_exception, all_completed };
using enum ReturnWhen;

struct WaitOptions {
  std::optional<Duration> timeout = std::nullopt;  // zero and less is a timer that is due at once, not a poll
  ReturnWhen return_when = ReturnWhen::all_completed;
};

class WaitCore;

/// A wait's place at one of its members, and its deadline.
class WaitMember : public Entry {
 public:
  WaitMember(WaitCore& owner, FutureCore& watched)
      : Entry(EntryKind::wait_member), wait(&owner), future(&watched) {}
  ~WaitMember() {
    if (linked()) unlink();
  }
  void done();
  WaitCore* wait;
  FutureCore* future;
};
class WaitLimit : public Timer {
 public:
  explicit WaitLimit(WaitCore& owner) : Timer(EntryKind::wait_limit), wait(&owner) {}
  void expire();
  WaitCore* wait;
};

/// The wait itself; lives in the waiting frame.
class WaitCore : public Parking {
 public:
  WaitCore(Kernel& kernel, WaitOptions options)
      : Parking(WaitableKind::wait), kernel_(&kernel), options_(options), limit_(*this) {}
  ~WaitCore() { kernel_->disarm(limit_); }

  /// Watches `future`, once however often it is given. Posts itself where that is done already.
  void add(FutureCore& future);
  void begin(std::size_t count);
  const std::vector<std::unique_ptr<WaitMember>>& members() const { return members_; }

 private:
  friend WaitMember;
  friend WaitLimit;
  void member_done(FutureCore& future);

  Kernel* kernel_;
  WaitOptions options_;
  WaitLimit limit_;
  std::uint32_t stamp_ = 0;
  std::vector<std::unique_ptr<WaitMember>> members_;
  std::size_t left_ = 0;
};

/// The await of a WaitCore.
class WaitAwaiter : public Awaiter {
 public:
  using value_type = void;
  explicit WaitAwaiter(WaitCore& wait) : wait_(&wait) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    suspend(frame_of(handle), *wait_);
  }
  void await_resume() { check_delivery(); }
  Outcome<void> outcome() {
    if (auto cancelled = pending_cancel()) {
      return Outcome<void>::of_cancelled(std::move(*cancelled));
    }
    return Outcome<void>::of_value({});
  }

 private:
  WaitCore* wait_;
};

class WaitFor {
 public:
  explicit WaitFor(WaitCore& wait) : wait_(&wait) {}
  WaitAwaiter operator co_await() const { return WaitAwaiter(*wait_); }

 private:
  WaitCore* wait_;
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
    wait.begin(handles.size());
    for (const H& handle : handles) wait.add(handle.core());
    co_await WaitFor(wait);
  }
  WaitResult<H> result;
  const std::uint32_t stamp = running_kernel("wait").next_stamp();
  for (H& handle : handles) {
    if (!handle.core().visit(stamp)) continue;
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

}  // namespace rondo
