// SPDX-License-Identifier: BSL-1.0
// conformance_reading.hpp - what every backend with a network must pass: the reading end of a stream.
#pragma once

#include "network.hpp"

using namespace network;

namespace {
namespace reading {

/// What `awaitable` ended with, where the stream's own errors are told in detail.
template <Awaitable A>
Coro<std::string> told(A awaitable) {
  const auto outcome = co_await as_outcome(std::move(awaitable));
  try {
    outcome.raise();
  } catch (const IncompleteReadError& error) {
    co_return "incomplete: '" + error.partial() + "' of " + std::to_string(error.expected());
  } catch (const LimitOverrunError& error) {
    co_return "overrun: " + std::to_string(error.consumed());
  } catch (...) {
  }
  co_return ending_of(outcome);
}

Coro<> write_in_pieces(const StreamWriter* writer, std::vector<std::string> pieces) {
  for (const std::string& piece : pieces) {
    writer->write(piece);
    co_await sleep(500us);
  }
  writer->write_eof();
}

}  // namespace reading
}  // namespace

CONFORMANCE("read gives what has arrived, up to what was asked for; \"\" at the end, and for 0 bytes at once") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    std::string story = "[" + co_await pair.server.reader.read(0) + "]";
    pair.client.writer.write("abcdef");
    pair.client.writer.write_eof();
    co_await a_moment();
    for (int i = 0; i < 4; ++i) story += "[" + co_await pair.server.reader.read(4) + "]";
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "[][abcd][ef][][]");
}

CONFORMANCE("read without a size gives all to the end of the stream") {
  const auto body = []() -> Coro<bool> {
    const StreamPair pair = co_await stream_pair();
    pair.client.writer.write(pattern(much));
    pair.client.writer.write_eof();
    const std::string all = co_await pair.server.reader.read();
    co_return all == pattern(much);
  };
  World world;
  CHECK(on(world, body()));
}

CONFORMANCE("readexactly waits for all that was asked for, and leaves the rest") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    const auto writer = create_task(reading::write_in_pieces(&pair.client.writer, {"ab", "cd", "ef"}));
    std::string story = co_await pair.server.reader.readexactly(3);
    story += "|" + co_await pair.server.reader.readexactly(0);
    story += "|" + co_await pair.server.reader.readexactly(2);
    story += "|" + co_await pair.server.reader.read();
    co_await writer;
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "abc||de|f");
}

CONFORMANCE("readexactly at the end of the stream throws IncompleteReadError with what had come") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    pair.client.writer.write("abc");
    pair.client.writer.close();
    std::string story = co_await reading::told(pair.server.reader.readexactly(5));
    story += ", then " + co_await reading::told(pair.server.reader.readexactly(5));
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "incomplete: 'abc' of 5, then incomplete: '' of 5");
}

CONFORMANCE("readline gives line after line however they were cut, the last one without its end, then \"\"") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    const auto writer =
        create_task(reading::write_in_pieces(&pair.client.writer, {"one\ntw", "o\n", "\nthr", "ee"}));
    std::string story;
    for (int i = 0; i < 6; ++i) story += "[" + co_await pair.server.reader.readline() + "]";
    co_await writer;
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "[one\n][two\n][\n][three][][]");
}

CONFORMANCE("a line longer than the limit is dropped by readline, and the next one begins after it") {
  const auto body = []() -> Coro<std::string> {
    StreamLimits limits;
    limits.line = 8;
    const StreamPair pair = co_await stream_pair(limits);
    pair.client.writer.write("123456789\nnext\n");
    pair.client.writer.write_eof();
    co_await a_moment();
    std::string story = co_await reading::told(pair.server.reader.readline());
    story += ", " + co_await pair.server.reader.readline();
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "overrun: 9, next\n");
}

CONFORMANCE("a line of exactly the limit is no overrun") {
  const auto body = []() -> Coro<std::string> {
    StreamLimits limits;
    limits.line = 8;
    const StreamPair pair = co_await stream_pair(limits);
    pair.client.writer.write("12345678\nx");
    co_return co_await reading::told(pair.server.reader.readline());
  };
  World world;
  CHECK(on(world, body()) == "12345678\n");
}

CONFORMANCE("readuntil finds a separator that arrives in two parts") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    const auto writer =
        create_task(reading::write_in_pieces(&pair.client.writer, {"head\r", "\n\r", "\nbody", " of it\r\n"}));
    std::string story = co_await pair.server.reader.readuntil("\r\n\r\n");
    story += "|" + co_await pair.server.reader.readuntil("\r\n");
    story += "|" + co_await reading::told(pair.server.reader.readuntil("\r\n"));
    co_await writer;
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "head\r\n\r\n|body of it\r\n|incomplete: '' of 0");
}

