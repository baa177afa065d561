// SPDX-License-Identifier: BSL-1.0
// open_socket.cpp - see open_socket.hpp.
#include "open_socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <utility>

#include "descriptor.hpp"
#include "socket_address.hpp"

namespace rondo {
namespace {

int family_of(const Address& address) {
  if (address.family() == Address::Family::ipv6) return AF_INET6;
  return address.family() == Address::Family::unix_domain ? AF_UNIX : AF_INET;
}

/// A descriptor, and the path that it is bound to; neither is left behind unless it is kept.
class Opening {
 public:
  Opening(Seam* seam, int family, int type) : seam_(seam), unix_domain_(family == AF_UNIX) {
    const int how = type | SOCK_NONBLOCK | SOCK_CLOEXEC;
    descriptor_ = through(seam, SystemCall::socket, [&] { return ::socket(family, how, 0); });
    if (descriptor_ < 0) error_ = errno;
  }
  ~Opening() {
    path_.remove();
    if (descriptor_ >= 0) close_descriptor(seam_, descriptor_);
  }
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;

  bool good() const { return error_ == 0; }
  int descriptor() const { return descriptor_; }
  void check(int result) {
    if (result < 0 && good()) error_ = errno;
  }
  void set(int level, int name, int value) {
    if (!good()) return;
    check(through(seam_, SystemCall::set_option,
                  [&] { return ::setsockopt(descriptor_, level, name, &value, sizeof value); }));
  }
  void bind(const Address& address) {
    if (!good()) return;
    const SocketAddress to = to_system(address);
    if (to.size == 0) {
      error_ = ENAMETOOLONG;
      return;
    }
    if (unix_domain_) UnixPath::remove_left_over(seam_, address);
    check(through(seam_, SystemCall::bind, [&] { return ::bind(descriptor_, to.data(), to.size); }));
    if (good()) path_ = UnixPath(seam_, address);
  }
  /// Both are the caller's from now on; or -errno.
  OpenSocket keep(bool cleanup) {
    if (!good()) return {-error_, UnixPath()};
    if (!cleanup) path_.leave();
    return {std::exchange(descriptor_, -1), std::move(path_)};
  }

 private:
  Seam* seam_;
  bool unix_domain_;
  int descriptor_ = -1;
  int error_ = 0;
  UnixPath path_;
};

void set_options(Opening& opening, const SocketOptions& options, int family, int type) {
  const bool tcp = family != AF_UNIX && type == SOCK_STREAM;
  if (tcp && options.no_delay) opening.set(IPPROTO_TCP, TCP_NODELAY, 1);
  if (tcp && options.keep_alive) opening.set(SOL_SOCKET, SO_KEEPALIVE, 1);
  if (options.reuse_port) opening.set(SOL_SOCKET, SO_REUSEPORT, 1);
  if (options.broadcast) opening.set(SOL_SOCKET, SO_BROADCAST, 1);
  if (family == AF_INET6) opening.set(IPPROTO_IPV6, IPV6_V6ONLY, options.v6_only ? 1 : 0);
  if (options.send_buffer > 0) opening.set(SOL_SOCKET, SO_SNDBUF, options.send_buffer);
  if (options.receive_buffer > 0) opening.set(SOL_SOCKET, SO_RCVBUF, options.receive_buffer);
}

}  // namespace

int connect_descriptor(Seam* seam, int descriptor, const SocketAddress& to) {
  for (;;) {
    const int result = through(seam, SystemCall::connect, [&] { return ::connect(descriptor, to.data(), to.size); });
    if (result == 0 || errno == EISCONN) return 0;
    if (errno == EALREADY) errno = EINPROGRESS;  // it was interrupted, and goes on
    if (errno != EINTR) return -1;
  }
}

int name_here(Seam* seam, int descriptor, Address& address) {
  SocketAddress name;
  const auto call = [&] { return ::getsockname(descriptor, name.data(), &name.size); };
  const int result = through(seam, SystemCall::get_name, call);
  if (result == 0) address = from_system(name.data(), name.size);
  return result;
}

OpenSocket open_listener(Seam* seam, Endpoint& endpoint) {
  const int family = family_of(endpoint.local);
  if (family == AF_UNIX && endpoint.local.path().empty()) return {-EINVAL, UnixPath()};  // Linux would pick a name
  Opening opening(seam, family, SOCK_STREAM);
  if (family != AF_UNIX && endpoint.options.reuse_address) opening.set(SOL_SOCKET, SO_REUSEADDR, 1);
  set_options(opening, endpoint.options, family, SOCK_STREAM);
  opening.bind(endpoint.local);
  if (opening.good()) {
    opening.check(through(seam, SystemCall::listen, [&] { return ::listen(opening.descriptor(), endpoint.backlog); }));
  }
  if (opening.good()) opening.check(name_here(seam, opening.descriptor(), endpoint.local));
  return opening.keep(endpoint.options.cleanup_socket);
}

OpenSocket open_datagram_socket(Seam* seam, Endpoint& endpoint) {
  const int family = family_of(endpoint.local ? endpoint.local : endpoint.remote);
  const SocketAddress to = to_system(endpoint.remote);
  if (endpoint.remote && to.size == 0) return {-ENAMETOOLONG, UnixPath()};
  Opening opening(seam, family, SOCK_DGRAM);
  set_options(opening, endpoint.options, family, SOCK_DGRAM);
  if (endpoint.local) opening.bind(endpoint.local);
  if (endpoint.remote && opening.good()) opening.check(connect_descriptor(seam, opening.descriptor(), to));
  if (opening.good()) opening.check(name_here(seam, opening.descriptor(), endpoint.local));
  return opening.keep(endpoint.options.cleanup_socket);
}

OpenSocket open_stream(Seam* seam, const Endpoint& endpoint) {
  const int family = family_of(endpoint.remote);
  Opening opening(seam, family, SOCK_STREAM);
  set_options(opening, endpoint.options, family, SOCK_STREAM);
  if (endpoint.local) opening.bind(endpoint.local);
  return opening.keep(endpoint.options.cleanup_socket);
}

int name_ends(Seam* seam, int descriptor, Endpoint& endpoint) {
  SocketAddress name;
  const auto call = [&] { return ::getpeername(descriptor, name.data(), &name.size); };
  const int result = through(seam, SystemCall::get_name, call);
  if (result < 0) return -errno;
  endpoint.remote = from_system(name.data(), name.size);
  return name_here(seam, descriptor, endpoint.local) < 0 ? -errno : 0;
}

int error_of(Seam* seam, int descriptor) {
  int error = 0;
  socklen_t size = sizeof error;
  const int result = through(seam, SystemCall::get_option,
                             [&] { return ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size); });
  return result < 0 ? errno : error;
}

bool is_tcp(int descriptor) {
  int protocol = 0;
  socklen_t size = sizeof protocol;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 && protocol == IPPROTO_TCP;
}

}  // namespace rondo
