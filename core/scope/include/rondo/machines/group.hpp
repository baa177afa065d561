// SPDX-License-Identifier: BSL-1.0
// machines/group.hpp - a task group: its body runs, then it waits for its children; an error cancels the rest.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::machines::group {

enum class State : std::uint8_t { created, open, aborting, draining, ending, failing, finished, last_state };
enum class Event : std::uint8_t { enter, leave, fail, abort, close, last_event };
enum class Do : std::uint8_t { nothing, cancel_children, cancel_all };

inline constexpr Machine diagram = Machine("group", {
  Arrow<State, Event, Do>
  // from             on            to               do
  {State::created,  Event::enter, State::open,     Do::nothing        },
  {State::open,     Event::leave, State::draining, Do::nothing        },  // the body is done
  {State::open,     Event::fail,  State::aborting, Do::cancel_all     },  // a child failed while the body runs
  {State::aborting, Event::leave, State::failing,  Do::nothing        },
  {State::draining, Event::fail,  State::failing,  Do::cancel_all     },
  {State::draining, Event::abort, State::ending,   Do::cancel_children},  // the body failed, or the caller was cancelled
  {State::draining, Event::close, State::finished, Do::nothing        },  // no children left
  {State::ending,   Event::close, State::finished, Do::nothing        },
  {State::failing,  Event::close, State::finished, Do::nothing        },
});
consteval const auto& machine_of(Event) { return diagram; }

}  // namespace rondo::machines::group

extern template struct rondo::NoArrow<rondo::machines::group::Event>;
