// SPDX-License-Identifier: BSL-1.0
// machines/listener.hpp - one listening socket of a server.
//
// A process without a descriptor for the next connection leaves it in the backlog, and tries again later.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::machines::listener {

enum class State : std::uint8_t { bound, accepting, waiting_for_descriptors, broken, closed, last_state };
enum class Event : std::uint8_t { accept, starve, fail, close, abandon, last_event };
enum class Do : std::uint8_t { accept, wait, report, close, drop };

inline constexpr Machine diagram = Machine("listener", {
  Arrow<State, Event, Do>
  // from                             on               to                               do
  {State::bound,                   Event::accept,   State::accepting,                Do::accept},
  {State::accepting,               Event::accept,   State::accepting,                Do::accept},  // the next one
  {State::accepting,               Event::starve,   State::waiting_for_descriptors,  Do::wait  },
  {State::accepting,               Event::fail,     State::broken,                   Do::report},  // no socket any more
  {State::waiting_for_descriptors, Event::accept,   State::accepting,                Do::accept},
  {State::accepting,               Event::close,    State::closed,                   Do::close },
  {State::waiting_for_descriptors, Event::close,    State::closed,                   Do::close },
  {State::broken,                  Event::close,    State::closed,                   Do::close },
  {State::bound,                   Event::abandon,  State::closed,                   Do::drop  },  // the loop ends
  {State::accepting,               Event::abandon,  State::closed,                   Do::drop  },
  {State::waiting_for_descriptors, Event::abandon,  State::closed,                   Do::drop  },
  {State::broken,                  Event::abandon,  State::closed,                   Do::drop  },
  {State::closed,                  Event::abandon,  State::closed,                   Do::drop  },
});
consteval const auto& machine_of(Event) { return diagram; }

}  // namespace rondo::machines::listener

extern template struct rondo::NoArrow<rondo::machines::listener::Event>;
