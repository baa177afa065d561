// SPDX-License-Identifier: BSL-1.0
// raw_uring.cpp - echo-uring [BUFFER]: liburing with a single issuer and deferred task work; one recv or send under way
// for each connection, which has a buffer of its own; one io_uring_enter for all that is ready.
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "common.hpp"

namespace {

struct Connection {
  Connection(int socket_, std::size_t size) : socket(socket_), buffer(new std::byte[size]) {}
  ~Connection() { ::close(socket); }
  int socket;
  std::unique_ptr<std::byte[]> buffer;
  std::size_t sent = 0;
  std::size_t unsent = 0;  // 0: a recv is under way
};

class Server {
 public:
  Server(int listener, std::size_t size) : listener_(listener), size_(size) {
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    const int result = io_uring_queue_init_params(4096, &ring_, &params);
    errno = -result;
    echo::check(result, "io_uring_queue_init");
    io_uring_sqe* const entry = next();
    io_uring_prep_multishot_accept(entry, listener_, nullptr, nullptr, SOCK_CLOEXEC);
    io_uring_sqe_set_data(entry, nullptr);  // what has no connection is an accept
  }

  [[noreturn]] void run() {
    for (;;) {
      io_uring_submit_and_wait(&ring_, 1);
      io_uring_cqe* done = nullptr;
      unsigned head = 0;
      unsigned count = 0;
      io_uring_for_each_cqe(&ring_, head, done) {
        ++count;
        auto* const connection = static_cast<Connection*>(io_uring_cqe_get_data(done));
        connection ? completed(*connection, done->res) : accepted(done->res);
      }
      io_uring_cq_advance(&ring_, count);
    }
  }

 private:
  io_uring_sqe* next() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry) return entry;
    io_uring_submit(&ring_);
    return io_uring_get_sqe(&ring_);
  }
  void recv(Connection& connection) {
    io_uring_sqe* const entry = next();
    io_uring_prep_recv(entry, connection.socket, connection.buffer.get(), size_, 0);
    io_uring_sqe_set_data(entry, &connection);
  }
  void send(Connection& connection) {
    io_uring_sqe* const entry = next();
    io_uring_prep_send(entry, connection.socket, connection.buffer.get() + connection.sent, connection.unsent, MSG_NOSIGNAL);
    io_uring_sqe_set_data(entry, &connection);
  }
  void accepted(int socket) {
    if (socket < 0) return;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    recv(*new Connection(socket, size_));
  }
  void completed(Connection& connection, int result) {
    if (result <= 0) {
      delete &connection;
      return;
    }
    const auto size = static_cast<std::size_t>(result);
    if (connection.unsent == 0) {
      connection.sent = 0;
      connection.unsent = size;
      return send(connection);
    }
    connection.sent += size;
    connection.unsent -= size;
    connection.unsent > 0 ? send(connection) : recv(connection);
  }

  io_uring ring_{};
  int listener_;
  std::size_t size_;
};

}  // namespace

int main(int argc, char** argv) {
  const int listener = echo::listen_here();
  Server server(listener, echo::buffer_size(argc, argv, 1));
  echo::announce(echo::port_of(listener));
  server.run();
}
