// SPDX-License-Identifier: BSL-1.0
// machines/loop.hpp - a loop in its steps, between them, and at its end.
//
// stop() lets the batch that is running end first (asyncio's rule), also when the budget cuts that batch into steps.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::machines::loop {

enum class State : std::uint8_t { idle, stepping, stopping, stop_asked, ending, draining, closed, last_state };
enum class Event : std::uint8_t { step, leave, stop, end, discard, close, last_event };

/// The tasks are gone, and nothing begins any more. (The last states, so that one compare tells.)
constexpr bool is_over(State state) { return state >= State::ending; }

inline constexpr Machine diagram = Machine("loop", {
  Arrow<State, Event, NoEffect>
  // from            on              to
  {State::idle,       Event::step,    State::stepping  },
  {State::idle,       Event::stop,    State::stop_asked},  // the next step runs one batch
  {State::idle,       Event::discard, State::ending    },
  {State::stepping,   Event::leave,   State::idle      },
  {State::stepping,   Event::stop,    State::stopping  },
  {State::stopping,   Event::stop,    State::stopping  },
  {State::stopping,   Event::leave,   State::stop_asked},  // the budget ended inside the batch
  {State::stopping,   Event::end,     State::idle      },
  {State::stop_asked, Event::step,    State::stopping  },
  {State::stop_asked, Event::stop,    State::stop_asked},
  {State::stop_asked, Event::discard, State::ending    },
  {State::ending,     Event::discard, State::ending    },  // what was destroyed has begun something
  {State::ending,     Event::stop,    State::ending    },
  {State::ending,     Event::step,    State::draining  },  // for the operations that backends still have
  {State::draining,   Event::stop,    State::draining  },
  {State::draining,   Event::leave,   State::ending    },
  {State::ending,     Event::close,   State::closed    },
});
consteval const auto& machine_of(Event) { return diagram; }

}  // namespace rondo::machines::loop

extern template struct rondo::NoArrow<rondo::machines::loop::Event>;
