// SPDX-License-Identifier: BSL-1.0
// machines/reading.hpp - the read side of a stream: whether more can arrive.
//
// What has arrived is read first, whatever the state; only then a reader meets the end, or the error. The first of the
// two counts.
#pragma once

#include <rondo/machine.hpp>

namespace rondo::machines::reading {

enum class State : std::uint8_t { open, ended, failed, last_state };
enum class Event : std::uint8_t { end, fail, last_event };
enum class Do : std::uint8_t { wake_readers, nothing };

inline constexpr Machine diagram = Machine("reading", {
  Arrow<State, Event, Do>
  // from            on           to              do
  {State::open,   Event::end,  State::ended,  Do::wake_readers},  // the peer's end, or the close of this side
  {State::open,   Event::fail, State::failed, Do::wake_readers},
  {State::ended,  Event::end,  State::ended,  Do::nothing     },
  {State::ended,  Event::fail, State::ended,  Do::nothing     },
  {State::failed, Event::end,  State::failed, Do::nothing     },
  {State::failed, Event::fail, State::failed, Do::nothing     },
});
consteval const auto& machine_of(Event) { return diagram; }

}  // namespace rondo::machines::reading

extern template struct rondo::NoArrow<rondo::machines::reading::Event>;
