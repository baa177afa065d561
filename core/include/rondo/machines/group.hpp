// SPDX-License-Identifier: BSL-1.0
// machines/group.hpp - a task group: its body runs, then it waits for its children; an error cancels the rest.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::group {

enum class State : std::uint8_t { created, open, aborting, draining, ending, finished, last_state };
enum class Event : std::uint8_t { enter, leave, abort, close, last_event };
enum class Do : std::uint8_t { nothing, cancel_children };

inline constexpr Machine diagram("group", {
  Arrow<State, Event, Do>
  // from             on            to               do
  {State::created,  Event::enter, State::open,     Do::nothing        },
  {State::open,     Event::leave, State::draining, Do::nothing        },  // the body is done
  {State::open,     Event::abort, State::aborting, Do::cancel_children},  // a child failed while the body runs
  {State::aborting, Event::leave, State::ending,   Do::nothing        },
  {State::draining, Event::abort, State::ending,   Do::cancel_children},  // body, child or caller: whoever is first
  {State::draining, Event::close, State::finished, Do::nothing        },  // no children left
  {State::ending,   Event::close, State::finished, Do::nothing        },
});

}  // namespace rondo::group