CONFORMANCE("readuntil beyond the limit throws LimitOverrunError, takes nothing, and says how much to read to go on") {
  const auto body = []() -> Coro<std::string> {
    StreamLimits limits;
    limits.line = 4;
    const StreamPair pair = co_await stream_pair(limits);
    pair.client.writer.write("0123456789;x;");
    co_await a_moment();
    std::string story;
    try {
      story = co_await pair.server.reader.readuntil(";");
    } catch (const LimitOverrunError& error) {
      story = "overrun, ";
    }
    story += co_await pair.server.reader.readexactly(11);
    story += " " + co_await pair.server.reader.readuntil(";");
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "overrun, 0123456789; x;");
}

CONFORMANCE("readuntil refuses an empty separator, and the stream goes on") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    pair.client.writer.write("x\n");
    const std::string how = co_await reading::told(pair.server.reader.readuntil(""));
    std::string story = contains(how, "separator is empty") ? "refused, " : how;
    story += co_await pair.server.reader.readline();
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "refused, x\n");
}

CONFORMANCE("at_eof is true when the stream has ended and everything was read, not before") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    const auto state = [](const StreamReader& reader) { return std::string(reader.at_eof() ? "end " : "open "); };
    pair.client.writer.write("ab");
    pair.client.writer.write_eof();
    co_await a_moment();
    std::string story = state(pair.server.reader);
    const std::string first = co_await pair.server.reader.read(1);
    story += state(pair.server.reader);
    const std::string second = co_await pair.server.reader.read();
    story += state(pair.server.reader) + first + second;
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "open open end ab");
}

CONFORMANCE("a second reader is refused with RuntimeError, and the first goes on") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    const auto first = create_task(pair.server.reader.read(10));
    co_await a_moment();
    const std::string how = co_await ending(pair.server.reader.readline());
    std::string story = contains(how, "another task is reading") ? "refused" : how;
    pair.client.writer.write("first");
    story += ", " + co_await first;
    pair.client.writer.write("second\n");
    story += ", " + co_await pair.server.reader.readline();
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "refused, first, second\n");
}

CONFORMANCE("a cancelled read takes nothing: what arrives is for the next read") {
  const auto body = []() -> Coro<std::string> {
    for (int cancel_at = 0; cancel_at < 8; ++cancel_at) {
      const StreamPair pair = co_await stream_pair();
      std::string text;
      const auto reader = create_task(pair.server.reader.read(10));
      pair.client.writer.write("abc");
      pair.client.writer.write_eof();
      co_await turns(cancel_at);
      reader.cancel();
      const std::string how = co_await ending(reader);
      if (how != "cancelled") text = how;
      text += co_await pair.server.reader.read();
      if (text != "abc") co_return std::to_string(cancel_at) + ": " + text;
    }
    co_return "nothing lost";
  };
  World world;
  CHECK(on(world, body()) == "nothing lost");
}

CONFORMANCE("a deadline around any kind of read leaves the stream usable") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    const StreamReader& reader = pair.server.reader;
    pair.client.writer.write("par");
    co_await a_moment();
    std::string story = co_await ending(wait_for(reader.readexactly(5), 1ms));
    story += ", " + co_await ending(wait_for(reader.readline(), 1ms));
    story += ", " + co_await ending(wait_for(reader.readuntil(";"), 1ms));
    story += ", " + co_await ending(wait_for(reader.read(), 1ms));
    pair.client.writer.write("tial\n");
    story += ", " + co_await reader.readline();
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "TimeoutError, TimeoutError, TimeoutError, TimeoutError, partial\n");
}

CONFORMANCE("read_into reads into the caller's memory, what had arrived before first") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    const auto into = [](const StreamReader* reader, std::size_t most) -> Coro<std::string> {
      std::string text(most, '\0');
      const std::size_t size = co_await reader->read_into(std::as_writable_bytes(std::span(text)));
      text.resize(size);
      co_return text;
    };
    pair.client.writer.write("a\nbcd");
    co_await a_moment();
    std::string story = co_await pair.server.reader.readline();
    story += co_await into(&pair.server.reader, 2);
    story += "|" + co_await into(&pair.server.reader, 2);
    const auto later = create_task(write_later(&pair.client.writer, 1ms, "efgh"));
    story += "|" + co_await into(&pair.server.reader, 3);
    pair.client.writer.write_eof();
    story += "|" + co_await into(&pair.server.reader, 3);
    story += "|" + co_await into(&pair.server.reader, 3);
    co_await later;
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "a\nbc|d|efg|h|");
}

