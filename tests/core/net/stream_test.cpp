// SPDX-License-Identifier: BSL-1.0
// stream_test.cpp - readers and writers, with a test that plays the other end.
#include <rondo/connection.hpp>

#include "stream_world.hpp"

#include "catch.hpp"

using namespace rondo;
using Kind = OperationKind;
using Verb = Output::Verb;

namespace {

/// Awaits what is there, which may have been moved from.
template <class A>
Coro<> take(A* awaitable) {
  static_cast<void>(co_await std::move(*awaitable));
}

}  // namespace

TEST_CASE("a read or a drain that was kept may be awaited again, and one that was moved from is refused") {
  StreamWorld w;
  const auto body = [](StreamWorld* world) -> Coro<std::string> {
    auto drain = world->writer.drain();
    co_await drain;
    co_await drain;
    co_await take(&drain);
    const auto drained = co_await as_outcome(take(&drain));
    auto read = world->reader.read(0);
    const std::string nothing = co_await read;
    co_await take(&read);
    const auto was_read = co_await as_outcome(take(&read));
    std::string story = drained.failed() ? "refused, " : "drained, ";
    story += was_read.failed() ? "refused" : "read";
    co_return story + nothing;
  };
  CHECK(w.now_of(w.start(body(&w))) == "refused, refused");
}

TEST_CASE("read gives what has arrived, up to what was asked for, and asks the backend only when it has nothing") {
  StreamWorld w;
  const auto first = w.start(w.reader.read(3));
  CHECK(w.now_of(first) == "waits");
  CHECK(w.outputs.at(0).buffer == nullptr);
  w.arrive("hello");
  CHECK(w.now_of(first) == "hel");
  CHECK(w.now_of(w.start(w.reader.read(3))) == "lo");
  CHECK_FALSE(w.has(Kind::recv));
  CHECK(w.now_of(w.start(w.reader.read(0))) == "");
}

TEST_CASE("at the end of the stream a read gives nothing, as often as it is asked") {
  StreamWorld w;
  const auto all = w.start(w.reader.read());
  w.step();
  w.arrive("ab");
  CHECK_FALSE(w.reader.at_eof());
  w.end(Kind::recv, 0);
  CHECK(w.now_of(all) == "ab");
  CHECK(w.reader.at_eof());
  CHECK(w.now_of(w.start(w.reader.read(5))) == "");
  CHECK(w.now_of(w.start(w.reader.readline())) == "");
}

TEST_CASE("readexactly waits for all of it; a stream that ends before is an IncompleteReadError with what came") {
  StreamWorld w;
  const auto exactly = w.start(w.reader.readexactly(4));
  w.step();
  w.arrive("ab");
  w.arrive("cdef");
  CHECK(w.now_of(exactly) == "abcd");
  const auto more = w.start(w.reader.readexactly(4));
  w.step();
  w.end(Kind::recv, 0);
  CHECK(w.now_of(more) == "the stream ended after 2 bytes, where 4 were expected");
}

TEST_CASE("readuntil finds a separator that arrives in pieces") {
  StreamWorld w;
  const auto until = w.start(w.reader.readuntil("\r\n"));
  w.step();
  w.arrive("ab\r");
  w.arrive("\ncd");
  CHECK(w.now_of(until) == "ab\r\n");
  CHECK(w.now_of(w.start(w.reader.readuntil(""))) == "readuntil: the separator is empty; it must have a byte or more");
}

TEST_CASE("readline drops a line that is longer than the limit and goes on with the next one") {
  StreamWorld w({.line = 4});
  const auto line = w.start(w.reader.readline());
  w.step();
  w.arrive("too long\nok\n");
  CHECK(w.now_of(line) == "the separator was found, but after more bytes than the limit of 4");
  CHECK(w.now_of(w.start(w.reader.readline())) == "ok\n");
  const auto until = w.start(w.reader.readuntil());
  w.step();
  w.arrive("endless");
  CHECK(w.now_of(until) == "no separator within the limit of 4 bytes");
  CHECK(w.now_of(w.start(w.reader.read(7))) == "endless");
}

TEST_CASE("a second task that reads is refused, and the first goes on") {
  StreamWorld w;
  const auto first = w.start(w.reader.read(3));
  w.step();
  CHECK(w.now_of(w.start(w.reader.readline())) ==
        "readline: another task is reading from the stream to 10.0.0.1:80; one at a time can");
  w.arrive("abc");
  CHECK(w.now_of(first) == "abc");
}

