// SPDX-License-Identifier: BSL-1.0
// datagram.hpp - UDP and other sockets whose messages keep their edges, and may be lost.
#pragma once

#include <string>
#include <string_view>

#include <rondo/coro.hpp>
#include <rondo/socket.hpp>

namespace rondo {

/// Closed when it goes. Movable; belongs to the loop's thread. What is called on it begins when it is awaited: until
/// then the socket must stay where it is. What is called on a temporary one keeps it, and closes it at its end.
class DatagramSocket {
 public:
  struct Received {
    std::string data;
    Address address;         // who sent it
    bool truncated = false;  // it was longer than what was asked for, and the rest is lost
  };
  DatagramSocket(Socket socket, Endpoint endpoint) : socket_(std::move(socket)), endpoint_(std::move(endpoint)) {}

  /// Waits for the next datagram and takes up to `most` bytes of it. Any number of tasks may wait; they are served in
  /// the order they came. A cancellation that comes too late for a datagram that has arrived is delivered at the next
  /// await.
  Coro<Received> recv_from(std::size_t most = 65536) const&;
  Coro<Received> recv_from(std::size_t most = 65536) &&;
  /// Sends one datagram, a copy of `data`; that it was sent says nothing about whether it arrives. A socket that was
  /// opened with one peer sends to that peer alone: std::invalid_argument for another address, at the first step.
  Coro<> send_to(std::string_view data, Address address) const&;
  Coro<> send_to(std::string_view data, Address address) &&;
  /// The same to the one peer of a socket that was opened with one.
  Coro<> send(std::string_view data) const& { return send_to(data, Address()); }
  Coro<> send(std::string_view data) && { return std::move(*this).send_to(data, Address()); }
  void close() { socket_.close(); }

  const Address& local_address() const { return endpoint_.local; }
  const Address& peer_address() const { return endpoint_.remote; }
  const Socket& socket() const { return socket_; }

 private:
  Socket socket_;
  Endpoint endpoint_;
};

/// A datagram socket at `local` (none: any port), which talks to everybody, or to `remote` alone. Throws
/// std::system_error, which names both, and std::invalid_argument if neither is given. A path is taken over and removed
/// as a server's is (start_unix_server); an empty path stands for a name that Linux picks. Source:
/// loop.create_datagram_endpoint.
Coro<DatagramSocket> open_datagram(Address local, Address remote = Address(), SocketOptions options = {});

}  // namespace rondo
