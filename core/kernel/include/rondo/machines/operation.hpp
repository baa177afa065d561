// SPDX-License-Identifier: BSL-1.0
// machines/operation.hpp - something a backend does for a task: one slot of the operation table.
//
// A slot whose start or cancel is still to be written stands in a line of outputs. Exactly one terminal completion per
// start (C1). A cancel is a request (C2): the slot, and what was lent with it, stay until that completion, which may
// still be a success. Who hears of it is whoever is attached to the slot by then; nobody, if the task has gone.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::machines::operation {

enum class State : std::uint8_t {
  free, starting, withdrawn, submitted, cancel_waiting, cancelling, spent, last_state
};
enum class Event : std::uint8_t { start, write, cancel, more, complete, last_event };
enum class Do : std::uint8_t { enqueue, leave_line, give_back, leave_line_and_give_back, nothing };

inline constexpr Machine diagram = Machine("operation", {
  Arrow<State, Event, Do>
  // from                    on               to                     do
  {State::free,           Event::start,    State::starting,       Do::enqueue                 },
  {State::starting,       Event::write,    State::submitted,      Do::leave_line              },
  {State::starting,       Event::cancel,   State::withdrawn,      Do::nothing                 },
  {State::withdrawn,      Event::write,    State::cancel_waiting, Do::nothing                 },  // both are written
  {State::submitted,      Event::complete, State::free,           Do::give_back               },
  {State::submitted,      Event::more,     State::submitted,      Do::nothing                 },  // a signal
  {State::submitted,      Event::cancel,   State::cancel_waiting, Do::enqueue                 },
  {State::cancel_waiting, Event::write,    State::cancelling,     Do::leave_line              },
  {State::cancel_waiting, Event::more,     State::cancel_waiting, Do::nothing                 },
  {State::cancel_waiting, Event::complete, State::spent,          Do::nothing                 },  // it has ended before
  {State::cancelling,     Event::more,     State::cancelling,     Do::nothing                 },
  {State::cancelling,     Event::complete, State::free,           Do::give_back               },
  {State::spent,          Event::write,    State::free,           Do::leave_line_and_give_back},  // nothing is written
});
consteval const auto& machine_of(Event) { return diagram; }

}  // namespace rondo::machines::operation

extern template struct rondo::NoArrow<rondo::machines::operation::Event>;
