// SPDX-License-Identifier: BSL-1.0
// 22_key_value_server.cpp - a small Redis. Commands that come together are answered together, in one send, as long as
// the client reads. With --listen 6380 it serves redis-cli -p 6380, and redis-benchmark -p 6380 -t ping,set,get -P 16.
//
// Expected output:
//   PING -> +PONG
//   SET answer 41 -> +OK
//   INCR answer -> :42
//   GET answer -> $2 42
//   EXISTS answer question -> :1
//   DEL answer -> :1
//   GET answer -> $-1
//   FLY -> -ERR unknown command 'FLY'
//   four commands in one write -> :1 :2 :3 :4
//   ?no -> -ERR Protocol error: expected '$', got '?'
#include <iostream>
#include <memory>
#include <string>

#include "arguments.hpp"
#include "key_value_store.hpp"

rondo::Coro<> talk(std::shared_ptr<Store> store, rondo::StreamReader reader, rondo::StreamWriter writer) {
  resp::Parser parser;
  try {
    for (bool quit = false; !quit;) {
      const std::string bytes = co_await reader.read(64 * 1024);
      if (bytes.empty()) break;
      parser.feed(bytes);
      try {
        while (const auto command = quit ? std::nullopt : parser.next()) {
          writer.write(store->answer(*command));
          co_await writer.drain();  // after each: a few bytes of GET make megabytes of answers
          quit = command->front() == "QUIT" || command->front() == "quit";
        }
      } catch (const resp::Malformed& error) {
        writer.write(resp::error(std::string("ERR ") + error.what()));
        quit = true;
      }
    }
  } catch (const std::system_error& error) {
    std::cerr << "lost a client: " << error.what() << '\n';
  }
}

rondo::Coro<rondo::Server> open_store(std::uint16_t port) {
  auto handler = [store = std::make_shared<Store>()](rondo::StreamReader reader, rondo::StreamWriter writer) {
    return talk(store, std::move(reader), std::move(writer));
  };
  co_return co_await rondo::start_server(handler, "127.0.0.1", port);
}

/// Sends `text`, and prints the answers.
rondo::Coro<> ask(rondo::Connection& to, std::string what, std::string text, int answers = 1) {
  to.writer.write(text);
  std::cout << what << " ->";
  for (int lines = answers; lines > 0; --lines) {
    const std::string line = co_await to.reader.readuntil("\r\n");
    std::cout << ' ' << line.substr(0, line.size() - 2);
    if (line.starts_with('$') && line != resp::null()) ++lines;  // a string follows
  }
  std::cout << '\n';
}

rondo::Coro<> demonstrate() {
  rondo::Server server = co_await open_store(0);
  rondo::Connection client = co_await rondo::open_connection("127.0.0.1", server.addresses().front().port());
  for (const char* command : {"PING", "SET answer 41", "INCR answer", "GET answer", "EXISTS answer question",
                              "DEL answer", "GET answer", "FLY"}) {
    co_await ask(client, command, command + std::string("\r\n"));
  }
  const std::string increment = "*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n";
  co_await ask(client, "four commands in one write", increment + increment + increment + increment, 4);
  co_await ask(client, "?no", "*1\r\n?no\r\n");
}

rondo::Coro<> async_main(Arguments arguments) {
  if (!arguments.listen) co_return co_await demonstrate();
  co_await serve(co_await open_store(*arguments.listen));
}

int main(int argc, char** argv) {
  const Arguments arguments = parse_arguments(argc, argv);
  return run_program(arguments, async_main(arguments));
}
