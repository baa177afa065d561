// SPDX-License-Identifier: BSL-1.0
// machines/frame.hpp - where control goes when a coroutine gives it back.
//
//               part               end_apart
//     inside ---------> apart ------------------> ended
//      ^ |      enter     |                         ^
//      | '<---------------'                         |
//      '-------------- end_inside ------------------'
//
// An awaited coroutine begins inside its await: on the native stack, so that control comes back there. If it suspends, its
// awaiter suspends for it, and it is apart: at its end the runner must go on with the awaiter. A task's root is apart from
// its beginning: at its end the runner ends the task. A generator enters the await of each next() anew.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::machines::frame {

enum class State : std::uint8_t { inside, apart, ended, last_state };
enum class Event : std::uint8_t { part, enter, end_inside, end_apart, last_event };
enum class Do : std::uint8_t { hand_over, nothing };

inline constexpr Machine diagram = Machine("frame", {
  Arrow<State, Event, Do>
  // from           on                 to             do
  {State::inside,   Event::part,       State::apart,  Do::nothing  },
  {State::inside,   Event::enter,      State::inside, Do::nothing  },
  {State::inside,   Event::end_inside, State::ended,  Do::nothing  },
  {State::apart,    Event::enter,      State::inside, Do::nothing  },
  {State::apart,    Event::end_apart,  State::ended,  Do::hand_over},
});
consteval const auto& machine_of(Event) { return diagram; }

}  // namespace rondo::machines::frame

extern template struct rondo::NoArrow<rondo::machines::frame::Event>;
