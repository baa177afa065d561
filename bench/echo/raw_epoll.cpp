// SPDX-License-Identifier: BSL-1.0
// raw_epoll.cpp - echo-epoll [BUFFER]: the limit. A descriptor is registered once, edge-triggered; what arrives is read
// into one buffer for all connections; a read that gets less than it asked for has drained the socket.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <vector>

#include "common.hpp"

namespace {

/// False when the connection has ended.
bool serve(int socket, std::vector<std::byte>& buffer, bool ending) {
  for (;;) {
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    const auto size = static_cast<std::size_t>(got);
    if (!echo::send_all(socket, buffer.data(), size)) return false;
    if (size < buffer.size() && !ending) return true;
  }
}

void add(int epoll, int descriptor, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = descriptor;
  echo::check(::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl");
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::byte> buffer(echo::buffer_size(argc, argv, 1));
  const int listener = echo::listen_here();
  const int epoll = echo::check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  add(epoll, listener, EPOLLIN);
  echo::announce(echo::port_of(listener));
  epoll_event events[512];
  for (;;) {
    const int count = ::epoll_wait(epoll, events, 512, -1);
    for (int i = 0; i < count; ++i) {
      const int descriptor = events[i].data.fd;
      if (descriptor == listener) {
        const int socket = echo::accept_one(listener);
        if (socket >= 0) add(epoll, socket, EPOLLIN | EPOLLRDHUP | EPOLLET);
      } else if (!serve(descriptor, buffer, (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)) {
        ::close(descriptor);
      }
    }
  }
}
