// SPDX-License-Identifier: BSL-1.0
// machines/generator.hpp - an asynchronous generator, which runs inside the task that asks for its next value.
//
// One that has answered aclose() with another value is stubborn: it can be asked for more, but not be closed again.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::machines::generator {

enum class State : std::uint8_t {
  fresh, running, suspended, closing, stubborn, running_stubborn, finished, last_state
};
enum class Event : std::uint8_t { next, yield, finish, close, drop, last_event };

inline constexpr Machine diagram = Machine("generator", {
  Arrow<State, Event, NoEffect>
  // from                     on             to
  {State::fresh,            Event::close,  State::finished        },  // the body never runs
  {State::suspended,        Event::next,   State::running         },
  {State::fresh,            Event::next,   State::running         },
  {State::running,          Event::yield,  State::suspended       },
  {State::running,          Event::finish, State::finished        },
  {State::suspended,        Event::close,  State::closing         },  // GeneratorExit at the co_yield
  {State::closing,          Event::finish, State::finished        },
  {State::closing,          Event::yield,  State::stubborn        },  // "ignored GeneratorExit"
  {State::stubborn,         Event::next,   State::running_stubborn},
  {State::running_stubborn, Event::yield,  State::stubborn        },
  {State::running_stubborn, Event::finish, State::finished        },
  {State::finished,         Event::next,   State::finished        },  // std::nullopt for ever
  {State::finished,         Event::close,  State::finished        },
  {State::running,          Event::drop,   State::finished        },  // its loop ends
  {State::suspended,        Event::drop,   State::finished        },
  {State::closing,          Event::drop,   State::finished        },
  {State::stubborn,         Event::drop,   State::finished        },
  {State::running_stubborn, Event::drop,   State::finished        },
  {State::finished,         Event::drop,   State::finished        },
});
consteval const auto& machine_of(Event) { return diagram; }

}  // namespace rondo::machines::generator

extern template struct rondo::NoArrow<rondo::machines::generator::Event>;