TEST_CASE("a cancelled read takes nothing: what arrives later is for the next one") {
  StreamWorld w;
  const auto cancelled = w.start(w.reader.read(3));
  w.step();
  cancelled.cancel();
  CHECK(w.now_of(cancelled) == "cancelled");
  w.arrive("late");
  CHECK(w.now_of(w.start(w.reader.read(9))) == "late");
}

TEST_CASE("what arrived before an error is read first; then every read throws it") {
  StreamWorld w;
  const auto line = w.start(w.reader.readline());
  w.step();
  w.arrive("ab");
  w.end(Kind::recv, -ECONNRESET);
  CHECK(w.now_of(line) == "read from 10.0.0.1:80: Connection reset by peer");
  CHECK(w.now_of(w.start(w.reader.read(9))) == "ab");
  CHECK(w.now_of(w.start(w.reader.read(9))) == "read from 10.0.0.1:80: Connection reset by peer");
  CHECK(w.now_of(w.start(w.writer.drain())) == "connection to 10.0.0.1:80: Connection reset by peer");
}

TEST_CASE("read_into receives straight into the caller's memory, but first gives what a cancelled read left") {
  StreamWorld w;
  std::array<std::byte, 4> buffer{};
  const auto straight = w.start(w.reader.read_into(buffer));
  w.step();
  CHECK(w.outputs.at(0).buffer == buffer.data());
  w.arrive("ab");
  CHECK(w.now_of(straight) == "2");
  const auto cancelled = w.start(w.reader.read(3));
  w.step();
  cancelled.cancel();
  w.step();
  const auto after = w.start(w.reader.read_into(buffer));
  w.step();
  w.arrive("xyz12");
  CHECK(w.now_of(after) == "4");
  CHECK(static_cast<char>(buffer[0]) == 'x');
  CHECK(w.now_of(w.start(w.reader.read(9))) == "2");
}

TEST_CASE("what is written in one step goes out in one send, and what comes after in the next") {
  StreamWorld w;
  w.writer.write("a");
  w.writer.write("b");
  w.step();
  w.writer.write("c");
  w.writer.write("d");
  CHECK(w.depart() == "ab");
  CHECK(w.depart() == "cd");
  CHECK(w.writer.unsent() == 0);
}

TEST_CASE("a send that takes a part is followed by the rest") {
  StreamWorld w;
  w.writer.write("abcdef");
  w.step();
  w.writer.write("gh");
  CHECK(w.depart(4) == "abcd");
  CHECK(w.depart() == "ef");
  CHECK(w.depart() == "gh");
}

TEST_CASE("what is written when a part was sent goes out behind the rest, and nothing twice") {
  StreamWorld w({.high = 4, .low = 2});
  const auto write_more = [](const StreamWriter* writer) -> Coro<> {
    writer->write("abcde");
    co_await writer->drain();
    writer->write("fg");  // the rest of the first send was asked for, and is not handed out yet
  };
  static_cast<void>(w.loop.create_task(write_more(&w.writer)));
  w.step();
  CHECK(w.depart(3) == "abc");
  CHECK(w.depart() == "defg");
}

TEST_CASE("drain suspends above the high-water mark and goes on at the low one") {
  StreamWorld w({.high = 4, .low = 2});
  w.writer.write("abcd");
  CHECK(w.now_of(w.start(w.writer.drain())) == "void");
  w.writer.write("e");
  const auto drain = w.start(w.writer.drain());
  CHECK(w.now_of(drain) == "waits");
  w.depart(2);
  CHECK(w.now_of(drain) == "waits");
  w.depart(1);
  CHECK(w.now_of(drain) == "void");
}

TEST_CASE("write_eof shuts the sending half down after what was written; the reader goes on") {
  StreamWorld w;
  w.writer.write("x");
  w.writer.write_eof();
  CHECK_THROWS_WITH(w.writer.write("y"), "write: after write_eof() nothing more can be written");
  w.step();
  CHECK_FALSE(w.has(Kind::shutdown));
  w.depart();
  CHECK(w.take(Kind::shutdown).handle == 9);
  const auto read = w.start(w.reader.read(1));
  w.step();
  w.arrive("r");
  CHECK(w.now_of(read) == "r");
}

