// SPDX-License-Identifier: BSL-1.0
// stream_table.hpp - streams brought into each state of their machines, and two things at a time that happen to them.
#pragma once

#include <array>

#include "network.hpp"

namespace network {

using WritingState = machines::writing::State;
using WritingEvent = machines::writing::Event;

/// More than the system takes while nobody reads.
inline const std::string& filling() {
  static const std::string text = pattern(512 * 1024);
  return text;
}

/// A stream, and its peer; `pause` is long enough for anything to arrive.
struct Watched {
  Duration pause;
  Ref<StreamCore> core;
  Connection own;
  Connection peer;
};

/// All of it is with the system.
inline Coro<> until_sent(const StreamCore* core) {
  while (core->unsent() > 0) co_await sleep(0s);
}

/// The peer has not read a word that was sent: so its abort() is a reset.
inline Coro<Watched> watched_stream(Duration pause = 3ms) {
  StreamLimits limits;
  limits.linger = 1h;
  SocketPair pair = co_await socket_pair(small_buffers());
  Watched watched;
  watched.pause = pause;
  watched.core = StreamCore::make(std::move(pair.client), std::move(pair.client_end), limits);
  watched.own = {StreamReader(watched.core), StreamWriter(watched.core)};
  watched.peer = stream_of(std::move(pair.server), std::move(pair.server_end), limits);
  watched.own.writer.write("hello");
  co_await until_sent(watched.core.get());
  co_await sleep(pause);
  co_return watched;
}

/// True if it is in `state`, or was: some last no longer than a turn.
inline bool has_been(const StreamCore* core, WritingState state) {
  const WritingState now = core->writing();
  switch (state) {
    case WritingState::ending:
      return now == state || now == WritingState::shutting || now == WritingState::half_closed;
    case WritingState::shutting:
      return now == state || now == WritingState::half_closed;
    case WritingState::closing:
      return now == state || now == WritingState::leaving || now == WritingState::lingering;
    case WritingState::leaving:
      return now == state || now == WritingState::lingering;
    case WritingState::salvaging:
      return now == state || now == WritingState::lost;
    case WritingState::parting:
      return now == state || now == WritingState::closed;
    default:
      return now == state;
  }
}
inline Coro<bool> until(const Watched* w, WritingState state) {
  for (int i = 0; i < 2000; ++i) {
    if (has_been(w->core.get(), state)) co_return true;
    co_await sleep(i < 1000 ? Duration(0) : w->pause);
  }
  co_return false;
}
inline Coro<> read_to_the_end(const StreamReader* reader) {
  for (;;) {
    const auto outcome = co_await as_outcome(reader->read(65536));
    if (outcome.failed() || outcome.value().empty()) co_return;
  }
}
/// The peer has reset the connection, and nobody here has noticed.
inline Coro<> reset_by_peer(const Watched* w) {
  w->peer.writer.abort();
  co_await sleep(w->pause);
}

inline Coro<> reach(const Watched* w, WritingState state) {
  const StreamWriter& writer = w->own.writer;
  switch (state) {
    case WritingState::open:
      co_return;
    case WritingState::ending:
      writer.write(filling());
      co_return writer.write_eof();
    case WritingState::shutting:
      co_return writer.write_eof();
    case WritingState::half_closed:
      writer.write_eof();
      break;
    case WritingState::closing:
      writer.write(filling());
      co_return writer.close();
    case WritingState::leaving:
      co_return writer.close();
    case WritingState::lingering:
      writer.close();
      break;
    case WritingState::salvaging:
      co_await reset_by_peer(w);
      writer.write("y");
      break;
    case WritingState::parting:
      writer.write(filling());
      writer.close();
      co_await sleep(w->pause);
      w->peer.writer.abort();
      break;
    case WritingState::lost:
      co_return w->core->note_end(ECONNRESET);
    case WritingState::closed:
    case WritingState::last_state:
      co_return writer.abort();
  }
  static_cast<void>(co_await until(w, state));
}

inline void cause(const Watched* w, WritingState from, WritingEvent event) {
  switch (event) {
    case WritingEvent::eof:
      return w->own.writer.write_eof();
    case WritingEvent::close:
      return w->own.writer.close();
    case WritingEvent::flushed:
      if (from == WritingState::half_closed) return w->own.writer.close();
      static_cast<void>(create_task(read_to_the_end(&w->peer.reader)));
      return;
    case WritingEvent::fail:
      if (from == WritingState::open) w->own.writer.write("y");
      return w->peer.writer.abort();
    case WritingEvent::lose:
      return w->core->note_end(ECONNRESET);
    case WritingEvent::finish:
      return from == WritingState::lingering ? w->peer.writer.abort() : w->own.writer.abort();
    case WritingEvent::shut:
    case WritingEvent::last_event:
      return;  // comes by itself
  }
}

inline Coro<std::string> take_arrow(WritingState from, WritingEvent event, WritingState to,
                                    Duration pause = 3ms) {
  const Watched w = co_await watched_stream(pause);
  const bool empty = from == WritingState::open || from == WritingState::shutting || from == WritingState::leaving;
  if (event == WritingEvent::fail && empty) co_await reset_by_peer(&w);
  co_await reach(&w, from);
  if (!has_been(w.core.get(), from)) co_return "the state was not reached";
  cause(&w, from, event);
  if (!co_await until(&w, to)) co_return "the arrow was not taken";
  w.own.writer.abort();
  w.peer.writer.abort();
  co_return w.core->writing() == WritingState::closed ? "taken" : "not closed by abort()";
}

enum class Happening : std::uint8_t {
  close, abort, write_eof, drain, wait_closed, read, cancelled_read, read_in_time, end_of_peer, reset_of_peer, silence
};
constexpr std::array happenings{
    Happening::close,          Happening::abort,        Happening::write_eof,   Happening::drain,
    Happening::wait_closed,    Happening::read,         Happening::cancelled_read, Happening::read_in_time,
    Happening::end_of_peer,    Happening::reset_of_peer, Happening::silence};

inline Coro<> happen(const Watched* w, Happening what) {
  const StreamWriter& writer = w->own.writer;
  switch (what) {
    case Happening::close:
      co_return writer.close();
    case Happening::abort:
      co_return writer.abort();
    case Happening::write_eof:
      co_return writer.write_eof();
    case Happening::drain:
      co_return co_await writer.drain();
    case Happening::wait_closed:
      co_return co_await writer.wait_closed();
    case Happening::read:
      static_cast<void>(co_await w->own.reader.read(10));
      co_return;
    case Happening::cancelled_read: {
      const auto task = create_task(w->own.reader.read(10));
      co_await sleep(0s);
      task.cancel();
      static_cast<void>(co_await as_outcome(task));
      co_return;
    }
    case Happening::read_in_time:
      static_cast<void>(co_await as_outcome(wait_for(w->own.reader.read(10), 1ms)));
      co_return;
    case Happening::end_of_peer:
      co_return w->peer.writer.write_eof();
    case Happening::reset_of_peer:
      co_return w->peer.writer.abort();
    case Happening::silence:
      co_await sleep(1ms);
  }
}

inline Coro<> collect(const StreamReader* reader, std::string* text) {
  for (;;) {
    const auto outcome = co_await as_outcome(reader->read(65536));
    if (outcome.failed() || outcome.value().empty()) co_return;
    *text += outcome.value();
  }
}

/// Bytes are written, `first` and `second` happen, `turns` apart; then the peer ends, and the stream is closed.
inline Coro<std::string> let_happen(Happening first, Happening second, int turns) {
  const Watched w = co_await watched_stream();
  static const std::string text = "hello" + pattern(100'000);  // more than the system takes at once
  w.own.writer.write(std::string_view(text).substr(5));
  std::string arrived;
  const auto peer = create_task(collect(&w.peer.reader, &arrived));
  std::string story;
  std::string other;
  const auto one = create_task(note_ending_void(&story, happen(&w, first)));
  co_await network::turns(turns);
  const auto two = create_task(note_ending_void(&other, happen(&w, second)));
  co_await a_moment();
  w.own.writer.close();
  co_await peer;
  w.peer.writer.close();
  co_await one;
  co_await two;
  co_await as_outcome(w.own.writer.wait_closed());
  if (!co_await until(&w, WritingState::closed)) co_return "not closed";
  const auto loses = [](Happening what) { return what == Happening::abort || what == Happening::reset_of_peer; };
  if (text.compare(0, arrived.size(), arrived) != 0) co_return "other bytes have arrived";
  if (!loses(first) && !loses(second) && arrived.size() != text.size()) {
    co_return std::to_string(arrived.size()) + " bytes have arrived";
  }
  co_return "as it should be";
}

}  // namespace network
