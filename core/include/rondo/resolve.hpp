// SPDX-License-Identifier: BSL-1.0
// resolve.hpp - the addresses of a name.
#pragma once

#include <string>
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
/// ends the await at once and lets the lookup go on unheard. Throws ResolveError. Source: loop.getaddrinfo.
Coro<std::vector<Address>> getaddrinfo(std::string host, std::string service, LookupOptions options = {});
/// The same with a port in numbers.
Coro<std::vector<Address>> getaddrinfo(std::string host, std::uint16_t port, LookupOptions options = {});

}  // namespace rondo