TEST_CASE("close sends what was written, then closes; who reads is at the end, who waits for the close goes on") {
  StreamWorld w;
  const auto read = w.start(w.reader.read(1));
  w.writer.write("bye");
  w.step();
  w.writer.close();
  CHECK(w.writer.is_closing());
  CHECK_THROWS_WITH(w.writer.write("y"), "write: the writer is closed");
  const auto closed = w.start(w.writer.wait_closed());
  CHECK(w.now_of(closed) == "waits");
  CHECK(w.depart() == "bye");
  w.end(Kind::shutdown, 0);
  CHECK(w.now_of(read) == "");
  CHECK(w.now_of(closed) == "waits");
  w.arrive("too late");
  w.end(Kind::recv, 0);
  CHECK(w.now_of(closed) == "void");
  CHECK(w.take(Kind::close).handle == 9);
  CHECK(w.now_of(w.start(w.reader.read(9))) == "");
}

TEST_CASE("after close a peer that stays silent is waited for as long as the limit says; each byte begins that anew") {
  StreamWorld w({.linger = std::chrono::seconds(3)});
  w.close_and_linger();
  w.now = Instant(std::chrono::seconds(2));
  w.arrive("x");
  w.now = Instant(std::chrono::seconds(4));
  w.step();
  CHECK_FALSE(w.has(Kind::close));
  w.now = Instant(std::chrono::seconds(5));
  w.step();
  w.step();
  CHECK(w.has(Kind::close));
}

TEST_CASE("close waits for nobody where nothing can be lost: nothing was written, the peer has ended, or no linger") {
  const auto closes = [](StreamWorld& w) {
    w.writer.close();
    w.step();
    return w.has(Kind::close) && !w.has(Kind::shutdown);
  };
  StreamWorld silent;
  CHECK(closes(silent));
  StreamWorld ended;
  ended.writer.write("x");
  ended.step();
  ended.depart();
  ended.stream->note_end(0);
  CHECK(closes(ended));
  StreamWorld hurried({.linger = std::chrono::seconds(0)});
  hurried.writer.write("x");
  hurried.step();
  hurried.depart();
  CHECK(closes(hurried));
}

TEST_CASE("the end of a run closes a stream that lingers") {
  StreamWorld w;
  w.writer.write("x");
  w.step();
  w.depart();
  w.writer = StreamWriter();
  w.reader = StreamReader();
  w.stream = Ref<StreamCore>();
  w.step();
  w.end(Kind::shutdown, 0);
  CHECK(w.has(Kind::recv));
  CHECK_FALSE(w.has(Kind::close));
  w.loop.discard();
  w.step();
  CHECK(w.has(Kind::close));
}

TEST_CASE("after close a peer that sends a little now and then is waited for ten times as long, and no longer") {
  StreamWorld w({.linger = std::chrono::seconds(2)});
  w.close_and_linger();
  int pieces = 0;
  for (; pieces < 100 && !w.has(Kind::close); ++pieces) {
    w.now += std::chrono::seconds(1);
    w.arrive("x");
    w.step();
  }
  CHECK(pieces == 20);
}

TEST_CASE("a reader of a stream that lingers is at its end, however it reads, and is not told of what is thrown away") {
  StreamWorld w;
  std::array<std::byte, 8> bytes{};
  const auto left = w.start(w.reader.read(8));
  w.writer.write("bye");
  w.step();
  left.cancel();
  const auto waits = w.start(w.reader.read_into(bytes));
  w.depart();
  w.writer.close();
  w.step();
  w.end(Kind::shutdown, 0);
  CHECK(w.now_of(waits) == "0");
  CHECK(w.now_of(w.start(w.reader.read_into(bytes))) == "0");
  w.arrive("thrown away");
  CHECK(w.now_of(w.start(w.reader.read(8))) == "");
}

TEST_CASE("read_into that is cancelled when its error has come leaves the error to the next read") {
  StreamWorld w;
  std::array<std::byte, 8> bytes{};
  const auto read = w.start(w.reader.read_into(bytes));
  w.step();
  w.step({Input::completion(w.take(Kind::recv).id, -ECONNRESET)}, 0);
  read.cancel();
  CHECK(w.now_of(read) == "cancelled");
  CHECK(w.now_of(w.start(w.reader.read(1))) == "read from 10.0.0.1:80: Connection reset by peer");
}

TEST_CASE("bytes behind which the backend knows the end leave nothing to wait for") {
  StreamWorld w;
  const auto line = w.start(w.reader.readline());
  w.step();
  w.arrive("last\n", true);
  CHECK(w.now_of(line) == "last\n");
  CHECK(w.reader.at_eof());
  CHECK_FALSE(w.has(Kind::recv));
}

