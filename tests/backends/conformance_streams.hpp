// SPDX-License-Identifier: BSL-1.0
// conformance_streams.hpp - what every backend with a network must pass: how streams end, and that nothing is lost.
#pragma once

#include <algorithm>

#include "stream_happenings.hpp"

using namespace network;

namespace {

/// Reads to the end or an error; gives what came.
inline Coro<std::string> read_what_comes(const StreamReader* reader) {
  std::string all;
  for (;;) {
    const auto outcome = co_await as_outcome(reader->read(65536));
    if (outcome.failed() || outcome.value().empty()) co_return all;
    all += outcome.value();
  }
}
inline Coro<> answer_and_close(const StreamWriter* writer, std::string text) {
  writer->write(text);
  co_await writer->drain();
  writer->close();
  co_await writer->wait_closed();
}
inline std::string whole(const std::string& text, std::size_t size) {
  return text == pattern(size) ? "whole" : std::to_string(text.size()) + " bytes";
}

}  // namespace

CONFORMANCE("an answer arrives whole, although the server has not read all that it was sent before it closes") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    pair.client.writer.write("a line that nobody reads\n");
    co_await a_moment();
    const auto answering = create_task(answer_and_close(&pair.server.writer, pattern(much)));
    const std::string answer = co_await read_what_comes(&pair.client.reader);
    pair.client.writer.close();
    co_await answering;
    co_return whole(answer, much);
  };
  World world;
  CHECK(on(world, body()) == "whole");
}

CONFORMANCE("an answer arrives whole, although the client goes on sending after the server has closed") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    const auto answering = create_task(answer_and_close(&pair.server.writer, pattern(much)));
    const auto sends_on = [](const StreamWriter* writer) -> Coro<> {
      for (int i = 0; i < 20; ++i) {
        writer->write(std::string(1000, 'x'));
        co_await sleep(100us);
      }
    };
    const auto sending = create_task(sends_on(&pair.client.writer));
    const std::string answer = co_await read_what_comes(&pair.client.reader);
    co_await sending;
    pair.client.writer.close();
    co_await answering;
    co_return whole(answer, much);
  };
  World world;
  CHECK(on(world, body()) == "whole");
}

CONFORMANCE("a handler that writes and returns has its answer delivered before wait_closed of the server ends") {
  const auto body = []() -> Coro<std::string> {
    Server server = co_await start_server(
        [](StreamReader, StreamWriter writer) -> Coro<> {
          writer.write(pattern(much));
          co_await writer.drain();
        },
        "127.0.0.1", 0);
    const Connection connection = co_await open_connection(server.addresses().at(0));
    connection.writer.write("a line that nobody reads\n");
    co_await a_moment();
    server.close();
    const auto closed = create_task(server.wait_closed());
    const std::string answer = co_await read_what_comes(&connection.reader);
    const bool early = closed.done();
    connection.writer.close();
    co_await closed;
    co_return whole(answer, much) + (early ? ", but the server had not waited" : "");
  };
  World world;
  CHECK(on(world, body()) == "whole");
}

CONFORMANCE("a stream that has nothing to lose is closed at once") {
  const auto body = []() -> Coro<std::string> {
    StreamLimits limits;
    limits.linger = 1h;
    const StreamPair pair = co_await stream_pair(limits);
    pair.client.writer.close();  // nothing was written
    co_await pair.client.writer.wait_closed();
    std::string text = co_await pair.server.reader.read();
    pair.server.writer.write("x");
    pair.server.writer.close();  // the peer's end is known
    co_await pair.server.writer.wait_closed();
    co_return "closed" + text;
  };
  World world;
  CHECK(on(world, body()) == "closed");
}

CONFORMANCE("a peer that stays silent is waited for as long as the limit says, and one that talks no longer than a megabyte") {
  const auto body = [](bool talks) -> Coro<std::string> {
    StreamLimits limits;
    limits.linger = talks ? Delay(1h) : Delay(20ms);
    const StreamPair pair = co_await stream_pair(limits);
    pair.server.writer.write("answer");
    pair.server.writer.close();
    const Instant begin = this_loop().time();
    if (talks) pair.client.writer.write(pattern(much));
    co_await pair.server.writer.wait_closed();
    const bool waited = this_loop().time() - begin >= 20ms;
    pair.client.writer.abort();
    co_return talks || waited ? "closed" : "closed too early";
  };
  World world;
  CHECK(on(world, body(false)) == "closed");
  CHECK(on(world, body(true)) == "closed");
}

CONFORMANCE("what has arrived is read before the error, after a write has failed") {
  const auto body = [](bool close) -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    pair.client.writer.write("a request, far too large");
    co_await a_moment();
    pair.server.writer.write("413 too large\n");
    co_await a_moment();
    pair.server.writer.abort();  // unread bytes: a reset
    co_await a_moment();
    std::string drained;
    for (int i = 0; i < 100 && (drained.empty() || drained == "void"); ++i) {
      pair.client.writer.write("more of it");
      drained = co_await ending(pair.client.writer.drain());
      co_await sleep(0s);
    }
    if (close) pair.client.writer.close();
    std::string story = co_await pair.client.reader.readline();
    const std::string end = co_await ending(pair.client.reader.readline());
    story += contains(end, "system_error") ? "then the error" : "then " + end;
    co_return story + (contains(drained, "system_error") ? "" : ", drain " + drained);
  };
  for (const bool close : {false, true}) {
    World world;
    CHECK(on(world, body(close)) == "413 too large\nthen the error");
  }
}

