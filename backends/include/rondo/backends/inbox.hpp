// SPDX-License-Identifier: BSL-1.0
// inbox.hpp - the one place where other threads reach a loop: posted calls and finished jobs, in order of arrival.
//
// The loop's thread takes everything at once. A poster wakes the loop only if it has gone to sleep and nobody has woken
// it yet: while the loop is busy, posting costs a lock and a push, and no system call.
#pragma once

#include <condition_variable>
#include <mutex>
#include <vector>

#include <rondo/call.hpp>
#include <rondo/contract.hpp>

namespace rondo {

class Inbox {
 public:
  Inbox();
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  /// From any thread. If the loop sleeps, calls `wake(who)` while it still holds the lock: once the lock is free the loop
  /// may take the input, end, and destroy what `wake` needs.
  void put(const Input& input, void (*wake)(void* who), void* who);
  /// The same for a caller that wakes the loop by itself: true if it must.
  [[nodiscard]] bool put(const Input& input);

  /// On the loop's thread: sleeps until something has arrived, for a backend that has nothing else to wait for.
  void wait();

  /// On the loop's thread: appends all that has arrived to `inputs`. The loop counts as awake from here on.
  void take(std::vector<Input>& inputs);

  /// On the loop's thread, before it sleeps: false if something has arrived, and it must not sleep.
  bool fall_asleep();

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Input> inputs_;
  bool asleep_ = false;  // and not woken
};

}  // namespace rondo
