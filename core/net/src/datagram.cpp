// SPDX-License-Identifier: BSL-1.0
// datagram.cpp - datagrams to and from strings.
#include <rondo/datagram.hpp>

#include <stdexcept>
#include <utility>

namespace rondo {
namespace {

/// The operation knows a number; whoever asked wants to read addresses.
[[noreturn]] void rethrow_with(const std::system_error& error, const char* what, const Address& peer,
                               const Address& local) {
  throw std::system_error(error.code(), what + (peer ? peer.str() : "anybody") + " at socket " + local.str());
}

Coro<> send_datagram(const DatagramSocket& socket, std::string data, Address address) {
  const Address peer = socket.peer_address() ? socket.peer_address() : address;  // copies: the socket may move
  const Address local = socket.local_address();
  if (address && !(address == peer)) {
    throw std::invalid_argument("send_to: this socket talks to " + peer.str() + " alone, not to " + address.str());
  }
  if (socket.peer_address()) address = Address();
  Datagram datagram{reinterpret_cast<std::byte*>(data.data()), data.size(), std::move(address)};
  try {
    static_cast<void>(co_await unnoted(socket.socket().send_to(datagram)));
  } catch (const std::system_error& error) {
    rethrow_with(error, "a datagram to ", peer, local);
  }
}

Coro<DatagramSocket::Received> receive_datagram(const DatagramSocket& socket, std::size_t most) {
  const Address peer = socket.peer_address();
  const Address local = socket.local_address();
  DatagramSocket::Received received;
  received.data.resize(most);
  Datagram datagram{reinterpret_cast<std::byte*>(received.data.data()), most, Address()};
  std::size_t size = 0;
  try {
    size = co_await unnoted(socket.socket().recv_from(datagram));
  } catch (const std::system_error& error) {
    rethrow_with(error, "a datagram from ", peer, local);
  }
  received.data.resize(size);
  received.address = std::move(datagram.address);
  received.truncated = datagram.truncated;
  co_return received;
}

// A parameter would live as long as a handle of the task, a variable goes at the end.
Coro<> send_from(DatagramSocket socket, std::string data, Address address) {
  const DatagramSocket kept(std::move(socket));
  co_await unnoted(send_datagram(kept, std::move(data), std::move(address)));
}

Coro<DatagramSocket::Received> receive_from(DatagramSocket socket, std::size_t most) {
  const DatagramSocket kept(std::move(socket));
  co_return co_await unnoted(receive_datagram(kept, most));
}

}  // namespace

Coro<DatagramSocket::Received> DatagramSocket::recv_from(std::size_t most) const& {
  return receive_datagram(*this, most);
}

Coro<DatagramSocket::Received> DatagramSocket::recv_from(std::size_t most) && {
  return receive_from(std::move(*this), most);
}

Coro<> DatagramSocket::send_to(std::string_view data, Address address) const& {
  return send_datagram(*this, std::string(data), std::move(address));
}

Coro<> DatagramSocket::send_to(std::string_view data, Address address) && {
  return send_from(std::move(*this), std::string(data), std::move(address));
}

Coro<DatagramSocket> open_datagram(Address local, Address remote, SocketOptions options) {
  if (!local && !remote) {
    throw std::invalid_argument("open_datagram: needs a local address, a remote one, or both; for any port of this "
                                "machine give 0.0.0.0 with port 0");
  }
  Endpoint endpoint{std::move(local), std::move(remote), options};
  Socket socket = co_await unnoted(datagram_socket(endpoint));
  co_return DatagramSocket(std::move(socket), std::move(endpoint));
}

}  // namespace rondo
