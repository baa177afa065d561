// SPDX-License-Identifier: BSL-1.0
// 19_echo_client_server.cpp - asyncio's TCP echo client and server, in one program. Alone: --listen PORT is the server,
// and --connect HOST:PORT the client.
//
// Expected output:
//   client sends "Hello World!"
//   server received "Hello World!" and sends it back
//   client received "Hello World!"
//   client sends "How do you do?"
//   server received "How do you do?" and sends it back
//   client received "How do you do?"
//   client closes the connection
//   server: the client is gone
#include <iostream>
#include <string>

#include "arguments.hpp"

class Echo {
 public:
  explicit Echo(bool prints) : prints_(prints) {}

  rondo::Coro<> operator()(rondo::StreamReader reader, rondo::StreamWriter writer) {
    try {
      for (;;) {
        const std::string data = co_await reader.read(64 * 1024);
        if (data.empty()) break;  // the client will send no more
        if (prints_) std::cout << "server received \"" << data << "\" and sends it back\n";
        writer.write(data);
        co_await writer.drain();  // a client that does not read is not served either
      }
      if (prints_) std::cout << "server: the client is gone\n";
    } catch (const std::system_error& error) {
      std::cerr << "lost a client: " << error.what() << '\n';
    }
  }  // the writer goes: what is left is sent, and the connection closed

 private:
  bool prints_;
};

rondo::Coro<> echo_client(std::string host, std::uint16_t port) {
  auto [reader, writer] = co_await rondo::open_connection(host, port);
  for (const std::string_view message : {"Hello World!", "How do you do?"}) {
    std::cout << "client sends \"" << message << "\"\n";
    writer.write(message);
    co_await writer.drain();
    const std::string answer = co_await reader.readexactly(message.size());
    std::cout << "client received \"" << answer << "\"\n";
  }
  std::cout << "client closes the connection\n";
  writer.close();
  co_await writer.wait_closed();
}

rondo::Coro<> demonstrate() {
  rondo::Server server = co_await rondo::start_server(Echo(true), "127.0.0.1", 0);
  co_await echo_client("127.0.0.1", server.addresses().front().port());
  server.close();
  co_await server.wait_closed();  // also for the handler of the connection
}

rondo::Coro<> async_main(Arguments arguments) {
  if (arguments.peer) co_return co_await echo_client(arguments.peer->host, arguments.peer->port);
  if (!arguments.listen) co_return co_await demonstrate();
  co_await serve(co_await rondo::start_server(Echo(false), "127.0.0.1", *arguments.listen));
}

int main(int argc, char** argv) {
  const Arguments arguments = parse_arguments(argc, argv);
  return run_program(arguments, async_main(arguments));
}
