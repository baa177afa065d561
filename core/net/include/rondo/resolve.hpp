// SPDX-License-Identifier: BSL-1.0
// resolve.hpp - the addresses of a name.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <rondo/coro.hpp>
#include <rondo/endpoint.hpp>
#include <rondo/resolve_error.hpp>

namespace rondo {

struct LookupOptions {
  Address::Family family = Address::Family::none;  // none: IPv4 and IPv6
  bool datagram = false;                           // services may differ
  bool passive = false;                            // for a listener: no host means every address of this machine
};

/// The addresses of `host`, in the order in which they should be tried; `service` is a port or the name of one.
/// Addresses in numbers are read at once; names are looked up by the system on the default executor, so a cancellation
/// ends the await at once and lets the lookup go on unheard. Throws ResolveError, also for a service with a sign or a
/// blank, and std::invalid_argument for a null byte in either: the system would read "+70000" as 4464, and
/// "127.0.0.1\0x" as 127.0.0.1. Source: loop.getaddrinfo.
Coro<std::vector<Address>> getaddrinfo(std::string host, std::string service, LookupOptions options = {});
/// The same with a port in numbers. A template, since 0 would do for a std::string as well as for a Port.
template <PortNumber T>
Coro<std::vector<Address>> getaddrinfo(std::string host, T port, LookupOptions options = {}) {
  return getaddrinfo(std::move(host), std::to_string(std::uint16_t{Port(port)}), options);
}
inline Coro<std::vector<Address>> getaddrinfo(std::string host, Port port, LookupOptions options = {}) {
  return getaddrinfo(std::move(host), std::uint16_t{port}, options);
}

}  // namespace rondo
