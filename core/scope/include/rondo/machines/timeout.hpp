// SPDX-License-Identifier: BSL-1.0
// machines/timeout.hpp - one deadline around a block of code.
//
// Expiring cancels the task once; leaving then decides whether the CancelledError is ours to turn into TimeoutError.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::machines::timeout {

enum class State : std::uint8_t { created, active, expiring, expired, finished, last_state };
/// *_late: the deadline is over already.
enum class Event : std::uint8_t {
  enter, enter_later, enter_late, enter_unlimited, reschedule, reschedule_late, lift, expire, leave, last_event
};
enum class Do : std::uint8_t { arm, arm_later, post, move, cancel_task, disarm, nothing };

inline constexpr Machine diagram = Machine("timeout", {
  Arrow<State, Event, Do>
  // from             on                      to               do
  {State::created,  Event::enter,           State::active,   Do::arm        },
  {State::created,  Event::enter_later,     State::active,   Do::arm_later  },  // a limit that counts from now
  {State::created,  Event::enter_late,      State::active,   Do::post       },
  {State::created,  Event::enter_unlimited, State::active,   Do::nothing    },
  {State::active,   Event::reschedule,      State::active,   Do::move       },
  {State::active,   Event::reschedule_late, State::active,   Do::post       },
  {State::active,   Event::lift,            State::active,   Do::disarm     },  // no deadline any more
  {State::active,   Event::expire,          State::expiring, Do::cancel_task},
  {State::active,   Event::leave,           State::finished, Do::disarm     },
  {State::expiring, Event::leave,           State::expired,  Do::nothing    },  // it has run out
});
consteval const auto& machine_of(Event) { return diagram; }

}  // namespace rondo::machines::timeout

extern template struct rondo::NoArrow<rondo::machines::timeout::Event>;
