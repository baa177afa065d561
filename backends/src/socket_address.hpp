// SPDX-License-Identifier: BSL-1.0
// socket_address.hpp - addresses as the system writes them.
#pragma once

#include <sys/socket.h>

#include <rondo/address.hpp>

namespace rondo {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// Size 0 if `address` is none, or a path longer than the system takes.
SocketAddress to_system(const Address& address);
/// None for families other than IPv4, IPv6 and Unix.
Address from_system(const sockaddr* address, socklen_t size);

}  // namespace rondo
