// SPDX-License-Identifier: BSL-1.0
// machines/loop.hpp - a loop between its steps.
//
// stop() lets the batch that is running end first (asyncio's rule), also when the budget cuts that batch into steps.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::loop {

enum class State : std::uint8_t { idle, stepping, stopping, stop_asked, closed, last_state };
enum class Event : std::uint8_t { step, leave, stop, end, close, last_event };
enum class Do : std::uint8_t { enter, leave, note, report_done, close };

inline constexpr Machine diagram("loop", {
  Arrow<State, Event, Do>
  // from               on            to                 do
  {State::idle,       Event::step,  State::stepping,   Do::enter      },
  {State::idle,       Event::stop,  State::stop_asked, Do::note       },  // the next step runs one batch
  {State::idle,       Event::close, State::closed,     Do::close      },
  {State::stepping,   Event::leave, State::idle,       Do::leave      },
  {State::stepping,   Event::stop,  State::stopping,   Do::note       },
  {State::stopping,   Event::stop,  State::stopping,   Do::note       },
  {State::stopping,   Event::leave, State::stop_asked, Do::leave      },  // the budget ended inside the batch
  {State::stopping,   Event::end,   State::idle,       Do::report_done},
  {State::stop_asked, Event::step,  State::stopping,   Do::enter      },
  {State::stop_asked, Event::stop,  State::stop_asked, Do::note       },
  {State::stop_asked, Event::close, State::closed,     Do::close      },
});

}  // namespace rondo::loop
