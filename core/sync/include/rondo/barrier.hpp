// SPDX-License-Identifier: BSL-1.0
// barrier.hpp - tasks that wait for each other at one point.
#pragma once

#include <cstddef>

#include <rondo/condition.hpp>

namespace rondo {

/// Lets `parties` tasks go on together, again and again. A task that is cancelled while it waits just leaves: the
/// barrier is not broken by that (unlike that of threads). Whoever is inside when it breaks or is reset gets
/// BrokenBarrierError, also those whose meeting was complete but who have not gone on yet. Source: asyncio.Barrier.
class Barrier {
 public:
  /// std::invalid_argument for no parties.
  explicit Barrier(std::size_t parties, std::string_view name = {}, Place created = Place::here());

  /// Waits for the others and gives the order of arrival, 0 .. parties - 1: the last does not suspend, the others go on
  /// one hop later. While the last meeting is still leaving, newcomers wait at the door and count for the next.
  /// BrokenBarrierError if the barrier is or gets broken, or is reset meanwhile. Some frames from the loop's pool.
  Coro<std::size_t> wait();

  /// Sends everybody away with BrokenBarrierError, and mends a broken barrier.
  Coro<void> reset();

  /// Breaks it: whoever is inside and whoever comes gets BrokenBarrierError, until a reset.
  Coro<void> abort();

  std::size_t parties() const { return parties_; }
  /// How many wait for the meeting to be complete.
  std::size_t n_waiting() const { return state_ == State::filling ? inside_ : 0; }
  bool broken() const { return state_ == State::broken; }

 private:
  enum class State : std::uint8_t {
    filling,    // the meeting is not complete
    draining,   // it was, and not all have left
    resetting,  // all are sent away, and not all have left
    broken,
  };
  /// Where everybody waits, for the meeting and at the door.
  class Door final : public Condition {
   public:
    Door(Barrier& owner, std::string_view name, Place created)
        : Condition("Barrier", "the lock of Barrier", name, created), owner_(&owner) {}
    using Condition::title;
    void wake_all() { wake(static_cast<std::size_t>(-1)); }
    std::string describe(Kernel& kernel) const override;

   private:
    Barrier* owner_;
  };
  class Inside;
  /// All who wait look at the new state themselves.
  void become(State state) {
    state_ = state;
    door_.wake_all();
  }

  std::size_t parties_;
  std::size_t inside_ = 0;
  State state_ = State::filling;
  Door door_;
};

}  // namespace rondo
