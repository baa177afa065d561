// SPDX-License-Identifier: BSL-1.0
// stream_arrows_test.cpp - every arrow of the two machines of a stream: how a program and its peer take it.
#include <string>

#include "stream_world.hpp"

#include "catch.hpp"

using namespace rondo;
using Kind = OperationKind;

namespace {

namespace writing = machines::writing;
namespace reading = machines::reading;

void reach(StreamWorld& w, writing::State state) {
  using writing::State;
  const auto written = [&] {
    w.writer.write("x");
    w.step();
  };
  switch (state) {
    case State::open:
      break;
    case State::ending:
      written();
      w.writer.write_eof();
      break;
    case State::shutting:
      w.writer.write_eof();
      w.step();
      break;
    case State::half_closed:
      written();
      w.end(Kind::send, 1);
      reach(w, State::shutting);
      w.end(Kind::shutdown, 0);
      break;
    case State::closing:
      written();
      w.writer.close();
      break;
    case State::leaving:
      reach(w, State::closing);
      w.end(Kind::send, 1);
      break;
    case State::lingering:
      reach(w, State::leaving);
      w.end(Kind::shutdown, 0);
      break;
    case State::salvaging:
      written();
      w.end(Kind::send, -EPIPE);
      break;
    case State::parting:
      reach(w, State::closing);
      w.end(Kind::send, -EPIPE);
      break;
    case State::lost:
      w.stream->note_end(ECONNRESET);
      break;
    case State::closed:
    case State::last_state:
      w.writer.abort();
      break;
  }
}

void fail(StreamWorld& w, writing::State from) {
  if (from == writing::State::open) w.writer.write("x");
  w.step();
  const bool shuts = from == writing::State::shutting || from == writing::State::leaving;
  w.end(shuts ? Kind::shutdown : Kind::send, shuts ? -ENOTCONN : -EPIPE);
}

void cause(StreamWorld& w, writing::State from, writing::Event event) {
  using writing::Event;
  switch (event) {
    case Event::eof:
      return w.writer.write_eof();
    case Event::close:
      return w.writer.close();
    case Event::flushed:
      w.end(Kind::send, 1);
      return;
    case Event::shut:
      w.end(Kind::shutdown, 0);
      return;
    case Event::fail:
      return fail(w, from);
    case Event::lose:
      return w.stream->note_end(ECONNRESET);
    case Event::finish:
    case Event::last_event:
      return w.writer.abort();
  }
}

}  // namespace

TEST_CASE("the write side of a stream takes every arrow of its machine, and is closed at the end") {
  for (const auto& arrow : writing::diagram.arrows()) {
    StreamWorld w;
    reach(w, arrow.from);
    CAPTURE(static_cast<int>(arrow.from), static_cast<int>(arrow.on));
    REQUIRE(w.stream->writing() == arrow.from);
    cause(w, arrow.from, arrow.on);
    // Where nothing is under way, the next arrow follows at once.
    const auto now = w.stream->writing();
    const bool at_once = arrow.to == writing::State::ending || arrow.to == writing::State::closing;
    const bool shut_before = arrow.from == writing::State::half_closed && arrow.to == writing::State::leaving;
    CHECK((now == arrow.to || (at_once && (now == writing::State::shutting || now == writing::State::closed)) ||
           (shut_before && now == writing::State::lingering)));
    w.writer.abort();
    w.step();
    CHECK(w.stream->writing() == writing::State::closed);
    CHECK(w.has(Kind::close));
  }
}

TEST_CASE("the read side of a stream takes every arrow of its machine: the first end counts") {
  for (const auto& arrow : reading::diagram.arrows()) {
    StreamWorld w;
    const auto note = [&](bool error) { w.stream->note_end(error ? ECONNRESET : 0); };
    if (arrow.from != reading::State::open) note(arrow.from == reading::State::failed);
    REQUIRE(w.stream->reading() == arrow.from);
    note(arrow.on == reading::Event::fail);
    CHECK(w.stream->reading() == arrow.to);
    const std::string end = w.now_of(w.start(w.reader.read(1)));
    CHECK(end == (arrow.to == reading::State::failed ? "read from 10.0.0.1:80: Connection reset by peer" : ""));
  }
}
