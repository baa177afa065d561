// SPDX-License-Identifier: BSL-1.0
// networking.cpp - the code of docs/networking.md, and of what docs/coming-from-asyncio.md says of streams.
#include "snippets.hpp"

#include <iostream>
#include <string>

#include <rondo/rondo.hpp>

using namespace rondo;
using namespace std::chrono_literals;

namespace {

// [talk]
Coro<> greet(StreamReader reader, StreamWriter writer) {
  writer.write("hello " + co_await reader.readline());
  co_await writer.drain();
}

Coro<> talk() {
  const Server server = co_await start_server(greet, "localhost", 0);  // port 0: one that is free
  auto [reader, writer] = co_await open_connection(server.addresses().at(0));
  writer.write("world\n");
  std::cout << co_await reader.readline();
}
// [/talk]
const AddSnippet add_talk("talk", [] { run(talk()); });

Coro<> echo(StreamReader reader, StreamWriter writer) {
  while (!reader.at_eof()) writer.write(co_await reader.read(100));
}

Coro<> streams() {
  const Server echoing = co_await start_server(echo, "127.0.0.1", 0);
  const std::string host = "127.0.0.1";
  const std::uint16_t port = echoing.addresses().at(0).port();
  // [connect]
  auto [reader, writer] = co_await open_connection(host, port);
  // [/connect]
  // [write]
  writer.write("one\n");
  co_await writer.drain();
  // [/write]
  // [read]
  std::string line = co_await reader.readline();
  // [/read]
  check(line == "one\n");
  writer.write("12345abc;");
  // [read_more]
  co_await reader.readexactly(5);
  co_await reader.readuntil(";");
  // [/read_more]
  // [close]
  writer.write_eof();
  co_await reader.read();
  writer.close();
  co_await writer.wait_closed();
  // [/close]
  check(reader.at_eof());
}
const AddSnippet add_streams("streams", [] { run(streams()); });

Coro<> servers() {
  const auto handler = echo;
  // [server]
  Server server = co_await start_server(handler, "", 0);
  server.addresses();
  server.close();
  co_await server.wait_closed();
  // [/server]
  check(!server.is_serving());
  const std::string path("\0rondo-docs", 11);
  // [unix_server]
  co_await start_unix_server(handler, path, {.cleanup_socket = false});
  // [/unix_server]
  // [names]
  co_await getaddrinfo("localhost", "http");
  // [/names]
  // [datagram]
  DatagramSocket socket = co_await open_datagram(Address::loopback(0));
  co_await socket.send_to("ping", socket.local_address());
  auto [data, address, truncated] = co_await socket.recv_from();
  // [/datagram]
  check(data == "ping" && !truncated);
}
const AddSnippet add_servers("servers", [] { run(servers()); });

}  // namespace
