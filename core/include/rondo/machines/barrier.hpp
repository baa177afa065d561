// SPDX-License-Identifier: BSL-1.0
// machines/barrier.hpp - a barrier between one meeting and the next.
//
// Whoever is inside when it breaks or is reset gets BrokenBarrierError, also those whose meeting was complete but who
// have not gone on yet. Every arrow wakes all who wait: they look at the state themselves.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::barrier {

enum class State : std::uint8_t { filling, draining, resetting, broken, last_state };
enum class Event : std::uint8_t { complete, last_leaves, reset, reset_empty, abort, last_event };
enum class Do : std::uint8_t { wake_all };

inline constexpr Machine diagram("barrier", {
  Arrow<State, Event, Do>
  // from              on                  to                do
  {State::filling,   Event::complete,    State::draining,  Do::wake_all},  // the last party has arrived
  {State::filling,   Event::last_leaves, State::filling,   Do::wake_all},  // everybody was cancelled
  {State::filling,   Event::reset,       State::resetting, Do::wake_all},
  {State::filling,   Event::reset_empty, State::filling,   Do::wake_all},
  {State::filling,   Event::abort,       State::broken,    Do::wake_all},
  {State::draining,  Event::last_leaves, State::filling,   Do::wake_all},  // who came meanwhile may enter
  {State::draining,  Event::reset,       State::resetting, Do::wake_all},
  {State::draining,  Event::abort,       State::broken,    Do::wake_all},
  {State::resetting, Event::last_leaves, State::filling,   Do::wake_all},
  {State::resetting, Event::reset,       State::resetting, Do::wake_all},
  {State::resetting, Event::abort,       State::broken,    Do::wake_all},
  {State::broken,    Event::last_leaves, State::broken,    Do::wake_all},
  {State::broken,    Event::reset,       State::resetting, Do::wake_all},
  {State::broken,    Event::reset_empty, State::filling,   Do::wake_all},
  {State::broken,    Event::abort,       State::broken,    Do::wake_all},
});

}  // namespace rondo::barrier