CONFORMANCE("read_into that is cancelled, or that follows a cancelled read, loses nothing") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    std::array<std::byte, 16> bytes{};
    std::string story = co_await ending(wait_for(pair.server.reader.read(10), 1ms));  // its receive goes on
    const auto later = create_task(write_later(&pair.client.writer, 1ms, "abc"));
    story += ", " + co_await ending(pair.server.reader.read_into(bytes));
    story += ", " + co_await ending(wait_for(pair.server.reader.read_into(bytes), 1ms));
    pair.client.writer.write("de");
    story += ", " + co_await pair.server.reader.readexactly(2);
    co_await later;
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "TimeoutError, 3, TimeoutError, de");
}

CONFORMANCE("closing a stream while a task reads from it ends the read: \"\"") {
  const auto body = [](bool straight) -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    const auto closer = create_task(close_later(&pair.server.writer, 1ms));
    std::array<std::byte, 4> bytes{};
    std::string story;
    if (straight) {
      story = co_await ending(pair.server.reader.read_into(bytes));
    } else {
      story = co_await ending(pair.server.reader.read(4));
    }
    story += "[" + co_await ending(pair.server.reader.readline()) + "]";
    co_await closer;
    co_return story;
  };
  World world;
  CHECK(on(world, body(false)) == "[]");
  CHECK(on(world, body(true)) == "0[]");
}

CONFORMANCE("what arrived before a reset is read first; then every read throws") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    pair.client.writer.write("never read");
    pair.server.writer.write("ab\nc");
    co_await a_moment();
    pair.server.writer.abort();
    co_await a_moment();
    std::string story = co_await ending(pair.client.reader.readline());
    story += ", " + co_await ending(pair.client.reader.read(1));
    story += ", " + co_await ending(pair.client.reader.read(1));
    story += ", " + co_await ending(pair.client.reader.readline());
    co_return story;
  };
  World world;
  const std::string reset = system_error_text(ECONNRESET);
  CHECK(on(world, body()) == "ab\n, c, " + reset + ", " + reset);
}

CONFORMANCE("a stream is read while a peer dribbles, line by line") {
  const auto body = []() -> Coro<int> {
    const StreamPair pair = co_await stream_pair();
    const auto dribble = [](const StreamWriter* writer) -> Coro<> {
      for (int i = 0; i < 100; ++i) {
        for (const char byte : std::string("line\n")) {
          writer->write(std::string(1, byte));
          co_await turns(1);
        }
      }
      writer->close();
    };
    const auto writer = create_task(dribble(&pair.client.writer));
    int lines = 0;
    for (;;) {
      const std::string line = co_await pair.server.reader.readline();
      if (line.empty()) break;
      if (line != "line\n") co_return -1;
      ++lines;
    }
    co_await writer;
    co_return lines;
  };
  World world;
  CHECK(on(world, body()) == 100);
}

CONFORMANCE("streams that have much to read all at once each get their own bytes") {
  const auto body = []() -> Coro<int> {
    std::vector<StreamPair> pairs;
    for (std::size_t i = 0; i < 20; ++i) {
      pairs.push_back(co_await stream_pair());
      pairs[i].client.writer.write(pattern(200'000 + i));
      pairs[i].client.writer.write_eof();
    }
    co_await a_moment();
    std::vector<Coro<std::string>> readers;
    for (const StreamPair& pair : pairs) readers.push_back(pair.server.reader.read());
    const auto texts = co_await gather(std::move(readers));
    int right = 0;
    for (std::size_t i = 0; i < texts.size(); ++i) right += texts[i] == pattern(200'000 + i) ? 1 : 0;
    co_return right;
  };
  World world;
  CHECK(on(world, body()) == 20);
}

CONFORMANCE("an empty reader and an empty writer refuse everything") {
  const auto body = []() -> Coro<std::string> {
    const StreamReader reader;
    const StreamWriter writer;
    std::string story;
    if (contains(refusal([&] { static_cast<void>(reader.read(1)); }), "is empty")) story += "reader ";
    if (contains(refusal([&] { writer.write("x"); }), "is empty")) story += "writer";
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "reader writer");
}
