// SPDX-License-Identifier: BSL-1.0
// stream_happenings.hpp - what can happen to a stream: in each state of its machine, one thing and then another.
#pragma once

#include <cstring>

#include "stream_table.hpp"

namespace network {

enum class Happening : std::uint8_t {
  close, abort, write_eof,                                    // at once
  words_of_peer, end_of_peer, reset_of_peer, silence,         // from the other side
  drain, cancelled_drain, drain_in_time,                      // these wait
  wait_closed, cancelled_wait_closed, wait_closed_in_time,
  read, cancelled_read, read_in_time,
  last
};
constexpr auto happenings = static_cast<std::size_t>(Happening::last);
constexpr auto writing_states = static_cast<std::size_t>(WritingState::last_state);

/// How often each happened in each state.
struct Happened {
  std::array<std::array<int, happenings>, writing_states> times{};
  /// "" if each did; else the first that did not.
  std::string missing() const {
    for (std::size_t state = 0; state < writing_states; ++state) {
      for (std::size_t what = 0; what < happenings; ++what) {
        if (times[state][what] == 0) return "happening " + std::to_string(what) + " in state " + std::to_string(state);
      }
    }
    return {};
  }
};

/// One case of the table.
struct Case {
  WritingState state;
  Happening first;
  Happening second;
  int turns;  // between the two
  bool has(Happening what) const { return first == what || second == what; }
  /// Something may be lost on the way to the peer.
  bool loses() const {
    const bool lost = state == WritingState::salvaging || state == WritingState::parting || state == WritingState::lost ||
                      state == WritingState::closed;
    const bool unread = has(Happening::silence) && has(Happening::words_of_peer);  // closed over what nobody has read
    return lost || unread || has(Happening::abort) || has(Happening::reset_of_peer);
  }
};

/// The `number`th case of all of them.
inline Case case_of(std::size_t number, int turns) {
  return {static_cast<WritingState>(number / happenings / happenings), static_cast<Happening>(number / happenings % happenings),
          static_cast<Happening>(number % happenings), turns};
}
constexpr std::size_t cases = writing_states * happenings * happenings;

template <class A>
Coro<> cancelled(A awaitable) {
  const auto task = create_task(std::move(awaitable));
  co_await sleep(0s);
  task.cancel();
  static_cast<void>(co_await as_outcome(task));
}

/// Does it, or begins to wait for it, before this suspends for the first time.
inline Coro<> happen(const Watched* w, Happening what, Happened* happened) {
  ++happened->times[static_cast<std::size_t>(w->core->writing())][static_cast<std::size_t>(what)];
  const StreamWriter& writer = w->own.writer;
  const StreamReader& reader = w->own.reader;
  switch (what) {
    case Happening::close:
      co_return writer.close();
    case Happening::abort:
      co_return writer.abort();
    case Happening::write_eof:
      co_return writer.write_eof();
    case Happening::words_of_peer:
      co_return w->peer.writer.write("413 too large\n");
    case Happening::end_of_peer:
      co_return w->peer.writer.write_eof();
    case Happening::reset_of_peer:
      co_return w->peer.writer.abort();
    case Happening::silence:
      co_return co_await sleep(w->pause);
    case Happening::drain:
      co_return co_await writer.drain();
    case Happening::cancelled_drain:
      co_return co_await cancelled(writer.drain());
    case Happening::drain_in_time:
      co_return static_cast<void>(co_await as_outcome(wait_for(writer.drain(), 1ms)));
    case Happening::wait_closed:
      co_return co_await writer.wait_closed();
    case Happening::cancelled_wait_closed:
      co_return co_await cancelled(writer.wait_closed());
    case Happening::wait_closed_in_time:
      co_return static_cast<void>(co_await as_outcome(wait_for(writer.wait_closed(), 1ms)));
    case Happening::read:
      co_return static_cast<void>(co_await reader.read(10));
    case Happening::cancelled_read:
      co_return co_await cancelled(reader.read(10));
    case Happening::read_in_time:
      co_return static_cast<void>(co_await as_outcome(wait_for(reader.read(10), 1ms)));
    case Happening::last:
      break;
  }
}

/// What it may end with.
inline bool may_end_so(Happening what, const std::string& ending) {
  const auto has = [&](const char* part) { return ending.find(part) != std::string::npos; };
  if (ending == "void") return true;
  switch (what) {
    case Happening::write_eof:
      return has("write_eof: the writer is closed");
    case Happening::words_of_peer:
      return has("write: after write_eof()") || has("write: the writer is closed");
    case Happening::end_of_peer:
      return has("write_eof: the writer is closed");
    case Happening::drain:
    case Happening::wait_closed:
      return has("std::system_error");
    case Happening::read:
      return has("std::system_error") || has("another task is reading");
    default:
      return false;
  }
}

inline Coro<> collect(const StreamReader* reader, std::string* text) {
  for (;;) {
    const auto outcome = co_await as_outcome(reader->read(65536));
    if (outcome.failed() || outcome.value().empty()) co_return;
    *text += outcome.value();
  }
}
inline Coro<> happen_later(const Watched* w, const Case* what, Happened* happened, std::string* story) {
  co_await network::turns(what->turns);
  co_await note_ending_void(story, happen(w, what->second, happened));
}
/// The program closes the stream; the peer takes what comes, and then closes its own side.
inline Coro<> end_it(const Watched* w, std::string* arrived) {
  co_await sleep(w->pause);
  w->own.writer.close();
  co_await collect(&w->peer.reader, arrived);
  w->peer.writer.close();
}

/// In its state the first happens, and some turns later the second; then the stream is closed.
inline Coro<std::string> let_happen(Case what, Happened* happened, Duration pause = 3ms) {
  const Watched w = co_await watched_stream(pause, what.has(Happening::silence) ? Duration(2ms) : Duration(1h));
  std::string text = "hello";
  if (what.state == WritingState::open) w.own.writer.write(filling());
  const bool fills = what.state == WritingState::open || what.state == WritingState::ending ||
                     what.state == WritingState::closing || what.state == WritingState::parting;
  text += fills ? filling() : what.state == WritingState::salvaging ? "y" : "";
  std::string story[2];
  std::string arrived;
  co_await reach(&w, what.state);
  const auto second = create_task(happen_later(&w, &what, happened, &story[1]));
  const auto end = create_task(end_it(&w, &arrived));
  co_await note_ending_void(&story[0], happen(&w, what.first, happened));
  co_await second;
  co_await end;
  co_await as_outcome(w.own.writer.wait_closed());
  if (!co_await until(&w, WritingState::closed)) co_return "not closed";
  if (!may_end_so(what.first, story[0])) co_return "the first ended with: " + story[0];
  if (!may_end_so(what.second, story[1])) co_return "the second ended with: " + story[1];
  if (text.compare(0, arrived.size(), arrived) != 0) co_return "other bytes have arrived";
  if (!what.loses() && arrived.size() != text.size()) co_return std::to_string(arrived.size()) + " bytes have arrived";
  co_return "as it should be";
}

}  // namespace network
