// SPDX-License-Identifier: BSL-1.0
// sim_end.hpp - how far one end of a simulated connection is in its life.
//
//                     shut                fin
//     established ---------> half_closed ------> ended
//          |  fin             shut                 ^
//          '------> peer_ended --------------------'
//
// From each of these, `close` leads to `closed`, where nobody reads any more, and `reset` to `reset`; or to
// `reset_behind_end`, if the peer had ended its stream: a receive then still gives that end. At a Unix socket the peer
// may be `gone`: it has closed, so this end is `deserted`, with nobody to send to, and a reset is all that it then
// hears of.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::machines::sim_end {

enum class State : std::uint8_t {
  established, half_closed, peer_ended, deserted, ended, closed, reset, reset_behind_end, last_state
};
enum class Event : std::uint8_t { shut, fin, gone, close, reset, last_event };

inline constexpr Machine diagram = Machine("sim_end", {
  Arrow<State, Event, NoEffect>
  // from                    on             to
  {State::established,       Event::shut,   State::half_closed      },
  {State::established,       Event::fin,    State::peer_ended       },
  {State::established,       Event::gone,   State::deserted         },
  {State::established,       Event::close,  State::closed           },
  {State::established,       Event::reset,  State::reset            },
  {State::half_closed,       Event::fin,    State::ended            },
  {State::half_closed,       Event::gone,   State::ended            },
  {State::half_closed,       Event::close,  State::closed           },
  {State::half_closed,       Event::reset,  State::reset            },
  {State::peer_ended,        Event::shut,   State::ended            },
  {State::peer_ended,        Event::gone,   State::deserted         },
  {State::peer_ended,        Event::close,  State::closed           },
  {State::peer_ended,        Event::reset,  State::reset_behind_end },
  {State::deserted,          Event::shut,   State::ended            },
  {State::deserted,          Event::close,  State::closed           },
  {State::deserted,          Event::reset,  State::reset            },
  {State::ended,             Event::gone,   State::ended            },
  {State::ended,             Event::close,  State::closed           },
  {State::ended,             Event::reset,  State::reset_behind_end },
  {State::closed,            Event::fin,    State::closed           },
  {State::closed,            Event::gone,   State::closed           },
  {State::closed,            Event::reset,  State::reset            },
});
consteval const auto& machine_of(Event) { return diagram; }

/// The peer sends no more, and has said so.
constexpr bool fin_arrived(State state) {
  return state == State::peer_ended || state == State::deserted || state == State::ended || state == State::reset_behind_end;
}
/// This end has said that it sends no more.
constexpr bool shut(State state) {
  return state == State::half_closed || state == State::ended || state == State::closed;
}
constexpr bool was_reset(State state) { return state == State::reset || state == State::reset_behind_end; }

}  // namespace rondo::machines::sim_end
