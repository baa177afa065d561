// SPDX-License-Identifier: BSL-1.0
// machines/generator.hpp - an asynchronous generator, which runs inside the task that asks for its next value.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::generator {

enum class State : std::uint8_t { fresh, running, suspended, closing, finished, last_state };
enum class Event : std::uint8_t { next, yield, finish, close, last_event };
enum class Do : std::uint8_t { resume, deliver, end, throw_exit, refuse, nothing };

inline constexpr Machine diagram("generator", {
  Arrow<State, Event, Do>
  // from              on             to                do
  {State::fresh,     Event::next,   State::running,   Do::resume    },
  {State::fresh,     Event::close,  State::finished,  Do::nothing   },  // the body never runs
  {State::running,   Event::yield,  State::suspended, Do::deliver   },
  {State::running,   Event::finish, State::finished,  Do::end       },
  {State::suspended, Event::next,   State::running,   Do::resume    },
  {State::suspended, Event::close,  State::closing,   Do::throw_exit},  // GeneratorExit at the co_yield
  {State::closing,   Event::finish, State::finished,  Do::end       },
  {State::closing,   Event::yield,  State::suspended, Do::refuse    },  // "ignored GeneratorExit"
  {State::finished,  Event::next,   State::finished,  Do::nothing   },  // std::nullopt for ever
  {State::finished,  Event::close,  State::finished,  Do::nothing   },
});

}  // namespace rondo::generator
