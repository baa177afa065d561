// SPDX-License-Identifier: BSL-1.0
// connection.hpp - streams to somebody else's server.
#pragma once

#include <optional>
#include <string>

#include <rondo/resolve.hpp>
#include <rondo/stream_reader.hpp>
#include <rondo/stream_writer.hpp>

namespace rondo {

/// `auto [reader, writer] = co_await open_connection(...)`.
struct Connection {
  StreamReader reader;
  StreamWriter writer;
};

struct ConnectOptions {
  Address::Family family = Address::Family::none;  // none: IPv4 and IPv6
  const Address* local = nullptr;                  // where to connect from; null: anywhere. Read during the call
  SocketOptions socket = {};
  StreamLimits limits = {};
  /// How long an attempt at one address may take before the next address is tried beside it (RFC 8305); nullopt: one
  /// after the other, each as long as the system lets it.
  Limit happy_eyeballs_delay = std::chrono::milliseconds(250);
};

/// Connects to the first address of `host` that answers; the families take turns, and attempts that lost are cancelled
/// and closed. Throws ResolveError, or std::system_error: of the only attempt, else the first one's code and all texts.
/// A cancellation or a timeout leaves no socket behind. Source: asyncio.open_connection.
Coro<Connection> open_connection(std::string host, Port port, ConnectOptions options = {});
/// The same to an address.
Coro<Connection> open_connection(Address address, ConnectOptions options = {});
/// For a socket that was connected by somebody else, or one of a socket pair.
struct AdoptedSocket {
  int socket = -1;  // a descriptor: a stream socket, or a terminal
  StreamLimits limits = {};
};
/// Takes over a descriptor: `open_connection({.socket = descriptor})`. Errors as those of connect_read_pipe(). Source:
/// asyncio.open_connection(sock=).
Coro<Connection> open_connection(AdoptedSocket adopted);
/// To a path in the file system, as Address::unix_path() takes it. Source: asyncio.open_unix_connection.
Coro<Connection> open_unix_connection(std::string path, ConnectOptions options = {});

}  // namespace rondo
