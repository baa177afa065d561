// SPDX-License-Identifier: BSL-1.0
// driver.hpp - one turn of a loop on a backend, without blocking: what hosts, drive() and simulated worlds stand on.
//
//     for (;;) {
//       const Instant deadline = driver.deadline();              // before the host sleeps
//       ...                                                      // sleep until then, or until the backend has inputs
//       if (driver.turn(backend.reap(Instant::min())) == Turn::done) break;
//     }
//
// docs/the-loop.md says what a host must do, and machines/driver.hpp draws the order of the calls.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <rondo/backend.hpp>
#include <rondo/kernel/kernel.hpp>
#include <rondo/machines/driver.hpp>

namespace rondo {

/// How a turn has ended.
enum class Turn : std::uint8_t {
  waiting,  // nothing to do before an input comes or the deadline passes
  ready,    // a limit was reached: the next turn should come soon
  done,     // stop() was called and its batch has ended
  stuck,    // nothing can happen any more: no timer, no operation, no outside source
};

/// When a turn ends although more is ready.
struct TurnLimits {
  std::uint32_t entries = 256;         // tasks resumed and callbacks run
  Duration time = Duration::max();     // looked at after each 8 of them
};

/// Belongs to the loop's thread, and goes before the loop and the backend. Nothing in it blocks, but for what user code
/// does.
class Driver {
 public:
  Driver(Kernel& kernel, Backend& backend) : kernel_(&kernel), backend_(&backend) {}
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  ~Driver() {
    if (function_ && state_ != machines::driver::State::ready) kernel_->wakeup().hush();
  }

  /// Until when the host may sleep: Instant::min() if it must not, no_deadline if only an input can give it work. Reads
  /// the backend's clock only for delays that were asked for since the last turn. Asked again after a wake-up.
  Instant deadline() {
    if (state_ == machines::driver::State::ready) return Instant::min();
    if (kernel_->timers().has_unplaced()) [[unlikely]] kernel_->place(backend_->now());
    return kernel_->next_deadline();
  }

  /// Gives the loop these inputs, runs what is ready within `limits`, submits what it wants, and reports callbacks that
  /// were slow in debug mode. Once 64 batches have run it ends, since it is time to look for inputs again. The inputs
  /// must have been reaped last. RuntimeError inside a turn of the same driver; what the backend throws goes through,
  /// and the next turn goes on.
  Turn turn(std::span<const Input> in, const TurnLimits& limits = {});

  /// Passes inputs and outputs without running anything: for who waits for a completion while nothing else may happen.
  void exchange(std::span<const Input> in);

  /// `function(data)` is called once after each turn that ended waiting or stuck, when the first thing becomes ready
  /// outside of a turn (create_task, call_soon, set_result, cancel from code of the host), or when a deadline before
  /// deadline() is asked for. It must only note that, or wake the host: it is called in the middle of what the host
  /// does. Posts from other threads wake the backend instead. Counts from the next turn on.
  void on_wakeup_needed(Wakeup::Function function, void* data) {
    function_ = function;
    data_ = data;
  }

  machines::driver::State state() const { return state_; }

 private:
  friend Firing;
  machines::driver::State& state_in(const decltype(machines::driver::diagram)&) { return state_; }
  void perform(machines::driver::Do effect);
  /// Goes on after a step: true if the turn has ended, and how.
  bool ends_turn(const StepResult& result, std::span<const Input>& in, Turn& how);
  StepResult step(std::span<const Input> in, int budget);
  StepResult timed_step(Instant now, std::span<const Input> in, int budget);
  bool is_stuck(const StepResult& result) const;
  void end_turn(Turn how);

  Kernel* kernel_;
  Backend* backend_;
  machines::driver::State state_ = machines::driver::State::ready;
  Wakeup::Function function_ = nullptr;
  void* data_ = nullptr;
  std::array<Output, 64> out_;  // here, since making it costs more than most steps
};

/// Turn after turn, sleeping in the backend between them, until stop(). Throws DeadlockError when nothing can ever
/// happen again.
void drive(Kernel& kernel, Backend& backend);

}  // namespace rondo
