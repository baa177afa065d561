// SPDX-License-Identifier: BSL-1.0
// network.hpp - what the tests of sockets share. World has, beside what conformance.hpp asks for, open(): how many
// descriptors or handles exist.
#pragma once

#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <rondo/rondo.hpp>

#include "catch.hpp"
#include "support.hpp"

namespace network {

using namespace rondo;
using namespace std::chrono_literals;

/// Cancels a body that hangs, as often as it takes: some of them swallow a cancellation.
template <class T>
Coro<T> watched(Coro<T> main) {
  const Task<T> task = create_task(std::move(main));
  std::vector<Task<T>> tasks;
  tasks.push_back(task);
  WaitOptions limit;
  limit.timeout = 30s;
  for (bool hangs = false; !task.done(); hangs = true) {
    if (hangs) {
      task.cancel();
      limit.timeout = 100ms;
    }
    static_cast<void>(co_await wait(tasks, limit));
    if (hangs && task.done()) throw std::runtime_error("the body hangs");
  }
  co_return co_await task;
}

/// Runs `main`, and fails if it hangs; afterwards nothing that it opened is open.
template <class W, class T>
T on(W& world, Coro<T> main) {
  const std::size_t before = world.open();
  struct AtEnd {
    W& world;
    std::size_t before;
    ~AtEnd() { CHECK(world.open() == before); }
  } const at_end{world, before};
  return rondo::run(world.backend, watched(std::move(main)));
}

/// Long enough for bytes to pass through this machine.
inline Coro<> a_moment() { co_await sleep(3ms); }
inline Coro<> turns(int times) {
  for (int i = 0; i < times; ++i) co_await sleep(0s);
}

inline Slice slice_of(std::string_view text) { return {reinterpret_cast<const std::byte*>(text.data()), text.size()}; }
inline std::span<const std::byte> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// Bytes that are different everywhere, so that what is lost or changes places shows.
inline std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 1;
  for (char& byte : text) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return text;
}

// --- sockets ---------------------------------------------------------------------------------------------------------

inline Coro<std::string> recv_text(const Socket* socket, std::size_t most = 65536) {
  std::string text(most, '\0');
  const std::size_t size = co_await socket->recv(std::as_writable_bytes(std::span(text)));
  text.resize(size);
  co_return text;
}
/// To the end of the stream.
inline Coro<std::string> recv_all(const Socket* socket) {
  std::string all;
  for (;;) {
    const std::string text = co_await recv_text(socket);
    if (text.empty()) co_return all;
    all += text;
  }
}
inline Coro<> send_text(const Socket* socket, std::string text) { co_await socket->send_all(bytes_of(text)); }
inline Coro<> send_and_shut(const Socket* socket, std::string text) {
  co_await socket->send_all(bytes_of(text));
  co_await socket->shutdown_write();
}

struct SocketPair {
  Socket client;
  Socket server;
  Endpoint client_end;
  Endpoint server_end;
};

inline Coro<Socket> listener_at(Endpoint* at, Address address = Address::loopback(0), SocketOptions options = {}) {
  at->local = std::move(address);
  at->options = options;
  co_return co_await listen_socket(*at);
}
inline Coro<SocketPair> socket_pair(SocketOptions options = {}) {
  Endpoint at;
  const Socket listener = co_await listener_at(&at, Address::loopback(0), options);
  SocketPair pair;
  pair.client_end.remote = at.local;
  pair.client_end.options = options;
  pair.client = co_await connect_socket(pair.client_end);
  pair.server = co_await listener.accept(&pair.server_end);
  co_return pair;
}
/// Buffers so small that a megabyte does not fit.
inline SocketOptions small_buffers() {
  SocketOptions options;
  options.send_buffer = options.receive_buffer = 16 * 1024;
  return options;
}
constexpr std::size_t much = 4 << 20;  // does not fit into the buffers of a connection

// --- streams ---------------------------------------------------------------------------------------------------------

struct StreamPair {
  Connection client;
  Connection server;
};

inline Connection stream_of(Socket socket, Endpoint endpoint, StreamLimits limits) {
  const auto core = StreamCore::make(std::move(socket), std::move(endpoint), limits);
  return {StreamReader(core), StreamWriter(core)};
}
inline Coro<StreamPair> stream_pair(StreamLimits limits = {}, SocketOptions options = {}) {
  SocketPair pair = co_await socket_pair(options);
  StreamPair streams;
  streams.client = stream_of(std::move(pair.client), std::move(pair.client_end), limits);
  streams.server = stream_of(std::move(pair.server), std::move(pair.server_end), limits);
  co_return streams;
}
inline Coro<> echo(StreamReader reader, StreamWriter writer) {
  for (;;) {
    const std::string text = co_await reader.read(65536);
    if (text.empty()) break;
    writer.write(text);
    co_await writer.drain();
  }
  writer.close();
  co_await writer.wait_closed();
}
/// One text there and back.
inline Coro<std::string> ask(Address address, std::string text) {
  Connection connection = co_await open_connection(std::move(address));
  connection.writer.write(text);
  connection.writer.write_eof();
  std::string answer = co_await connection.reader.read();
  co_return answer;
}
inline Coro<std::string> ask_unix(std::string path, std::string text) {
  return ask(Address::unix_path(path), std::move(text));
}
inline Coro<> write_later(const StreamWriter* writer, Duration delay, std::string text) {
  co_await sleep(delay);
  writer->write(text);
}
inline Coro<> close_later(const StreamWriter* writer, Duration delay) {
  co_await sleep(delay);
  writer->close();
}
inline Coro<> note_ending(std::string* text, Coro<std::string> coro) {
  *text = co_await ending(std::move(coro));
}
inline Coro<> note_ending_void(std::string* text, Coro<> coro) { *text = co_await ending(std::move(coro)); }

/// Whether something that a call did threw RuntimeError.
template <class F>
std::string refusal(F call) {
  try {
    call();
  } catch (const RuntimeError& error) {
    return error.what();
  }
  return "not refused";
}

// --- the machine -----------------------------------------------------------------------------------------------------

inline std::string temporary_path() {
  static int number = 0;
  return "/tmp/rondo-test-" + std::to_string(::getpid()) + "-" + std::to_string(++number) + ".sock";
}

inline Coro<> drop_ipv6_socket(bool* there) {
  Endpoint at;
  at.local = Address::parse("::1", 0);
  try {
    const Socket listener = co_await listen_socket(at);
    *there = true;
  } catch (const std::system_error&) {
    *there = false;
  }
}
template <class W>
bool has_ipv6(W& world) {
  bool there = false;
  rondo::run(world.backend, drop_ipv6_socket(&there));
  if (!there) WARN("skipped: this machine has no IPv6");
  return there;
}

}  // namespace network
