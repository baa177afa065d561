// SPDX-License-Identifier: BSL-1.0
// machines/writing.hpp - the write side of a stream, and with it the life of the connection.
//
//       write_eof()          flushed             shut
//     open -----> ending -------------> shutting -----> half_closed
//       |           |                      |                  |
//       +-----------'------ close() -------|------------------|
//       v                                  v                  v
//     closing --------- flushed ------> leaving --shut--> lingering --finish--> closed
//
// close() sends what was written, then the end of the stream (leaving), then takes in and throws away what the peer
// still sends (lingering): a socket that is closed with unread bytes resets the connection, and the peer loses what was
// on its way. A stream with nothing to lose is closed at once (`finish`): the peer's end is known, or nothing was
// written. When a send fails, what had arrived before is taken in for the reader (salvaging; parting if the program has
// closed the stream). `lost` is closed, too, but not by the program, which need not know yet: it may write, in vain.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::machines::writing {

enum class State : std::uint8_t {
  open, ending, shutting, half_closed, closing, leaving, lingering, salvaging, parting, lost, closed, last_state
};
enum class Event : std::uint8_t { eof, close, flushed, shut, fail, lose, finish, last_event };
enum class Do : std::uint8_t { shut_down, linger, take_in, release, nothing };

inline constexpr Machine diagram = Machine("writing", {
  Arrow<State, Event, Do>
  // from                 on              to                  do
  {State::open,        Event::eof,     State::ending,      Do::nothing  },
  {State::open,        Event::close,   State::closing,     Do::nothing  },
  {State::open,        Event::fail,    State::salvaging,   Do::take_in  },  // a send has failed
  {State::open,        Event::lose,    State::lost,        Do::release  },  // a receive has failed
  {State::open,        Event::finish,  State::closed,      Do::release  },  // abort()
  {State::ending,      Event::flushed, State::shutting,    Do::shut_down},
  {State::ending,      Event::close,   State::closing,     Do::nothing  },
  {State::ending,      Event::fail,    State::salvaging,   Do::take_in  },
  {State::ending,      Event::lose,    State::lost,        Do::release  },
  {State::ending,      Event::finish,  State::closed,      Do::release  },
  {State::shutting,    Event::shut,    State::half_closed, Do::nothing  },
  {State::shutting,    Event::close,   State::leaving,     Do::nothing  },
  {State::shutting,    Event::fail,    State::salvaging,   Do::take_in  },
  {State::shutting,    Event::lose,    State::lost,        Do::release  },
  {State::shutting,    Event::finish,  State::closed,      Do::release  },
  {State::half_closed, Event::close,   State::leaving,     Do::nothing  },  // the end is sent already
  {State::half_closed, Event::lose,    State::lost,        Do::release  },
  {State::half_closed, Event::finish,  State::closed,      Do::release  },
  {State::closing,     Event::flushed, State::leaving,     Do::shut_down},
  {State::closing,     Event::fail,    State::parting,     Do::take_in  },
  {State::closing,     Event::lose,    State::closed,      Do::release  },
  {State::closing,     Event::finish,  State::closed,      Do::release  },
  {State::leaving,     Event::shut,    State::lingering,   Do::linger   },
  {State::leaving,     Event::fail,    State::parting,     Do::take_in  },
  {State::leaving,     Event::lose,    State::closed,      Do::release  },
  {State::leaving,     Event::finish,  State::closed,      Do::release  },
  {State::lingering,   Event::finish,  State::closed,      Do::release  },
  {State::salvaging,   Event::close,   State::parting,     Do::nothing  },
  {State::salvaging,   Event::lose,    State::lost,        Do::release  },  // all that had arrived is taken in
  {State::salvaging,   Event::finish,  State::closed,      Do::release  },
  {State::parting,     Event::lose,    State::closed,      Do::release  },
  {State::parting,     Event::finish,  State::closed,      Do::release  },
  {State::lost,        Event::close,   State::closed,      Do::nothing  },
});
consteval const auto& machine_of(Event) { return diagram; }

}  // namespace rondo::machines::writing

extern template struct rondo::NoArrow<rondo::machines::writing::Event>;
