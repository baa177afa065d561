// SPDX-License-Identifier: BSL-1.0
// datagram.cpp - datagrams to and from strings.
#include <rondo/datagram.hpp>

namespace rondo {

Coro<DatagramSocket::Received> DatagramSocket::recv_from(std::size_t most) const {
  Received received;
  received.data.resize(most);
  Datagram datagram{reinterpret_cast<std::byte*>(received.data.data()), most, Address()};
  const std::size_t size = co_await socket_.recv_from(datagram);
  received.data.resize(size);
  received.address = std::move(datagram.address);
  received.truncated = datagram.truncated;
  co_return received;
}

static Coro<> send_datagram(const Socket& socket, std::string data, Address address) {
  Datagram datagram{reinterpret_cast<std::byte*>(data.data()), data.size(), std::move(address)};
  static_cast<void>(co_await socket.send_to(datagram));
}

Coro<> DatagramSocket::send_to(std::string_view data, Address address) const {
  return send_datagram(socket_, std::string(data), std::move(address));
}

Coro<DatagramSocket> open_datagram(Address local, Address remote, SocketOptions options) {
  if (!local && !remote) {
    throw std::invalid_argument("open_datagram: needs a local address, a remote one, or both; for any port of this "
                                "machine give 0.0.0.0 with port 0");
  }
  Endpoint endpoint{std::move(local), std::move(remote), options};
  Socket socket = co_await datagram_socket(endpoint);
  co_return DatagramSocket(std::move(socket), std::move(endpoint));
}

}  // namespace rondo
