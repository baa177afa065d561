// SPDX-License-Identifier: BSL-1.0
// worker_life.hpp - how far a worker of a process pool is in its life, as its parent sees it.
//
//                hello               ready            rest
//     starting --------> initialising -----> working ------> idle
//                                               ^              |
//                                               '---- wake ----'
//
// `kill` leads from each of these to `killed`; or to `killed_early`, if the worker was not ready. What it still says
// then changes no more than that.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::machines::worker {

enum class State : std::uint8_t { starting, initialising, working, idle, killed_early, killed, last_state };
enum class Event : std::uint8_t { hello, ready, rest, wake, kill, last_event };

inline constexpr Machine diagram = Machine("worker", {
  Arrow<State, Event, NoEffect>
  // from                on            to
  {State::starting,     Event::hello, State::initialising},
  {State::starting,     Event::kill,  State::killed_early},
  {State::initialising, Event::ready, State::working     },
  {State::initialising, Event::kill,  State::killed_early},
  {State::working,      Event::rest,  State::idle        },
  {State::working,      Event::kill,  State::killed      },
  {State::idle,         Event::wake,  State::working     },
  {State::idle,         Event::kill,  State::killed      },
  {State::killed_early, Event::hello, State::killed_early},
  {State::killed_early, Event::ready, State::killed      },
  {State::killed_early, Event::kill,  State::killed_early},
  {State::killed,       Event::rest,  State::killed      },
  {State::killed,       Event::kill,  State::killed      },
});
consteval const auto& machine_of(Event) { return diagram; }

constexpr bool was_killed(State state) { return state == State::killed_early || state == State::killed; }
/// It has been ready for jobs.
constexpr bool was_ready(State state) {
  return state == State::working || state == State::idle || state == State::killed;
}

}  // namespace rondo::machines::worker
