// SPDX-License-Identifier: BSL-1.0
// 20_tcp_proxy.cpp - a TCP proxy: bytes go both ways at their own pace, and the end of one way is passed on while the
// other goes on. As a program: --listen PORT --to HOST:PORT.
//
// Expected output:
//   the client asks through the proxy, and says that this was all
//   the server has read 28 bytes, to the end, and answers only now
//   the client reads: "What is 6 times 7?", "Why?"
#include <iostream>
#include <string>

#include "arguments.hpp"

rondo::Coro<> pump(rondo::StreamReader& from, rondo::StreamWriter& to) {
  for (;;) {
    const std::string data = co_await from.read(64 * 1024);
    if (data.empty()) break;
    to.write(data);
    co_await to.drain();  // who reads slowly is sent slowly
  }
  to.write_eof();
}

class Proxy {
 public:
  explicit Proxy(HostPort target) : target_(std::move(target)) {}

  rondo::Coro<> operator()(rondo::StreamReader reader, rondo::StreamWriter writer) {
    rondo::Connection server;
    try {
      server = co_await rondo::open_connection(target_.host, target_.port);
      co_await rondo::task_group(
          [](rondo::TaskGroup& both, auto* a, auto* b, auto* c, auto* d) -> rondo::Coro<> {
            static_cast<void>(both.create_task(pump(*a, *b)));
            static_cast<void>(both.create_task(pump(*c, *d)));
            co_return;
          },
          &reader, &server.writer, &server.reader, &writer);
    } catch (const std::exception& error) {  // one side is lost, or was never there: so is the other
      std::cerr << "a connection broke: " << error.what() << '\n';
      writer.abort();
    }
  }

 private:
  HostPort target_;
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
  co_await serve(co_await rondo::start_server(Proxy(*arguments.peer), "127.0.0.1", *arguments.listen));
}

int main(int argc, char** argv) {
  const Arguments arguments = parse_arguments(argc, argv);
  return run_program(arguments, async_main(arguments));
}
