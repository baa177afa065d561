// SPDX-License-Identifier: BSL-1.0
// machines/driver.hpp - a loop and its host: whose turn it is.
//
// While the host sleeps it listens: what becomes ready without it wakes it. Inside a turn nobody has to be told.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::machines::driver {

enum class State : std::uint8_t { ready, turning, waiting, stuck, done, last_state };
enum class Event : std::uint8_t { begin, pause, sleep, starve, finish, last_event };
enum class Do : std::uint8_t { hush, listen, nothing };

inline constexpr Machine diagram = Machine("driver", {
  Arrow<State, Event, Do>
  // from            on             to              do
  {State::ready,   Event::begin,  State::turning, Do::hush   },
  {State::turning, Event::pause,  State::ready,   Do::nothing},  // a limit is reached, or an error has come: more is ready
  {State::turning, Event::sleep,  State::waiting, Do::listen },  // until an input or the deadline
  {State::turning, Event::starve, State::stuck,   Do::listen },  // nothing can happen any more, unless the host does it
  {State::turning, Event::finish, State::done,    Do::nothing},  // stop() was called, and its batch has ended
  {State::waiting, Event::begin,  State::turning, Do::hush   },
  {State::stuck,   Event::begin,  State::turning, Do::hush   },
  {State::done,    Event::begin,  State::turning, Do::hush   },  // the next run
});
consteval const auto& machine_of(Event) { return diagram; }

}  // namespace rondo::machines::driver

extern template struct rondo::NoArrow<rondo::machines::driver::Event>;
