// SPDX-License-Identifier: BSL-1.0
// adopted.cpp - see net/adopted.hpp.
#include <rondo/net/adopted.hpp>

#include <rondo/kernel/facilities.hpp>
#include <rondo/pipe.hpp>

#include <cerrno>

namespace rondo {
namespace {

std::string words(const Endpoint& endpoint) {
  switch (endpoint.medium) {
    case Medium::listener:
      return "a listening socket";
    case Medium::datagram:
      return "a datagram socket";
    case Medium::stream:
      return "a connected socket";
    case Medium::pipe:
      break;
  }
  if (endpoint.reads && endpoint.writes) return "no socket";
  return endpoint.reads ? "open for reading alone" : "open for writing alone";
}

std::string needed(std::size_t needs) {
  if (needs == adopts_listener) return "a listening socket";
  if (needs == adopts_for_reading) return "a connected stream socket, or a pipe or device that is open for reading";
  if (needs == adopts_for_writing) return "a connected stream socket, or a pipe or device that is open for writing";
  return "a connected stream socket, or a device that is open for both ways";
}

Output output_of(int descriptor, std::size_t needs, Endpoint& endpoint) {
  facilities::descriptors();
  Output output;
  output.kind = OperationKind::adopt;
  output.handle = descriptor;
  output.endpoint = &endpoint;
  output.size = needs;
  return output;
}

}  // namespace

Coro<Socket> Socket::adopt(int descriptor, Endpoint* endpoint) {
  Endpoint unused;
  const Output output = output_of(descriptor, adopts_anything, endpoint ? *endpoint : unused);
  co_return Socket(static_cast<int>(co_await unnoted(SocketOperation(output))));
}

Coro<Socket> adopt_socket(int descriptor, std::size_t needs, const char* what, Endpoint& endpoint) {
  try {
    const Output output = output_of(descriptor, needs, endpoint);
    co_return Socket(static_cast<int>(co_await unnoted(SocketOperation(output))));
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::invalid_argument) throw;
  }
  throw std::invalid_argument(std::string(what) + ": descriptor " + std::to_string(descriptor) + " is " +
                              words(endpoint) + "; it must be " + needed(needs));
}

Coro<Ref<StreamCore>> adopt_stream(int descriptor, std::size_t needs, const char* what, StreamLimits limits) {
  limits.check();
  Endpoint endpoint;
  Socket socket = co_await unnoted(adopt_socket(descriptor, needs, what, endpoint));
  co_return StreamCore::make(std::move(socket), std::move(endpoint), limits);
}

// --- pipes -----------------------------------------------------------------------------------------------------------

Coro<StreamReader> connect_read_pipe(int descriptor, StreamLimits limits) {
  co_return StreamReader(co_await unnoted(adopt_stream(descriptor, adopts_for_reading, "connect_read_pipe", limits)));
}

Coro<StreamWriter> connect_write_pipe(int descriptor, StreamLimits limits) {
  co_return StreamWriter(co_await unnoted(adopt_stream(descriptor, adopts_for_writing, "connect_write_pipe", limits)));
}

StreamReader reader_of_pipe(Socket read_end, StreamLimits limits) {
  Endpoint endpoint;
  endpoint.medium = Medium::pipe;
  endpoint.writes = false;
  return StreamReader(StreamCore::make(std::move(read_end), std::move(endpoint), limits));
}

StreamWriter writer_of_pipe(Socket write_end, StreamLimits limits) {
  Endpoint endpoint;
  endpoint.medium = Medium::pipe;
  endpoint.reads = false;
  return StreamWriter(StreamCore::make(std::move(write_end), std::move(endpoint), limits));
}

Coro<Pipe> open_pipe(StreamLimits limits) {
  limits.check();
  facilities::descriptors();
  PipeEnds ends;
  Output output;
  output.kind = OperationKind::pipe;
  output.pipe_ends = &ends;
  static_cast<void>(co_await unnoted(SocketOperation(output)));
  Socket read(ends.read);
  Socket write(ends.write);
  StreamReader reader = reader_of_pipe(std::move(read), limits);
  co_return Pipe{std::move(reader), writer_of_pipe(std::move(write), limits)};
}

}  // namespace rondo
