// SPDX-License-Identifier: BSL-1.0
// endpoint.hpp - what the operations of sockets and pipes are lent: addresses, options, buffers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <rondo/address.hpp>

namespace rondo {

/// Set before the socket is bound or connected; a listener's hold for the connections that it accepts.
struct SocketOptions {
  bool no_delay = true;       // TCP: send small pieces at once (asyncio's default)
  bool keep_alive = false;    // TCP: look now and then whether the peer is still there
  bool reuse_address = true;  // listeners: bind although old connections linger
  bool reuse_port = false;    // several sockets at one address
  bool v6_only = true;        // an IPv6 socket takes no IPv4
  bool broadcast = false;     // datagrams to broadcast addresses
  int send_buffer = 0;        // bytes in the kernel; 0: the system's default
  int receive_buffer = 0;
  bool cleanup_socket = true;  // Unix: the path that it was bound to is removed when it closes, if it is still its own
};

/// What a handle stands for. Packets are datagrams, too (SOCK_SEQPACKET).
enum class Medium : std::uint8_t {
  stream,    // a connected stream socket
  listener,
  datagram,
  pipe,      // no socket: a pipe, a terminal, another device
};

/// For connect, listen, open_datagram, adopt and accept. Filled in when the operation succeeds: who the two ends are.
struct Endpoint {
  Address local;   // listen, open_datagram: where to bind, port 0 for any; connect: none for any
  Address remote;  // connect: to whom; open_datagram: the one peer, or none
  SocketOptions options;
  int backlog = 100;  // listen: connections that may wait for accept()
  // Filled in by adopt, and by whoever makes a pipe:
  Medium medium = Medium::stream;
  bool reads = true;   // the descriptor was opened for reading
  bool writes = true;  // or writing
};

/// The handles of a pipe; -1: it is closed, or was never opened.
struct PipeEnds {
  std::int32_t read = -1;
  std::int32_t write = -1;
};

/// A piece of what is to be sent.
struct Slice {
  const std::byte* data;
  std::size_t size;
};

/// For recv_from (which fills data, address and truncated) and send_to.
struct Datagram {
  std::byte* data;
  std::size_t size;        // recv_from: room
  Address address;         // send_to: none for a connected socket
  bool truncated = false;  // recv_from: it was longer than the room, and the rest is lost
};

/// For resolve. The result is 0, or -error with a ResolveError::Reason.
struct Lookup {
  std::string host;     // empty: this machine, for a listener every address of it
  std::string service;  // a port or the name of one; empty: 0
  Address::Family family = Address::Family::none;  // none: IPv4 and IPv6
  bool datagram = false;
  bool passive = false;  // for a listener
  std::vector<Address> addresses;
};

}  // namespace rondo
