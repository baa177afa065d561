// SPDX-License-Identifier: BSL-1.0
// ending.hpp - the orderly end of a loop, turn by turn, so that a host need not block for it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <rondo/coro/countdown.hpp>
#include <rondo/driver.hpp>
#include <rondo/loop.hpp>
#include <rondo/machines/ending.hpp>

namespace rondo {

/// What a driver waits for is done: the loop stops after this batch.
using StopHook = MemberHook<Kernel, &Kernel::stop>;

/// Cancels all tasks and waits for them; closes the async generators that have begun; lets jobs end, and the default
/// executor; cancels what is in flight and waits for its completions. Failures of what was left go to the exception
/// handler. Source: asyncio's Runner.close().
class Ending {
 public:
  Ending(Loop& loop, Backend& backend);
  ~Ending();
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;

  /// Until when the host may sleep, as Driver::deadline().
  Instant deadline();
  /// One turn; the first one begins. While tasks and generators end it throws what the backend throws, DeadlockError if
  /// they never will, and RuntimeError after a stop(): then either go on with turn(), or give_up().
  void turn(std::span<const Input> in, TurnLimits limits = {});
  /// As Driver::on_wakeup_needed(), while tasks and generators end.
  void on_wakeup_needed(Wakeup::Function function, void* data) { driver_.on_wakeup_needed(function, data); }
  /// Waits no longer for tasks and generators.
  void give_up();
  machines::ending::State state() const { return state_; }
  /// True once tasks and generators have ended. Until the next turn the loop may go on as if nothing had been.
  bool wound_up() const { return state_ >= machines::ending::State::wound_up; }
  /// True once nothing of the loop is in flight and nothing is left in it: it may be destroyed.
  bool ended() const { return state_ == machines::ending::State::ended; }

 private:
  friend Firing;
  machines::ending::State& state_in(const decltype(machines::ending::diagram)&) { return state_; }
  void perform(machines::ending::Do effect);
  void run_last(Loop::GeneratorCloser closer);
  /// The end of the default executor.
  class Closing final : public OwnedOperation {
   public:
    void completed() override {}
  };
  bool part_is_done() const;
  void wait_for(FutureCore& future);
  void cancel_tasks();
  void settle();
  void exchange(std::span<const Input> in);
  bool lent_are_left();

  Loop* loop_;
  Backend* backend_;
  Driver driver_;
  StopHook stop_;
  machines::ending::State state_ = machines::ending::State::running;
  std::unique_ptr<Countdown> left_;  // the tasks that were cancelled
  Ref<FutureCore> part_;             // what the other parts wait for
  Closing executor_;
  std::uint32_t others_ = UINT32_MAX;  // in flight, and not lent: when they were counted last
  bool hurried_ = false;               // the next turn need not wait for anything
};

}  // namespace rondo
