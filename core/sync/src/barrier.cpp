// SPDX-License-Identifier: BSL-1.0
// barrier.cpp - arriving and leaving.
#include <rondo/barrier.hpp>

#include <stdexcept>

namespace rondo {

Barrier::Barrier(std::size_t parties, std::string_view name, Place created)
    : parties_(parties), door_(*this, name, created) {
  if (parties == 0) {
    throw std::invalid_argument(door_.title() + ": the number of parties must be 1 or more, not 0");
  }
}

/// A task inside the barrier; leaves on every way out.
class Barrier::Inside {
 public:
  explicit Inside(Barrier& barrier) : barrier_(barrier), watch_(barrier.door_), index_(barrier.inside_++) {}
  ~Inside() {
    if (watch_.gone()) return;
    if (--barrier_.inside_ == 0) barrier_.become(barrier_.broken() ? State::broken : State::filling);
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  std::size_t index() const { return index_; }

 private:
  Barrier& barrier_;
  Watch watch_;
  std::size_t index_;
};

Coro<std::size_t> Barrier::wait() {
  const auto lock = co_await unnoted(door_.scoped());
  co_await unnoted(door_.wait_for([this] { return state_ == State::filling || broken(); }));
  if (broken()) throw BrokenBarrierError(door_.title() + " is broken: reset it first");
  const Inside inside(*this);
  if (inside_ == parties_) {
    become(State::draining);
  } else {
    co_await unnoted(door_.wait_for([this] { return state_ != State::filling; }));
    if (state_ != State::draining) {
      throw BrokenBarrierError(door_.title() + " was broken or reset meanwhile");
    }
  }
  co_return inside.index();
}

Coro<void> Barrier::reset() {
  const auto lock = co_await unnoted(door_.scoped());
  become(inside_ > 0 ? State::resetting : State::filling);
}

Coro<void> Barrier::abort() {
  const auto lock = co_await unnoted(door_.scoped());
  become(State::broken);
}

std::string Barrier::Door::describe(Kernel&) const {
  return title() + " (" + std::to_string(owner_->n_waiting()) + " of " + std::to_string(owner_->parties()) +
         " are there)";
}

}  // namespace rondo
