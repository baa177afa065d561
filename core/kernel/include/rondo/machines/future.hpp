// SPDX-License-Identifier: BSL-1.0
// machines/future.hpp - the life of a future: pending, then one outcome for ever.
//
//     pending --set_result--> returned      pending --set_exception--> failed      pending --cancel--> cancelled
//
// Completing posts every waiter, in the order in which they came, and calls nobody (asyncio F1). A cancellation that
// comes too late changes nothing but counts as having looked at the error.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::machines::future {

enum class State : std::uint8_t { pending, returned, failed, cancelled, last_state };
enum class Event : std::uint8_t { set_result, set_exception, cancel, last_event };
enum class Do : std::uint8_t { publish, publish_error, refuse };

inline constexpr Machine diagram = Machine("future", {
  Arrow<State, Event, Do>
  // from              on                    to                do
  {State::pending,   Event::set_result,    State::returned,  Do::publish      },
  {State::pending,   Event::set_exception, State::failed,    Do::publish_error},  // unretrieved until somebody looks
  {State::pending,   Event::cancel,        State::cancelled, Do::publish      },
  {State::returned,  Event::cancel,        State::returned,  Do::refuse       },
  {State::failed,    Event::cancel,        State::failed,    Do::refuse       },  // and the error counts as retrieved
  {State::cancelled, Event::cancel,        State::cancelled, Do::refuse       },
});
consteval const auto& machine_of(Event) { return diagram; }

}  // namespace rondo::machines::future

extern template struct rondo::NoArrow<rondo::machines::future::Event>;
