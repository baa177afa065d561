// SPDX-License-Identifier: BSL-1.0
// server.hpp - listeners that start a task for each connection.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <rondo/net/server_core.hpp>

namespace rondo {

/// A running server: it goes on accepting until it is closed or this handle goes. Movable; belongs to the loop's
/// thread. Source: asyncio.Server.
class Server {
 public:
  Server() = default;
  explicit Server(Ref<ServerCore> core) : core_(std::move(core)) {}
  Server(Server&& other) noexcept = default;
  Server& operator=(Server&& other) noexcept {
    std::swap(core_, other.core_);
    return *this;
  }
  ~Server() {
    if (!core_) return;
    if (core_->is_left_here()) {
      core_.detach();
    } else {
      core_->close();
    }
  }

  /// Stops listening; connections that were accepted go on.
  void close() { core().close(); }
  bool is_serving() const { return core().serving(); }
  /// Waits until it is closed, its ports and its path are free for others, and the last connection's handler has ended.
  Coro<> wait_closed() const { return ServerCore::wait_closed(Ref<ServerCore>(core())); }
  /// Suspends until the task is cancelled or the server closed; a cancellation closes the server, waits as
  /// wait_closed() does, and goes on.
  Coro<> serve_forever() const { return ServerCore::serve_forever(Ref<ServerCore>(core())); }
  /// Where it listens, with the ports that were picked for port 0; empty once it is closed.
  std::vector<Address> addresses() const { return core().addresses(); }

 private:
  ServerCore& core() const;
  Ref<ServerCore> core_;
};

/// Listens at every address of `host` ("" is every address of this machine) and at `port` (0: one that is free, for
/// each), but for those that the machine turns out not to have, as long as there is one; and runs
/// `handler(StreamReader, StreamWriter)`, which gives a Coro<>, as a task for each connection. The handler is kept
/// alive as long as the server or a connection. What it throws goes to the loop's exception handler, and closes the
/// connection; so does a handler that returns and keeps no writer. Throws std::system_error naming the address. Source:
/// asyncio.start_server.
template <class F>
Coro<Server> start_server(F handler, std::string host, Port port, ServerOptions options = {}) {
  auto kept = std::make_shared<ConnectionHandlerOf<F>>(std::move(handler));
  return ServerCore::start(std::move(kept), std::move(host), port, options);
}

/// A listener that this process was started with, or that the program has made.
struct AdoptedListener {
  int socket = -1;  // its descriptor
  StreamLimits limits = {};
  Delay accept_retry_delay = std::chrono::seconds(1);  // see ServerOptions
};
/// Takes over a listening socket: `start_server(handler, {.socket = descriptor})`. A service manager passes them from
/// descriptor 3 on (LISTEN_FDS): see listen_fds(). A path that it is bound to is not removed. Errors as those of
/// Socket::adopt(), and std::invalid_argument if it does not listen. Source: asyncio.start_server(sock=).
template <class F>
Coro<Server> start_server(F handler, AdoptedListener listener) {
  ServerOptions options;
  options.limits = listener.limits;
  options.accept_retry_delay = listener.accept_retry_delay;
  return ServerCore::start(std::make_shared<ConnectionHandlerOf<F>>(std::move(handler)), listener.socket, options);
}

/// The same at a path in the file system, as Address::unix_path() takes it. A socket's file that is left there is taken
/// over if nobody has the socket any more; if somebody has, that is std::errc::address_in_use, and nobody is disturbed.
/// When the server closes the path is removed, if it is still this server's file (by device and inode, and by the
/// absolute path at the start), and unless ServerOptions::cleanup_socket is false. Source: asyncio.start_unix_server.
template <class F>
Coro<Server> start_unix_server(F handler, std::string path, ServerOptions options = {}) {
  return ServerCore::start(std::make_shared<ConnectionHandlerOf<F>>(std::move(handler)), std::move(path), options);
}

}  // namespace rondo
