// SPDX-License-Identifier: BSL-1.0
// socket_address.cpp - see socket_address.hpp.
#include "socket_address.hpp"

#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace rondo {
namespace {

template <class Part>
SocketAddress made_of(const Part& part, std::size_t size) {
  SocketAddress made;
  std::memcpy(&made.storage, &part, sizeof part);
  made.size = static_cast<socklen_t>(size);
  return made;
}

}  // namespace

SocketAddress to_system(const Address& address) {
  switch (address.family()) {
    case Address::Family::none:
      break;
    case Address::Family::ipv4: {
      sockaddr_in part{};
      part.sin_family = AF_INET;
      part.sin_port = htons(address.port());
      std::memcpy(&part.sin_addr, address.bytes().data(), 4);
      return made_of(part, sizeof part);
    }
    case Address::Family::ipv6: {
      sockaddr_in6 part{};
      part.sin6_family = AF_INET6;
      part.sin6_port = htons(address.port());
      part.sin6_scope_id = address.scope();
      std::memcpy(&part.sin6_addr, address.bytes().data(), 16);
      return made_of(part, sizeof part);
    }
    case Address::Family::unix_domain: {
      sockaddr_un part{};
      const std::string_view path = address.path();
      static_assert(Address::longest_path == sizeof part.sun_path - 1);
      if (path.size() > Address::longest_path) break;
      part.sun_family = AF_UNIX;
      std::copy(path.begin(), path.end(), part.sun_path);
      const bool in_files = !path.empty() && path.front() != '\0';
      return made_of(part, offsetof(sockaddr_un, sun_path) + path.size() + (in_files ? 1 : 0));
    }
  }
  SocketAddress none;
  none.size = 0;
  return none;
}

Address from_system(const sockaddr* address, socklen_t size) {
  if (size < sizeof(sa_family_t)) return Address();
  if (address->sa_family == AF_INET) {
    sockaddr_in part{};
    std::memcpy(&part, address, sizeof part);
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &part.sin_addr, 4);
    return Address::ipv4(bytes, ntohs(part.sin_port));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 part{};
    std::memcpy(&part, address, sizeof part);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &part.sin6_addr, 16);
    return Address::ipv6(bytes, ntohs(part.sin6_port), part.sin6_scope_id);
  }
  if (address->sa_family == AF_UNIX) {
    const auto* path = reinterpret_cast<const char*>(address) + offsetof(sockaddr_un, sun_path);
    std::size_t length = size - offsetof(sockaddr_un, sun_path);
    if (length > 0 && path[0] != '\0') length = strnlen(path, length);
    return Address::unix_path({path, length});
  }
  return Address();
}

}  // namespace rondo
