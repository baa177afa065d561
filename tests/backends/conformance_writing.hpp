// SPDX-License-Identifier: BSL-1.0
// conformance_writing.hpp - what every backend with a network must pass: the writing end of a stream.
#pragma once

#include "network.hpp"

using namespace network;

CONFORMANCE("writes go out in their order, as one stream") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    pair.client.writer.write("a");
    pair.client.writer.write("");
    const std::vector<std::string> lines{"b\n", "c\n"};
    pair.client.writer.writelines(lines);
    pair.client.writer.write(bytes_of("d"));
    pair.client.writer.write_eof();
    co_return co_await pair.server.reader.read();
  };
  World world;
  CHECK(on(world, body()) == "ab\nc\nd");
}

CONFORMANCE("a million small writes arrive in their order, with a drain after each") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    constexpr std::uint32_t count = 1'000'000;
    const auto write_all = [](const StreamWriter* writer, std::uint32_t numbers) -> Coro<> {
      for (std::uint32_t i = 0; i < numbers; ++i) {
        char bytes[4];
        std::memcpy(bytes, &i, sizeof bytes);
        writer->write(std::string_view(bytes, sizeof bytes));
        co_await writer->drain();
      }
      writer->write_eof();
    };
    const auto writer = create_task(write_all(&pair.client.writer, count));
    std::uint32_t next = 0;
    std::string held;
    for (;;) {
      const std::string text = co_await pair.server.reader.read(1 << 20);
      if (text.empty()) break;
      held += text;
      std::size_t at = 0;
      for (; at + 4 <= held.size(); at += 4) {
        std::uint32_t number = 0;
        std::memcpy(&number, held.data() + at, sizeof number);
        if (number != next++) co_return "out of order at " + std::to_string(next);
      }
      held.erase(0, at);
    }
    co_await writer;
    co_return std::to_string(next);
  };
  World world;
  CHECK(on(world, body()) == "1000000");
}

CONFORMANCE("write_eof ends what the peer reads, and the reader goes on") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    pair.client.writer.write("question");
    pair.client.writer.write_eof();
    pair.client.writer.write_eof();  // nothing more
    std::string story = co_await pair.server.reader.read();
    pair.server.writer.write(" answer");
    pair.server.writer.close();
    story += co_await pair.client.reader.read();
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "question answer");
}

CONFORMANCE("after write_eof and after close nothing can be written: RuntimeError") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair();
    pair.client.writer.write_eof();
    pair.server.writer.close();
    const auto says = [](const std::string& text, const char* part) { return contains(text, part) ? "refused " : text; };
    std::string story = says(refusal([&] { pair.client.writer.write("x"); }), "after write_eof()");
    story += says(refusal([&] { pair.server.writer.write("x"); }), "is closed");
    story += says(refusal([&] { pair.server.writer.write_eof(); }), "is closed");
    co_await pair.server.writer.wait_closed();
    story += says(refusal([&] { pair.server.writer.write("x"); }), "is closed");
    pair.server.writer.close();
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "refused refused refused refused ");
}

CONFORMANCE("close sends what was written; wait_closed then goes on, in every task that waits") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair({}, small_buffers());
    const auto first = create_task(pair.client.writer.wait_closed());
    pair.client.writer.write(pattern(much));
    pair.client.writer.close();
    const auto second = create_task(pair.client.writer.wait_closed());
    co_await a_moment();
    std::string story = first.done() || second.done() ? "closed too early, " : "";
    const std::string all = co_await pair.server.reader.read();
    story += all == pattern(much) ? "all" : "not all";
    pair.server.writer.close();
    story += ", " + co_await ending(first) + ", " + co_await ending(second);
    co_return story + (pair.client.writer.is_closing() ? ", closed" : "");
  };
  World world;
  CHECK(on(world, body()) == "all, void, void, closed");
}

CONFORMANCE("drain does not wait while less than the high-water mark is unsent") {
  const auto body = []() -> Coro<std::string> {
    StreamLimits limits;
    limits.high = much + 10;
    limits.low = 0;
    const StreamPair pair = co_await stream_pair(limits, small_buffers());
    pair.client.writer.write(pattern(much));
    const std::string how = co_await ending(wait_for(pair.client.writer.drain(), 2ms));
    pair.client.writer.abort();
    co_return how;
  };
  World world;
  CHECK(on(world, body()) == "void");
}

CONFORMANCE("a peer that never reads stops drain; a deadline around it leaves every byte in its place") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair({}, small_buffers());
    const std::string all = pattern(much);
    pair.client.writer.write(std::string_view(all).substr(0, much / 2));
    std::string story = co_await ending(wait_for(pair.client.writer.drain(), 2ms));
    pair.client.writer.write(std::string_view(all).substr(much / 2));
    story += ", " + co_await ending(wait_for(pair.client.writer.drain(), 2ms));
    pair.client.writer.write_eof();
    const auto drainer = create_task(pair.client.writer.drain());
    const std::string received = co_await pair.server.reader.read();
    story += ", " + co_await ending(drainer);
    co_return story + (received == all ? ", all" : ", not all");
  };
  World world;
  CHECK(on(world, body()) == "TimeoutError, TimeoutError, void, all");
}

