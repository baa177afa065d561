// SPDX-License-Identifier: BSL-1.0
// raw_libevent.cpp - echo-libevent [BUFFER]: one persistent event for each connection, recv and send in its callback,
// one buffer for all.
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "common.hpp"

namespace {

std::vector<std::byte> buffer;

void on_readable(evutil_socket_t socket, short, void* self) {
  const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got > 0 && echo::send_all(socket, buffer.data(), static_cast<std::size_t>(got))) return;
  event_free(static_cast<event*>(self));
  ::close(socket);
}

void on_connection(evutil_socket_t listener, short, void* argument) {
  const int socket = echo::accept_one(listener);
  if (socket < 0) return;
  auto* const base = static_cast<event_base*>(argument);
  event* const made = event_new(base, socket, EV_READ | EV_PERSIST, on_readable, event_self_cbarg());
  event_add(made, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  buffer.resize(echo::buffer_size(argc, argv, 1));
  const int listener = echo::listen_here();
  event_base* const base = event_base_new();
  event* const accepting = event_new(base, listener, EV_READ | EV_PERSIST, on_connection, base);
  event_add(accepting, nullptr);
  echo::announce(echo::port_of(listener));
  return event_base_dispatch(base);
}
