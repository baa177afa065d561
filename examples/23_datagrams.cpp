// SPDX-License-Identifier: BSL-1.0
// 23_datagrams.cpp - UDP: a datagram may be lost, so whoever asks waits for a while, and asks again. With --listen PORT
// the server alone, which answers everybody: try nc -u.
//
// Expected output:
//   client asks "what is love?"
//   server does not hear it
//   client has waited for 100 ms, and asks again
//   client asks "what is love?"
//   server answers
//   client reads "what is love? you say"
#include <chrono>
#include <iostream>
#include <string>

#include "arguments.hpp"

using namespace std::chrono_literals;

class EchoServer {
 public:
  EchoServer(rondo::DatagramSocket socket, int deaf) : socket_(std::move(socket)), deaf_(deaf) {}

  rondo::Coro<> run() {
    for (;;) {
      const auto question = co_await socket_.recv_from();
      if (deaf_ > 0) {
        --deaf_;
        std::cout << "server does not hear it\n";
        continue;
      }
      if (prints_) std::cout << "server answers\n";
      const auto sent = co_await rondo::as_outcome(socket_.send_to(question.data + " you say", question.address));
      if (sent.cancelled()) sent.raise();  // any other error is that client's bad luck
    }
  }
  void be_quiet() { prints_ = false; }

 private:
  rondo::DatagramSocket socket_;
  int deaf_;  // datagrams that it will lose
  bool prints_ = true;
};

rondo::Coro<std::string> ask(rondo::DatagramSocket& server, std::string question) {
  for (int attempt = 1; attempt <= 3; ++attempt) {
    std::cout << "client asks \"" << question << "\"\n";
    co_await server.send(question);
    try {
      const auto answer = co_await rondo::timeout(100ms, [&] { return server.recv_from(); });
      co_return answer.data;
    } catch (const rondo::TimeoutError&) {
      std::cout << "client has waited for 100 ms, and asks again\n";
    }
  }
  throw std::runtime_error("no answer");
}

rondo::Coro<> async_main(Arguments arguments) {
  auto socket = co_await rondo::open_datagram(rondo::Address::loopback(arguments.listen.value_or(0)));
  const rondo::Address address = socket.local_address();
  EchoServer server(std::move(socket), arguments.listen ? 0 : 1);
  if (arguments.listen) {
    server.be_quiet();
    std::cout << "listening at " << address.str() << std::endl;
    co_return co_await server.run();  // to Ctrl-C
  }
  const auto running = rondo::create_task(server.run());
  auto client = co_await rondo::open_datagram({}, address);
  const std::string answer = co_await ask(client, "what is love?");
  std::cout << "client reads \"" << answer << "\"\n";
  running.cancel();
  static_cast<void>(co_await rondo::as_outcome(running));
}

int main(int argc, char** argv) {
  const Arguments arguments = parse_arguments(argc, argv);
  return run_program(arguments, async_main(arguments));
}
