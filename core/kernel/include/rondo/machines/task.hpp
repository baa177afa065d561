// SPDX-License-Identifier: BSL-1.0
// machines/task.hpp - how a task moves between the ready queue, its own code and what it waits for.
//
//                     step                suspend
//     unstarted ---------------> running --------> waiting
//                  step         ^ |  |                |
//     scheduled ----------------' |  '----------------|-----> finished
//        ^  ^         yield       |     finish_*      |
//        |  '---------------------'                   |
//        '----------------- wake ---------------------'
//
// A cancellation is delivered by the step (step_cancelling) that resumes the task (asyncio A10). Until then it is noted, by a state of its
// own beside each of these: unstarted_cancelling, scheduled_cancelling, running_cancelling. In `waiting` it goes to what
// the task waits for, and is noted (waiting_refused) if that refuses, which is done then: so the task is in no circle of
// tasks that wait for each other, and needs no interrupt. uncancel() takes a noted one back.
// Who fires `step` resumes the task; who fires `cancel` at one that waits goes on with what it waits for.
// The outcome itself is kept by the future that every task is (machines/future.hpp).
#pragma once

#include <rondo/machine.hpp>

namespace rondo::machines::task {

enum class State : std::uint8_t {
  unstarted, scheduled, running, waiting,
  unstarted_cancelling, scheduled_cancelling, running_cancelling, waiting_refused, finished, last_state
};
static_assert((static_cast<int>(State::waiting) | 4) == static_cast<int>(State::waiting_refused));

/// Ready to run, and nothing is noted: `step` is the event. (The two lowest, so that one compare tells.)
constexpr bool plainly_ready(State state) { return state <= State::scheduled; }
static_assert(static_cast<int>(State::unstarted) + static_cast<int>(State::scheduled) == 1);

/// Of a task that has given control back and is not finished: it waits for something, or for its turn. (The odd ones.)
constexpr bool goes_on(State state) { return (static_cast<std::uint8_t>(state) & 1U) != 0; }
static_assert(goes_on(State::scheduled) && goes_on(State::waiting) && goes_on(State::waiting_refused) &&
              goes_on(State::scheduled_cancelling) && !goes_on(State::running) && !goes_on(State::running_cancelling));

/// The same state without a noted cancellation.
constexpr State plain(State state) { return static_cast<State>(static_cast<std::uint8_t>(state) & ~4U); }

enum class Event : std::uint8_t {
  step, step_cancelling, yield, misuse, suspend, wake, relieve, interrupt, cancel, refuse, uncancel,
  finish_value, finish_error, finish_cancelled, drop, last_event
};
enum class Do : std::uint8_t {
  deliver_cancel, enqueue, requeue, park, park_and_cancel, withdraw, note_cancel,
  publish_value, publish_error, publish_cancelled, publish_noted, discard, nothing
};

inline constexpr Machine diagram = Machine("task", {
  Arrow<State, Event, Do>
  // from                          on                       to                           do
  {State::unstarted,            Event::cancel,           State::unstarted_cancelling, Do::note_cancel      },
  {State::unstarted,            Event::drop,             State::finished,             Do::discard          },
  {State::unstarted_cancelling, Event::cancel,           State::unstarted_cancelling, Do::note_cancel      },
  {State::unstarted_cancelling, Event::uncancel,         State::unstarted,            Do::nothing          },
  {State::unstarted_cancelling, Event::drop,             State::finished,             Do::discard          },
  {State::scheduled,            Event::step,             State::running,              Do::nothing          },
  {State::unstarted,            Event::step,             State::running,              Do::nothing          },
  {State::scheduled_cancelling, Event::step_cancelling,  State::running,              Do::deliver_cancel   },
  {State::unstarted_cancelling, Event::step_cancelling,  State::running,              Do::nothing          },  // and ends
  {State::scheduled,            Event::cancel,           State::scheduled_cancelling, Do::note_cancel      },
  {State::scheduled,            Event::drop,             State::finished,             Do::discard          },
  {State::scheduled_cancelling, Event::cancel,           State::scheduled_cancelling, Do::note_cancel      },
  {State::scheduled_cancelling, Event::uncancel,         State::scheduled,            Do::nothing          },
  {State::scheduled_cancelling, Event::drop,             State::finished,             Do::discard          },
  {State::running,              Event::yield,            State::scheduled,            Do::requeue          },
  {State::running,              Event::misuse,           State::scheduled,            Do::enqueue          },
  {State::running,              Event::suspend,          State::waiting,              Do::park             },
  {State::running,              Event::cancel,           State::running_cancelling,   Do::note_cancel      },
  {State::running,              Event::finish_value,     State::finished,             Do::publish_value    },
  {State::running,              Event::finish_error,     State::finished,             Do::publish_error    },
  {State::running,              Event::finish_cancelled, State::finished,             Do::publish_cancelled},
  {State::running_cancelling,   Event::yield,            State::scheduled_cancelling, Do::requeue          },
  {State::running_cancelling,   Event::misuse,           State::scheduled_cancelling, Do::enqueue          },
  {State::running_cancelling,   Event::suspend,          State::waiting,              Do::park_and_cancel  },
  {State::running_cancelling,   Event::cancel,           State::running_cancelling,   Do::note_cancel      },
  {State::running_cancelling,   Event::uncancel,         State::running,              Do::nothing          },
  {State::running_cancelling,   Event::finish_value,     State::finished,             Do::publish_noted    },
  {State::running_cancelling,   Event::finish_error,     State::finished,             Do::publish_error    },
  {State::running_cancelling,   Event::finish_cancelled, State::finished,             Do::publish_cancelled},
  {State::waiting,              Event::wake,             State::scheduled,            Do::enqueue          },
  {State::waiting,              Event::relieve,          State::scheduled,            Do::nothing          },  // in its place
  {State::waiting,              Event::interrupt,        State::scheduled_cancelling, Do::withdraw         },
  {State::waiting,              Event::cancel,           State::waiting,              Do::nothing          },
  {State::waiting,              Event::refuse,           State::waiting_refused,      Do::note_cancel      },
  {State::waiting,              Event::drop,             State::finished,             Do::discard          },
  {State::waiting_refused,      Event::wake,             State::scheduled_cancelling, Do::enqueue          },
  {State::waiting_refused,      Event::relieve,          State::scheduled_cancelling, Do::nothing          },
  {State::waiting_refused,      Event::cancel,           State::waiting_refused,      Do::nothing          },
  {State::waiting_refused,      Event::refuse,           State::waiting_refused,      Do::note_cancel      },
  {State::waiting_refused,      Event::uncancel,         State::waiting,              Do::nothing          },
  {State::waiting_refused,      Event::drop,             State::finished,             Do::discard          },
});
consteval const auto& machine_of(Event) { return diagram; }

}  // namespace rondo::machines::task

extern template struct rondo::NoArrow<rondo::machines::task::Event>;
