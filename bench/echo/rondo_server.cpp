// SPDX-License-Identifier: BSL-1.0
// rondo_server.cpp - echo-rondo BACKEND WAY [BUFFER]: the same on rondo. `echo-rondo backends` lists what this build
// has.
//
// WAY is one of
//   socket       a task for each connection: Socket::recv into a buffer of its own, Socket::send
//   stream       start_server; reader.read(), writer.write(), drain()
//   stream_into  the same with reader.read_into() and a buffer of the task's
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include <rondo/backends/epoll.hpp>
#include <rondo/rondo.hpp>
#ifdef RONDO_BENCH_LIBEVENT
#include <rondo/backends/libevent.hpp>
#endif
#ifdef RONDO_BENCH_ASIO
#include <rondo/backends/asio.hpp>
#endif
#ifdef RONDO_BENCH_URING
#include <rondo/backends/io_uring.hpp>
#endif

#include "common.hpp"

using namespace rondo;

namespace {

constexpr int backlog = 1024;

std::unique_ptr<Backend> make_backend(std::string_view name) {
  if (name == "epoll") return std::make_unique<EpollBackend>();
#ifdef RONDO_BENCH_LIBEVENT
  if (name == "libevent") return std::make_unique<LibeventBackend>();
#endif
#ifdef RONDO_BENCH_ASIO
  if (name == "asio") return std::make_unique<AsioBackend>();
#endif
#ifdef RONDO_BENCH_URING
  if (name == "io_uring") return std::make_unique<UringBackend>();
#endif
  return nullptr;
}

int list_backends() {
  for (const char* name : {"epoll", "libevent", "asio", "io_uring"}) {
    if (make_backend(name)) std::puts(name);
  }
  return 0;
}

// --- sockets ---------------------------------------------------------------------------------------------------------

Coro<> serve_socket(Socket socket, std::size_t size) {
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(size);
  for (;;) {
    const std::size_t got = co_await socket.recv({buffer.get(), size});
    if (got == 0) co_return;
    for (Slice rest{buffer.get(), got}; rest.size > 0;) {
      const std::size_t sent = co_await socket.send(rest);
      rest = {rest.data + sent, rest.size - sent};
    }
  }
}

Coro<> serve_sockets(std::size_t size) {
  Endpoint endpoint;
  endpoint.local = Address::loopback(0);
  endpoint.backlog = backlog;
  const Socket listener = co_await listen_socket(endpoint);
  echo::announce(endpoint.local.port());
  for (;;) static_cast<void>(create_task(serve_socket(co_await listener.accept(), size)));
}

// --- streams ---------------------------------------------------------------------------------------------------------

Coro<> serve_stream(StreamReader reader, StreamWriter writer, std::size_t size) {
  for (;;) {
    const std::string bytes = co_await reader.read(size);
    if (bytes.empty()) co_return;
    writer.write(bytes);
    co_await writer.drain();
  }
}

Coro<> serve_stream_into(StreamReader reader, StreamWriter writer, std::size_t size) {
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(size);
  for (;;) {
    const std::size_t got = co_await reader.read_into({buffer.get(), size});
    if (got == 0) co_return;
    writer.write(std::span<const std::byte>(buffer.get(), got));
    co_await writer.drain();
  }
}

Coro<> serve_streams(bool into, std::size_t size) {
  const auto handler = [into, size](StreamReader reader, StreamWriter writer) {
    return into ? serve_stream_into(std::move(reader), std::move(writer), size)
                : serve_stream(std::move(reader), std::move(writer), size);
  };
  const Server server = co_await start_server(handler, "127.0.0.1", 0, {.backlog = backlog});
  echo::announce(server.addresses().front().port());
  co_await server.serve_forever();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "";
  if (name == "backends") return list_backends();
  const std::string_view way = argc > 2 ? argv[2] : "";
  const std::unique_ptr<Backend> backend = make_backend(name);
  if (!backend || (way != "socket" && way != "stream" && way != "stream_into")) {
    std::fputs("usage: echo-rondo backends | echo-rondo BACKEND socket|stream|stream_into [BUFFER]\n", stderr);
    return 2;
  }
  const std::size_t size = echo::buffer_size(argc, argv, 3);
  run(*backend, way == "socket" ? serve_sockets(size) : serve_streams(way == "stream_into", size));
}
