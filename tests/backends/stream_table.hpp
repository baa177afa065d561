// SPDX-License-Identifier: BSL-1.0
// stream_table.hpp - streams brought into each state of their machines, and along each arrow.
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
inline Coro<Watched> watched_stream(Duration pause = 3ms, Duration linger = 1h) {
  StreamLimits limits;
  limits.linger = linger;
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
      static_cast<void>(create_task(read_to_the_end(&w->own.reader)));
      co_await sleep(0s);
      w->peer.writer.abort();
      break;
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
      static_cast<void>(create_task(read_to_the_end(&w->peer.reader)));
      return;
    case WritingEvent::fail:
      if (from == WritingState::open) w->own.writer.write("y");
      return w->peer.writer.abort();
    case WritingEvent::lose:
      if (from != WritingState::open && from != WritingState::half_closed) return w->core->note_end(ECONNRESET);
      static_cast<void>(create_task(read_to_the_end(&w->own.reader)));
      static_cast<void>(create_task(reset_by_peer(w)));  // which that read hears of
      return;
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

}  // namespace network
