// SPDX-License-Identifier: BSL-1.0
// conformance_order.hpp - where the network leaves no choice, a program's events have one order on every backend: the
// story told here is written down once, and each backend must tell it.
#pragma once

#include "network.hpp"

namespace {
namespace order {

using namespace rondo;
using namespace std::chrono_literals;

struct Story {
  void tell(const std::string& what) { text += (text.empty() ? "" : " ") + what; }
  std::string text;
};

/// Answers each line with its length, and says how its peer has left.
Coro<> measure_lines(Story* story, StreamReader reader, StreamWriter writer) {
  story->tell("server:in");
  for (;;) {
    const std::string line = co_await reader.readline();
    if (line.empty()) break;
    story->tell("server:" + line.substr(0, line.size() - 1));
    writer.write(std::to_string(line.size()) + "\n");
    co_await writer.drain();
  }
  story->tell("server:end");
  writer.write("bye\n");
}

Coro<std::string> ask(const Connection* connection, std::string line) {
  connection->writer.write(line + "\n");
  co_await connection->writer.drain();
  std::string answer = co_await connection->reader.readline();
  answer.pop_back();
  co_return answer;
}

/// Two clients take turns, so that at any time one thing can happen.
Coro<> take_turns(Story* story, Address at) {
  const Connection first = co_await open_connection(at);
  story->tell("first:" + co_await ask(&first, "one"));
  const Connection second = co_await open_connection(at);
  story->tell("second:" + co_await ask(&second, "three"));
  story->tell("first:" + co_await ask(&first, "four"));
  const auto silence = co_await as_outcome(wait_for(first.reader.read(1), 2ms));
  story->tell(ending_of(silence));
  second.writer.write_eof();
  story->tell("second:" + (co_await second.reader.read()).substr(0, 3));
  first.writer.close();
  co_await first.writer.wait_closed();
  story->tell("first:closed");
}

Coro<> exchange_datagrams(Story* story) {
  const DatagramSocket one = co_await open_datagram(Address::loopback(0));
  const DatagramSocket other = co_await open_datagram(Address::loopback(0));
  for (const char* text : {"ping", "pang", "pong"}) {
    co_await one.send_to(text, other.local_address());
    const auto received = co_await other.recv_from();
    story->tell("datagram:" + received.data);
  }
}

Coro<std::string> whole_story() {
  Story story;
  const auto handler = [told = &story](StreamReader reader, StreamWriter writer) {
    return measure_lines(told, std::move(reader), std::move(writer));
  };
  Server server = co_await start_server(handler, "127.0.0.1", 0);
  co_await take_turns(&story, server.addresses().at(0));
  server.close();
  co_await server.wait_closed();
  story.tell("server:closed");
  co_await exchange_datagrams(&story);
  const auto refused = co_await as_outcome(getaddrinfo("127.0.0.1", "65536"));
  story.tell(refused.failed() ? "refused" : "found");
  co_return story.text;
}

}  // namespace order
}  // namespace

CONFORMANCE("the events of a program have the same order on every backend where the network forces it") {
  World world;
  for (int i = 0; i < 5; ++i) {
    CHECK(network::on(world, order::whole_story()) ==
          "server:in server:one first:4 server:in server:three second:6 server:four first:5 TimeoutError server:end "
          "second:bye server:end first:closed server:closed datagram:ping datagram:pang datagram:pong refused");
  }
}
