// SPDX-License-Identifier: BSL-1.0
// open_socket.hpp - sockets made as an Endpoint says: non-blocking, with their options set, bound.
//
// What succeeds fills in the addresses of the endpoint; what fails leaves nothing open, and no file. A Unix path that
// was left is taken over.
#pragma once

#include <rondo/backends/seam.hpp>
#include <rondo/backends/unix_path.hpp>
#include <rondo/endpoint.hpp>

#include "socket_address.hpp"

namespace rondo {

struct OpenSocket {
  int descriptor;  // or -errno
  UnixPath path;   // that goes with it
};

OpenSocket open_listener(Seam* seam, Endpoint& endpoint);
OpenSocket open_datagram_socket(Seam* seam, Endpoint& endpoint);
/// A stream that is to be connected to endpoint.remote, bound to endpoint.local if that is given.
OpenSocket open_stream(Seam* seam, const Endpoint& endpoint);

/// connect(2), again when it is interrupted: 0, or -1 with errno, EINPROGRESS among them.
int connect_descriptor(Seam* seam, int descriptor, const SocketAddress& to);

/// Fills in both ends of what is connected; -ENOTCONN if it is not.
int name_ends(Seam* seam, int descriptor, Endpoint& endpoint);

/// Fills in the address at this end; -1 with errno if that fails.
int name_here(Seam* seam, int descriptor, Address& address);

/// The error that ended a connect(), 0 if it went well.
int error_of(Seam* seam, int descriptor);

/// False also if the system does not say, which does no harm: so no seam.
bool is_tcp(int descriptor);

}  // namespace rondo