CONFORMANCE("drain goes on at the low-water mark, not before") {
  const auto body = []() -> Coro<std::string> {
    StreamLimits limits;
    limits.high = much / 2;
    limits.low = 1000;
    const StreamPair pair = co_await stream_pair(limits, small_buffers());
    pair.client.writer.write(pattern(much));
    const auto read_all = [](const StreamReader* reader) -> Coro<> {
      while (!reader->at_eof()) {
        const std::string text = co_await reader->read(8192);
        if (text.empty()) break;
      }
    };
    const auto reader = create_task(read_all(&pair.server.reader));
    co_await pair.client.writer.drain();
    const std::size_t unsent = pair.client.writer.unsent();
    pair.client.writer.close();
    co_await reader;
    co_return unsent <= 1000 ? "low" : std::to_string(unsent);
  };
  World world;
  CHECK(on(world, body()) == "low");
}

CONFORMANCE("marks that make no sense are refused") {
  const auto body = []() -> Coro<std::string> {
    StreamLimits limits;
    limits.low = limits.high + 1;
    SocketPair pair = co_await socket_pair();
    try {
      const Connection connection = stream_of(std::move(pair.client), {}, limits);
    } catch (const std::invalid_argument& error) {
      co_return contains(error.what(), "above the high-water mark") ? "refused" : error.what();
    }
    co_return "accepted";
  };
  World world;
  CHECK(on(world, body()) == "refused");
}

CONFORMANCE("abort closes at once: what is not sent is dropped, and who waits goes on") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair({}, small_buffers());
    pair.client.writer.write(pattern(much));
    const auto drainer = create_task(ending(pair.client.writer.drain()));
    const auto closer = create_task(ending(pair.client.writer.wait_closed()));
    const auto reader = create_task(ending(pair.client.reader.read(10)));
    co_await a_moment();
    pair.client.writer.abort();
    std::string story = co_await drainer;
    story += ", " + co_await closer + ", '" + co_await reader + "'";
    const auto received = co_await as_outcome(pair.server.reader.read());
    if (received.has_value() && received.value().size() == much) story += ", all was sent";
    pair.client.writer.abort();
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "void, void, ''");
}

CONFORMANCE("a close that cannot send waits, and abort ends it") {
  const auto body = []() -> Coro<std::string> {
    const StreamPair pair = co_await stream_pair({}, small_buffers());
    pair.client.writer.write(pattern(much));
    pair.client.writer.close();
    std::string story = co_await ending(wait_for(pair.client.writer.wait_closed(), 3ms));
    pair.client.writer.abort();
    story += ", " + co_await ending(wait_for(pair.client.writer.wait_closed(), 5s));
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "TimeoutError, void");
}

CONFORMANCE("when the peer is lost, drain and wait_closed say why, and later writes are dropped") {
  const auto body = []() -> Coro<std::string> {
    StreamPair pair = co_await stream_pair();
    pair.client.writer.write("never read");
    co_await a_moment();
    pair.server.writer.close();
    co_await a_moment();
    std::string how = "void";
    for (int i = 0; i < 100 && how == "void"; ++i) {
      pair.client.writer.write("hello?");
      co_await sleep(1ms);
      how = co_await ending(pair.client.writer.drain());
    }
    const auto lost = [](const std::string& text) {
      return text == system_error_text(EPIPE) || text == system_error_text(ECONNRESET) ? "lost " : text + " ";
    };
    std::string story = lost(how);
    pair.client.writer.write("dropped");
    pair.client.writer.write_eof();
    story += lost(co_await ending(pair.client.writer.drain()));
    story += lost(co_await ending(pair.client.writer.wait_closed()));
    story += lost(co_await ending(pair.client.reader.read(1)));
    co_return story + (pair.client.writer.is_closing() ? "closing" : "open");
  };
  World world;
  CHECK(on(world, body()) == "lost lost lost lost closing");
}

CONFORMANCE("a read that meets a reset ends the connection: wait_closed goes on, and drain says why") {
  const auto body = []() -> Coro<std::string> {
    StreamPair pair = co_await stream_pair();
    const auto closed = create_task(pair.client.writer.wait_closed());
    pair.client.writer.write("never read");
    co_await a_moment();
    pair.server.writer.close();
    const std::string reset = system_error_text(ECONNRESET);
    std::string story = co_await ending(pair.client.reader.read(1)) == reset ? "reset" : "no reset";
    story += ", " + co_await ending(wait_for(closed, 5s));
    story += co_await ending(pair.client.writer.drain()) == reset ? ", reset" : ", no reset";
    pair.client.writer.write("dropped");
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "reset, void, reset");
}

