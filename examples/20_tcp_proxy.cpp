// SPDX-License-Identifier: BSL-1.0
// 20_tcp_proxy.cpp - a TCP proxy: bytes go both ways at their own pace, and the end of one way is passed on while the
// other goes on. Whoever loses one side loses the other. As a program: --listen PORT --to HOST:PORT --patience SECONDS.
//
// Expected output:
//   the client asks through the proxy, and says that this was all
//   the server has read 28 bytes, to the end, and answers only now
//   the client reads: "What is 6 times 7?", "Why?"
#include <iostream>
#include <string>

#include "arguments.hpp"

/// Both ways between a client and the server.
struct Tunnel {
  rondo::Connection client;
  rondo::Connection server;
  rondo::Duration patience;
  int open = 2;              // ways
  int blocked = 0;           // those whose reader does not read
  std::uint64_t moved = 0;   // pieces
  rondo::Task<> watcher;
};

rondo::Coro<> pump(Tunnel& tunnel, rondo::StreamReader& from, rondo::StreamWriter& to) {
  for (;;) {
    const std::string data = co_await from.read(64 * 1024);
    if (data.empty()) break;
    to.write(data);
    ++tunnel.blocked;
    co_await to.drain();  // who reads slowly is sent slowly
    --tunnel.blocked;
    ++tunnel.moved;
  }
  to.write_eof();
  if (--tunnel.open == 0) tunnel.watcher.cancel();
}

/// TCP does not tell a peer that has gone from one that only sends no more, and does not tell of a peer that is not
/// read from that it is lost. So neither may last for ever.
rondo::Coro<> watch(Tunnel& tunnel) {
  for (;;) {
    const std::uint64_t before = tunnel.moved;
    co_await rondo::sleep(tunnel.patience);
    if ((tunnel.open < 2 || tunnel.blocked > 0) && tunnel.moved == before) {
      throw std::runtime_error("one way has ended or is blocked, and nothing moves on the other");
    }
  }
}

rondo::Coro<> pass(Tunnel& tunnel) {
  const auto outcome = co_await rondo::as_outcome(rondo::task_group(
      [](rondo::TaskGroup& group, Tunnel* both) -> rondo::Coro<> {
        both->watcher = group.create_task(watch(*both));
        static_cast<void>(group.create_task(pump(*both, both->client.reader, both->server.writer)));
        static_cast<void>(group.create_task(pump(*both, both->server.reader, both->client.writer)));
        co_return;
      },
      &tunnel));
  if (outcome.has_value()) co_return;
  tunnel.client.writer.abort();  // one side is lost: what is on its way to the other is, too
  tunnel.server.writer.abort();
  outcome.raise();
}

class Proxy {
 public:
  explicit Proxy(HostPort target, rondo::Duration patience = std::chrono::minutes(1))
      : target_(std::move(target)), patience_(patience) {}

  rondo::Coro<> operator()(rondo::StreamReader reader, rondo::StreamWriter writer) {
    Tunnel tunnel;
    tunnel.client = {std::move(reader), std::move(writer)};
    tunnel.patience = patience_;
    try {
      tunnel.server = co_await rondo::open_connection(target_.host, target_.port);
      co_await pass(tunnel);
    } catch (const std::exception& error) {
      std::cerr << "a connection broke: " << error.what() << '\n';
    }
  }

 private:
  HostPort target_;
  rondo::Duration patience_;
};

rondo::Coro<> answer_at_the_end(rondo::StreamReader reader, rondo::StreamWriter writer) {
  const std::string questions = co_await reader.read();
  std::cout << "the server has read " << questions.size() << " bytes, to the end, and answers only now\n";
  writer.write(questions);
  co_await writer.drain();
}

rondo::Coro<> demonstrate() {
  rondo::Server server = co_await rondo::start_server(answer_at_the_end, "127.0.0.1", 0);
  const HostPort target{"127.0.0.1", server.addresses().front().port()};
  rondo::Server proxy = co_await rondo::start_server(Proxy(target), "127.0.0.1", 0);

  auto [reader, writer] = co_await rondo::open_connection("127.0.0.1", proxy.addresses().front().port());
  std::cout << "the client asks through the proxy, and says that this was all\n";
  writer.write("\"What is 6 times 7?\", \"Why?\"");
  writer.write_eof();
  const std::string answer = co_await reader.read();
  std::cout << "the client reads: " << answer << '\n';
}

rondo::Coro<> async_main(Arguments arguments) {
  if (!arguments.listen) co_return co_await demonstrate();
  if (!arguments.peer) refuse_arguments("--listen needs --to, too");
  const Proxy proxy(*arguments.peer, arguments.patience);
  co_await serve(co_await rondo::start_server(proxy, "127.0.0.1", *arguments.listen));
}

int main(int argc, char** argv) {
  const Arguments arguments = parse_arguments(argc, argv);
  return run_program(arguments, async_main(arguments));
}
