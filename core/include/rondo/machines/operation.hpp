// SPDX-License-Identifier: BSL-1.0
// machines/operation.hpp - something a backend does for a task: one slot of the operation table.
//
// Exactly one terminal completion per start (C1). A cancel is a request (C2): the slot, and what was lent with it, stay
// until that completion, which may still be a success; by then nobody waits for it.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::operation {

enum class State : std::uint8_t { free, submitted, cancelling, last_state };
enum class Event : std::uint8_t { start, more, cancel, complete, last_event };
enum class Do : std::uint8_t { emit_start, emit_cancel, deliver, discard };

inline constexpr Machine diagram("operation", {
  Arrow<State, Event, Do>
  // from               on               to                 do
  {State::free,       Event::start,    State::submitted,  Do::emit_start },
  {State::submitted,  Event::more,     State::submitted,  Do::deliver    },  // a signal; the operation goes on
  {State::submitted,  Event::complete, State::free,       Do::deliver    },
  {State::submitted,  Event::cancel,   State::cancelling, Do::emit_cancel},
  {State::cancelling, Event::more,     State::cancelling, Do::discard    },
  {State::cancelling, Event::complete, State::free,       Do::discard    },
});

}  // namespace rondo::operation
