// SPDX-License-Identifier: BSL-1.0
// machines/task.hpp - how a task moves between the ready queue, its own code and what it waits for.
//
//                    step                    suspend
//     (create) -> scheduled --------> running --------> waiting
//                    ^  ^    yield      |  finish_*        |
//                    |  '---------------'--------> finished|
//                    '------------- wake ------------------'
//
// A cancellation is delivered by the step that resumes the task (asyncio A10), so in `scheduled` and `running` it is
// only noted; in `waiting` it goes to what the task waits for, and is noted if that refuses. While it is noted, the
// next step, the next suspension and the normal end each have an event of their own (`..._cancelling`).
// The outcome itself is kept by the future that every task is (machines/future.hpp).
#pragma once

#include <rondo/machine.hpp>

namespace rondo::task {

enum class State : std::uint8_t { scheduled, running, waiting, finished, last_state };
enum class Event : std::uint8_t {
  step, step_cancelling, yield, misuse, suspend, suspend_cancelling, wake, interrupt, cancel, refuse,
  finish_value, finish_cancelling, finish_error, finish_cancelled, drop, last_event
};
enum class Do : std::uint8_t {
  resume, deliver_cancel, enqueue, park, park_and_cancel, withdraw, note_cancel, cancel_awaited,
  publish_value, publish_error, publish_cancelled, publish_noted, discard
};

inline constexpr Machine diagram("task", {
  Arrow<State, Event, Do>
  // from              on                         to                do
  {State::scheduled, Event::step,               State::running,   Do::resume           },
  {State::scheduled, Event::step_cancelling,    State::running,   Do::deliver_cancel   },  // instead of value or error
  {State::scheduled, Event::cancel,             State::scheduled, Do::note_cancel      },
  {State::scheduled, Event::drop,               State::finished,  Do::discard          },  // the loop ends first
  {State::running,   Event::yield,              State::scheduled, Do::enqueue          },  // sleep(0)
  {State::running,   Event::misuse,             State::scheduled, Do::enqueue          },  // the error comes a hop later
  {State::running,   Event::suspend,            State::waiting,   Do::park             },
  {State::running,   Event::suspend_cancelling, State::waiting,   Do::park_and_cancel  },  // hand the request on
  {State::running,   Event::cancel,             State::running,   Do::note_cancel      },
  {State::running,   Event::finish_value,       State::finished,  Do::publish_value    },
  {State::running,   Event::finish_cancelling,  State::finished,  Do::publish_noted    },  // the value is lost
  {State::running,   Event::finish_error,       State::finished,  Do::publish_error    },
  {State::running,   Event::finish_cancelled,   State::finished,  Do::publish_cancelled},  // CancelledError escaped
  {State::waiting,   Event::wake,               State::scheduled, Do::enqueue          },
  {State::waiting,   Event::interrupt,          State::scheduled, Do::withdraw         },  // it waits in a circle
  {State::waiting,   Event::cancel,             State::waiting,   Do::cancel_awaited   },
  {State::waiting,   Event::refuse,             State::waiting,   Do::note_cancel      },  // the awaited thing is done
  {State::waiting,   Event::drop,               State::finished,  Do::discard          },
});

}  // namespace rondo::task