CONFORMANCE("close after write_eof is no error, although the peer has ended in the meantime and nobody has looked") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    pair.client.writer.write("question");
    pair.client.writer.write_eof();
    co_await pair.server.reader.read();
    pair.server.writer.write("answer");
    co_await a_moment();
    std::string story = co_await pair.client.reader.readexactly(6);
    pair.server.writer.close();
    co_await a_moment();
    pair.client.writer.close();
    co_return story + ", " + co_await ending(pair.client.writer.wait_closed());
  };
  World world;
  CHECK(on(world, body()) == "answer, void");
}

CONFORMANCE("at_eof is true once the end has arrived: a loop over lines gets no empty one") {
  const auto body = [](bool straight) -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    pair.server.writer.write("one\ntwo\n");
    pair.server.writer.close();
    co_await a_moment();
    std::string story;
    while (!pair.client.reader.at_eof()) {
      if (straight) {
        char bytes[64];
        const std::size_t size = co_await pair.client.reader.read_into(std::as_writable_bytes(std::span(bytes)));
        story += std::string(bytes, size) + "|";
      } else {
        story += co_await pair.client.reader.readline() + "|";
      }
    }
    co_return story;
  };
  World world;
  CHECK(on(world, body(false)) == "one\n|two\n|");
  if (std::string_view(World::name) != "sim") CHECK(on(world, body(true)) == "one\ntwo\n|");  // sim: in pieces
}

CONFORMANCE("at_eof is true once the end has arrived, also when that comes later than the last bytes and nobody reads") {
  const auto body = [](StreamPair pair) -> Coro<std::string> {
    const StreamReader& reader = pair.client.reader;
    const auto eof = [&reader] { return reader.at_eof() ? "end " : "open "; };
    std::string story = eof();
    pair.server.writer.write("one\n");
    co_await a_moment();
    story += eof();
    story += co_await reader.readline();
    story += eof();
    pair.server.writer.write("two\n");
    story += co_await reader.readline();
    story += eof();
    pair.server.writer.write_eof();
    co_await a_moment();
    story += eof();
    story += (co_await reader.read()).empty() ? "nothing" : "something";
    pair.server.writer.close();
    pair.client.writer.close();
    co_await pair.client.writer.wait_closed();
    co_return story;
  };
  const auto main = [&body]() -> Coro<std::string> {
    StreamPair pair = co_await stream_pair();
    co_return co_await body(std::move(pair));
  };
  World world;
  CHECK(on(world, main()) == "open open one\nopen two\nopen end nothing");
}

CONFORMANCE("at_eof does not hide a reset") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    pair.client.writer.write("nobody reads this");
    co_await a_moment();
    pair.server.writer.abort();
    co_await a_moment();
    const std::string story = pair.client.reader.at_eof() ? "end, " : "open, ";
    const auto read = co_await as_outcome(pair.client.reader.read());
    co_return story + (read.failed() ? "an error" : "an end");
  };
  World world;
  CHECK(on(world, body()) == "open, an error");
}

CONFORMANCE("a stream gets into every state, and every event of its machines happens to it there") {
  for (const auto& arrow : machines::writing::diagram.arrows()) {
    World world;
    CAPTURE(static_cast<int>(arrow.from), static_cast<int>(arrow.on));
    CHECK(on(world, take_arrow(arrow.from, arrow.on, arrow.to)) == "taken");
  }
}

CONFORMANCE("the read side ends with what the peer did first, and stays so when this side closes") {
  using Reading = machines::reading::State;
  const auto body = [](bool reset) -> Coro<bool> {
    const Watched w = co_await watched_stream();
    const auto reading = create_task(read_to_the_end(&w.own.reader));
    if (w.core->reading() != Reading::open) co_return false;
    reset ? w.peer.writer.abort() : w.peer.writer.write_eof();
    co_await reading;
    const Reading wanted = reset ? Reading::failed : Reading::ended;
    bool first = w.core->reading() == wanted;
    for (const int error : {0, ECONNRESET}) {  // what a receive of the program's own would tell
      w.core->note_end(error);
      first = first && w.core->reading() == wanted;
    }
    w.own.writer.close();
    w.peer.writer.close();
    static_cast<void>(co_await as_outcome(w.own.writer.wait_closed()));
    co_return first && w.core->reading() == wanted && w.core->at_end();
  };
  for (const bool reset : {false, true}) {
    World world;
    CAPTURE(reset);
    CHECK(on(world, body(reset)));
  }
}

CONFORMANCE("whatever happens to a stream in whatever state, it ends, and what was written and not thrown away has arrived") {
  Happened happened;
  for (std::size_t number = 0; number < cases; number += 7) {  // every other thing comes second to each first
    const Case each = case_of(number, static_cast<int>(number % 3) * 3);
    World world;
    CAPTURE(number, static_cast<int>(each.state), static_cast<int>(each.first), static_cast<int>(each.second), each.turns);
    CHECK(on(world, let_happen(each, &happened)) == "as it should be");
  }
  std::size_t states = 0;  // some last no longer than a turn of a real network
  for (const auto& state : happened.times) states += std::count(state.begin(), state.end(), 0) == 0 ? 1 : 0;
  CHECK(states >= 7);
}
