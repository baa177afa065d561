// SPDX-License-Identifier: BSL-1.0
// inbox.hpp - the one place where other threads reach a loop: posted calls and finished jobs, in order of arrival.
//
// The loop's thread takes everything at once. A poster wakes the loop only if it has gone to sleep and nobody has woken
// it yet: while the loop is busy, posting costs a lock and a push, and no system call.
#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include <rondo/backend.hpp>
#include <rondo/kernel/call_core.hpp>

namespace rondo {

class Inbox final : public Poster {
 public:
  /// `wake(who)` wakes the loop.
  explicit Inbox(void (*wake)(void* who), void* who) : wake_(wake), who_(who) {}
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // From any thread. The last two wake the loop, if it sleeps, while they hold the lock: once that is free the loop may
  // take the input, end, and destroy what is needed to wake it.

  Block allocate(std::size_t size) override;
  /// Calls are linked to each other: that allocates nothing, so it cannot fail.
  void post(CallCore& call) noexcept override;
  /// An operation that another thread carried out has ended.
  void complete(OperationId id, std::int32_t result);

  /// On the loop's thread: appends all that has arrived to `inputs`. The loop counts as awake from here on. If that
  /// throws, since there is no memory, nothing is lost.
  void take(std::vector<Input>& inputs);

  /// On the loop's thread: moves the calls alone to `posts`; whether the loop counts as awake stays as it was.
  void take_posts(std::vector<Input>& posts) override;

  bool claim() noexcept override { return !claimed_.test_and_set(); }
  void give_back() noexcept override { claimed_.clear(); }

  /// On the loop's thread, before it sleeps: false if something has arrived, and it must not sleep.
  bool fall_asleep();

 private:
  struct Completed {
    OperationId id;
    std::int32_t result;
    std::size_t behind;  // so many calls, which arrived before it
  };
  struct Arrived {
    EntryList calls;
    std::size_t count = 0;  // of calls
    std::vector<Completed> completed;
    bool empty() const { return count == 0 && completed.empty(); }
  };
  void wake_loop();

  void (*wake_)(void* who);
  void* who_;
  std::atomic_flag claimed_;
  std::mutex mutex_;
  Arrived arrived_;
  Arrived taken_;        // the loop's own, and empty but within take()
  bool asleep_ = false;  // and not woken
};

}  // namespace rondo
