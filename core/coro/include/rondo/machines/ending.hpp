// SPDX-License-Identifier: BSL-1.0
// machines/ending.hpp - how a loop ends in good order: one part after the other, each over some turns.
//
// Up to `wound_up` it is what asyncio's Runner.close() does, and the loop could go on. From `settling` on nothing runs any
// more: what a backend holds of the loop is waited for. An error, a deadlock or a stop() in between leads straight there.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::machines::ending {

enum class State : std::uint8_t {
  running, cancelling, closing_generators, closing_executor, wound_up, settling, draining, ended, last_state
};
enum class Event : std::uint8_t { next, give_up, last_event };
enum class Do : std::uint8_t { cancel_tasks, close_generators, take_a_turn, nothing, settle, discard, detach };

inline constexpr Machine diagram = Machine("ending", {
  Arrow<State, Event, Do>
  // from                       on              to                         do
  {State::running,            Event::next,    State::cancelling,         Do::cancel_tasks    },
  {State::cancelling,         Event::next,    State::closing_generators, Do::close_generators},
  {State::closing_generators, Event::next,    State::closing_executor,   Do::take_a_turn     },  // as asyncio does
  {State::closing_executor,   Event::next,    State::wound_up,           Do::nothing         },
  {State::wound_up,           Event::next,    State::settling,           Do::settle          },  // what was lent ends
  {State::settling,           Event::next,    State::draining,           Do::discard         },  // and then the rest
  {State::draining,           Event::next,    State::ended,              Do::detach          },
  {State::running,            Event::give_up, State::settling,           Do::settle          },
  {State::cancelling,         Event::give_up, State::settling,           Do::settle          },
  {State::closing_generators, Event::give_up, State::settling,           Do::settle          },
  {State::closing_executor,   Event::give_up, State::settling,           Do::settle          },
});
consteval const auto& machine_of(Event) { return diagram; }

}  // namespace rondo::machines::ending

extern template struct rondo::NoArrow<rondo::machines::ending::Event>;
