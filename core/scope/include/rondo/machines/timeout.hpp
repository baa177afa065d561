// SPDX-License-Identifier: BSL-1.0
// machines/timeout.hpp - one deadline around a block of code.
//
// Expiring cancels the task once; leaving then decides whether the CancelledError is ours to turn into TimeoutError.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::machines::timeout {

enum class State : std::uint8_t { created, active, expiring, expired, finished, last_state };
enum class Event : std::uint8_t { enter, reschedule, expire, leave, last_event };
enum class Do : std::uint8_t { arm, move, cancel_task, disarm, nothing };

inline constexpr Machine diagram("timeout", {
  Arrow<State, Event, Do>
  // from             on                 to               do
  {State::created,  Event::enter,      State::active,   Do::arm        },
  {State::active,   Event::reschedule, State::active,   Do::move       },
  {State::active,   Event::expire,     State::expiring, Do::cancel_task},
  {State::active,   Event::leave,      State::finished, Do::disarm     },
  {State::expiring, Event::leave,      State::expired,  Do::nothing    },  // it has run out
});
consteval const auto& machine_of(Event) { return diagram; }

}  // namespace rondo::machines::timeout