TEST_CASE("an error of a send reaches drain and wait_closed; what is written after it is dropped") {
  StreamWorld w;
  w.writer.write("x");
  w.step();
  w.end(Kind::send, -EPIPE);
  w.writer.close();
  CHECK(w.now_of(w.start(w.writer.drain())) == "write to 10.0.0.1:80: Broken pipe");
  CHECK(w.now_of(w.start(w.writer.wait_closed())) == "write to 10.0.0.1:80: Broken pipe");
  w.end(Kind::recv, 0);
  w.step();
  CHECK(w.has(Kind::close));
}

TEST_CASE("what had arrived before a send failed can be read; then every read throws why it failed") {
  StreamWorld w;
  w.writer.write("x");
  w.step();
  w.end(Kind::send, -EPIPE);
  w.arrive("413 too");
  w.arrive(" large\n");
  w.end(Kind::recv, 0);
  w.step();
  CHECK(w.has(Kind::close));
  CHECK(w.now_of(w.start(w.reader.readline())) == "413 too large\n");
  CHECK(w.now_of(w.start(w.reader.readline())) == "read from 10.0.0.1:80: Broken pipe");
  w.writer.write("dropped");
  CHECK(w.stream->unsent() == 0);
}

TEST_CASE("abort closes at once and drops what is not sent") {
  StreamWorld w;
  w.writer.write("x");
  w.step();
  w.writer.write("y");
  w.writer.abort();
  w.step();
  CHECK(w.has(Kind::close));
  w.end(Kind::send, -ECANCELED);
  CHECK_FALSE(w.has(Kind::send));
  CHECK(w.now_of(w.start(w.writer.wait_closed())) == "void");
}

TEST_CASE("a stream that is closed while bytes are on their way has its end behind them") {
  StreamWorld w;
  const auto first = w.start(w.reader.read(9));
  w.step();
  w.writer.abort();
  w.step();
  w.arrive("ab");  // the receive has ended before the close came
  CHECK(w.now_of(first) == "ab");
  CHECK(w.reader.at_eof());
  CHECK(w.now_of(w.start(w.reader.read(9))) == "");
  CHECK_FALSE(w.has(Kind::recv));
}

TEST_CASE("a writer that goes is closed, and what it wrote is still sent") {
  StreamWorld w;
  w.writer.write("last words");
  w.writer = StreamWriter();
  w.reader = StreamReader();
  w.stream = Ref<StreamCore>();
  w.step();
  CHECK(w.depart() == "last words");
  w.end(Kind::shutdown, 0);
  w.end(Kind::recv, 0);
  w.step();
  CHECK(w.take(Kind::close).handle == 9);
}

TEST_CASE("a stream that goes while a receive is under way forgets it") {
  StreamWorld w;
  const auto read = w.start(w.reader.read(3));
  w.step();
  read.cancel();
  w.step();
  w.reader = StreamReader();
  w.writer = StreamWriter();
  w.stream = Ref<StreamCore>();
  w.step();
  CHECK(w.has(Kind::recv, Verb::cancel));
  w.arrive("nobody hears this");
}

TEST_CASE("a stream outlives its loop, and does nothing any more") {
  StreamReader reader;
  StreamWriter writer;
  {
    StreamWorld w;
    w.writer.write("lost");
    w.step();
    reader = std::move(w.reader);
    writer = std::move(w.writer);
  }
  CHECK(reader.at_eof());
  writer.write("dropped");
  writer.close();
}

TEST_CASE("handles that were moved from or never had a stream say so") {
  CHECK_THROWS_WITH(StreamReader().at_eof(), "the StreamReader is empty: it was default-constructed or moved from");
  CHECK_THROWS_WITH(StreamWriter().close(), "the StreamWriter is empty: it was default-constructed or moved from");
}

TEST_CASE("limits that cannot be kept are refused with what was wrong") {
  CHECK_THROWS_WITH(StreamWorld({.high = 1, .low = 2}), "stream: the low-water mark 2 is above the high-water mark 1");
  CHECK_THROWS_WITH(StreamWorld({.line = 0}), "stream: the limit of a line must be 1 byte or more");
}

TEST_CASE("dump_tasks says which stream a task waits for") {
  StreamWorld w;
  const auto read = w.start(w.reader.read(3));
  w.step();
  CHECK_THAT(dump_tasks(w.loop), Catch::Contains("waits for bytes from 10.0.0.1:80"));
}
