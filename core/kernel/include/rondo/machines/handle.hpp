// SPDX-License-Identifier: BSL-1.0
// machines/handle.hpp - a callback on its way: posted, armed at a timer or attached to a future, then run once.
//
// cancel() is welcome in every state and never an error; after the run it changes only what cancelled() answers.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::machines::handle {

enum class State : std::uint8_t { created, armed, attached, queued, ran, cancelled, last_state };
enum class Event : std::uint8_t { arm, arm_later, attach, post, due, run, cancel, last_event };
enum class Do : std::uint8_t { arm, arm_later, enqueue, drop, nothing };

inline constexpr Machine diagram = Machine("handle", {
  Arrow<State, Event, Do>
  // from              on                to                do
  {State::created,   Event::post,      State::queued,    Do::enqueue  },  // call_soon
  {State::created,   Event::arm,       State::armed,     Do::arm      },  // call_at
  {State::created,   Event::arm_later, State::armed,     Do::arm_later},  // call_later: the delay counts from the end of the step
  {State::created,   Event::attach,    State::attached,  Do::nothing  },  // add_done_callback
  {State::armed,     Event::due,       State::queued,    Do::enqueue  },
  {State::attached,  Event::due,       State::queued,    Do::enqueue  },
  {State::queued,    Event::run,       State::ran,       Do::nothing  },
  {State::armed,     Event::cancel,    State::cancelled, Do::drop     },
  {State::attached,  Event::cancel,    State::cancelled, Do::drop     },
  {State::queued,    Event::cancel,    State::cancelled, Do::drop     },  // even in the batch that was to run it
  {State::ran,       Event::cancel,    State::cancelled, Do::nothing  },
  {State::cancelled, Event::cancel,    State::cancelled, Do::nothing  },
});
consteval const auto& machine_of(Event) { return diagram; }

}  // namespace rondo::machines::handle

extern template struct rondo::NoArrow<rondo::machines::handle::Event>;