CONFORMANCE("wait_closed goes on when the peer resets the connection, also if nobody reads or writes") {
  const auto body = []() -> Coro<std::string> {
    StreamPair pair = co_await stream_pair();
    pair.client.writer.write("never read");
    const auto closed = create_task(pair.client.writer.wait_closed());
    co_await a_moment();
    std::string story = closed.done() ? "too early, " : "";
    pair.server.writer.close();
    story += co_await ending(wait_for(closed, 5s));
    story += co_await ending(pair.client.reader.read(1)) == system_error_text(ECONNRESET) ? ", reset" : ", no reset";
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "void, reset");
}

CONFORMANCE("wait_closed takes no byte from a later read") {
  const auto body = []() -> Coro<std::string> {
    StreamPair pair = co_await stream_pair();
    std::string story = co_await ending(wait_for(pair.client.writer.wait_closed(), 1ms));
    pair.server.writer.write("abc");
    pair.server.writer.close();
    story += ", " + co_await ending(wait_for(pair.client.writer.wait_closed(), 2ms));
    story += ", " + co_await pair.client.reader.read();
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "TimeoutError, TimeoutError, abc");
}

CONFORMANCE("a peer that goes away while drain waits ends the drain with an error") {
  const auto body = []() -> Coro<std::string> {
    StreamPair pair = co_await stream_pair({}, small_buffers());
    pair.client.writer.write(pattern(much));
    const auto closer = create_task(close_later(&pair.server.writer, 2ms));
    const std::string how = co_await ending(wait_for(pair.client.writer.drain(), 5s));
    co_await closer;
    co_return how == system_error_text(EPIPE) || how == system_error_text(ECONNRESET) ? "lost" : how;
  };
  World world;
  CHECK(on(world, body()) == "lost");
}

CONFORMANCE("streams whose handles go while bytes are in flight still send them") {
  const auto body = []() -> Coro<bool> {
    StreamPair pair = co_await stream_pair({}, small_buffers());
    {
      const Connection dropped = std::move(pair.client);
      dropped.writer.write(pattern(much));
    }
    const std::string all = co_await pair.server.reader.read();
    co_return all == pattern(much);
  };
  World world;
  CHECK(on(world, body()));
}

CONFORMANCE("a writer that is replaced by another is closed after what it has written") {
  const auto body = []() -> Coro<std::string> {
    StreamPair first = co_await stream_pair();
    StreamPair second = co_await stream_pair();
    first.client.writer.write("first");
    first.client.writer = std::move(second.client.writer);
    first.client.writer.write("second");
    first.client.writer.write_eof();
    std::string story = co_await first.server.reader.read();
    story += " " + co_await second.server.reader.read();
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "first second");
}

CONFORMANCE("what the last step of a run writes is still sent") {
  World world;
  Runner runner(world.backend);
  StreamPair kept;
  const auto begin = [](StreamPair* pair) -> Coro<> { *pair = co_await stream_pair(); };
  const auto write = [](StreamPair* pair) -> Coro<> {
    pair->client.writer.write("last words");
    pair->client.writer.write_eof();
    co_return;
  };
  const auto read = [](StreamPair* pair) -> Coro<std::string> { co_return co_await pair->server.reader.read(); };
  runner.run(begin(&kept));
  runner.run(write(&kept));
  CHECK(runner.run(read(&kept)) == "last words");
}

CONFORMANCE("streams that outlive the run are closed with it, and harmless, also with bytes in flight") {
  World world;
  StreamPair kept;
  const auto body = [](StreamPair* pair) -> Coro<std::string> {
    *pair = co_await stream_pair({}, small_buffers());
    pair->client.writer.write(pattern(much));
    static_cast<void>(create_task(pair->client.reader.read(10)));
    co_await a_moment();
    co_return "kept";
  };
  CHECK(on(world, body(&kept)) == "kept");
  kept.server.writer.close();
  kept.client.writer.abort();
  CHECK(kept.client.writer.is_closing());
  CHECK(kept.client.writer.peer_address().port() != 0);
}

CONFORMANCE("what a destructor writes while the loop is being destroyed is dropped") {
  struct Farewell {
    const StreamWriter* writer;
    ~Farewell() { writer->write(std::string(100'000, 'x')); }
  };
  const auto body = []() -> Coro<> {
    const StreamPair pair = co_await stream_pair({}, small_buffers());
    const Farewell farewell{&pair.client.writer};
    for (;;) co_await ending(this_loop().create_future<>());  // ends with the loop alone
  };
  World world;
  const std::size_t before = world.open();
  CHECK_THROWS_AS(rondo::run(world.backend, body()), DeadlockError);
  CHECK(world.open() == before);
}
