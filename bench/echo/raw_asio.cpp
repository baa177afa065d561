// SPDX-License-Identifier: BSL-1.0
// raw_asio.cpp - echo-asio [BUFFER]: standalone Asio with callbacks, one shared session and one buffer a connection, as
// its own examples have it.
#include <asio.hpp>

#include <cstddef>
#include <memory>
#include <vector>

#include "common.hpp"

namespace {

using asio::ip::tcp;

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, std::size_t size) : socket_(std::move(socket)), buffer_(new std::byte[size]), size_(size) {}
  void read() {
    socket_.async_read_some(asio::buffer(buffer_.get(), size_),
                            [self = shared_from_this()](std::error_code error, std::size_t got) {
                              if (!error) self->write(got);
                            });
  }

 private:
  void write(std::size_t size) {
    asio::async_write(socket_, asio::buffer(buffer_.get(), size),
                      [self = shared_from_this()](std::error_code error, std::size_t) {
                        if (!error) self->read();
                      });
  }

  tcp::socket socket_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t size_;
};

void accept(tcp::acceptor& acceptor, std::size_t size) {
  acceptor.async_accept([&acceptor, size](std::error_code error, tcp::socket socket) {
    if (!error) {
      socket.set_option(tcp::no_delay(true));
      std::make_shared<Session>(std::move(socket), size)->read();
    }
    accept(acceptor, size);
  });
}

}  // namespace

int main(int argc, char** argv) {
  asio::io_context context(1);
  tcp::acceptor acceptor(context);
  acceptor.assign(tcp::v4(), echo::listen_here());
  accept(acceptor, echo::buffer_size(argc, argv, 1));
  echo::announce(acceptor.local_endpoint().port());
  context.run();
}
