// SPDX-License-Identifier: BSL-1.0
// conformance_servers.hpp - what every backend with a network must pass: servers and their connections.
#pragma once

#include "network.hpp"

using namespace network;

namespace {
namespace serving {

/// Says hello and waits for the other end to close.
Coro<> greet(StreamReader reader, StreamWriter writer) {
  writer.write("hello");
  static_cast<void>(co_await reader.read());
}
Coro<> fail_at_once(StreamReader, StreamWriter) {
  co_await turns(1);
  throw std::runtime_error("broken handler");
}

struct Counts {
  int at_once = 0;
  int most_at_once = 0;
};

}  // namespace serving
}  // namespace

CONFORMANCE("a server runs its handler for each connection, all at once") {
  const auto body = [](serving::Counts* counts) -> Coro<std::string> {
    const auto handler = [counts](StreamReader reader, StreamWriter writer) -> Coro<> {
      return [](serving::Counts* in, StreamReader from, StreamWriter to) -> Coro<> {
        in->most_at_once = std::max(in->most_at_once, ++in->at_once);
        const std::string text = co_await from.read();
        --in->at_once;
        to.write(text);
      }(counts, std::move(reader), std::move(writer));
    };
    const Server server = co_await start_server(handler, "127.0.0.1", 0);
    const Address at = server.addresses().at(0);
    std::vector<Connection> clients;
    for (int i = 0; i < 20; ++i) {
      clients.push_back(co_await open_connection(at));
      clients.back().writer.write("client " + std::to_string(i));
    }
    co_await a_moment();
    for (const Connection& client : clients) client.writer.write_eof();
    int right = 0;
    for (std::size_t i = 0; i < clients.size(); ++i) {
      const std::string text = co_await clients[i].reader.read();
      if (text == "client " + std::to_string(i)) ++right;
    }
    co_return std::to_string(right) + ", " + std::to_string(counts->most_at_once) + " at once";
  };
  World world;
  serving::Counts counts;
  CHECK(on(world, body(&counts)) == "20, 20 at once");
}

CONFORMANCE("two hundred connections that come in one burst are all served") {
  const auto body = []() -> Coro<int> {
    ServerOptions options;
    options.backlog = 512;
    const Server server = co_await start_server(echo, "127.0.0.1", 0, options);
    const Address at = server.addresses().at(0);
    std::vector<Coro<std::string>> clients;
    for (int i = 0; i < 200; ++i) clients.push_back(ask(at, std::to_string(i)));
    const auto answers = co_await gather(std::move(clients));
    int right = 0;
    for (std::size_t i = 0; i < answers.size(); ++i) right += answers[i] == std::to_string(i) ? 1 : 0;
    co_return right;
  };
  World world;
  CHECK(on(world, body()) == 200);
}

CONFORMANCE("a megabyte comes back from an echo server as it went, from several clients at once") {
  const auto body = []() -> Coro<int> {
    ServerOptions options;
    options.socket = small_buffers();
    const Server server = co_await start_server(echo, "127.0.0.1", 0, options);
    const Address at = server.addresses().at(0);
    std::vector<Coro<std::string>> clients;
    for (std::size_t i = 0; i < 4; ++i) clients.push_back(ask(at, pattern((1 << 20) + i)));
    const auto answers = co_await gather(std::move(clients));
    int right = 0;
    for (std::size_t i = 0; i < answers.size(); ++i) right += answers[i] == pattern((1 << 20) + i) ? 1 : 0;
    co_return right;
  };
  World world;
  CHECK(on(world, body()) == 4);
}

CONFORMANCE("a server at port 0 says which port it was given, and nothing any more once it is closed") {
  const auto body = []() -> Coro<std::string> {
    Server server = co_await start_server(echo, "127.0.0.1", 0);
    const auto addresses = server.addresses();
    std::string story = std::to_string(addresses.size()) + (addresses.at(0).port() != 0 ? " with a port" : " without");
    story += server.is_serving() ? ", serves" : ", does not serve";
    server.close();
    story += server.is_serving() || !server.addresses().empty() ? ", still serves" : ", closed";
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "1 with a port, serves, closed");
}

CONFORMANCE("a server at \"\" listens at every address of the machine") {
  const auto body = []() -> Coro<std::string> {
    const Server server = co_await start_server(echo, "", 0);
    std::string story;
    for (const Address& address : server.addresses()) {
      if (!address.is_any()) story += "not any, ";
      const std::string host = address.family() == Address::Family::ipv6 ? "::1" : "127.0.0.1";
      story += co_await ask(Address::parse(host, address.port()), "x");
    }
    co_return story == "x" || story == "xx" ? "served" : story;
  };
  World world;
  CHECK(on(world, body()) == "served");
}

CONFORMANCE("starting a server where one is running fails, names the address, and leaves the first alone") {
  const auto body = []() -> Coro<std::string> {
    const Server server = co_await start_server(echo, "127.0.0.1", 0);
    const Address at = server.addresses().at(0);
    std::string story;
    try {
      const Server second = co_await start_server(echo, "127.0.0.1", at.port());
    } catch (const std::system_error& error) {
      story = error.code() == std::errc::address_in_use && contains(error.what(), at.str()) ? "in use" : error.what();
    }
    story += ", " + co_await ask(at, "still there");
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "in use, still there");
}

CONFORMANCE("a closed server refuses new connections; those it has go on, and wait_closed waits for them") {
  const auto body = []() -> Coro<std::string> {
    Server server = co_await start_server(echo, "127.0.0.1", 0);
    const Address at = server.addresses().at(0);
    const Connection client = co_await open_connection(at);
    client.writer.write("a");
    std::string story = co_await client.reader.read(1);
    server.close();
    server.close();
    const auto closed = create_task(server.wait_closed());
    story += ", " + co_await ending(ask(at, "too late"));
    client.writer.write("b");
    story += ", " + co_await client.reader.read(1);
    story += closed.done() ? ", too early" : "";
    client.writer.close();
    story += ", " + co_await ending(closed);
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "a, " + system_error_text(ECONNREFUSED) + ", b, void");
}

CONFORMANCE("wait_closed of a server without connections goes on as soon as it is closed") {
  const auto body = []() -> Coro<std::string> {
    Server server = co_await start_server(echo, "127.0.0.1", 0);
    std::string story = co_await ending(wait_for(server.wait_closed(), 2ms));
    server.close();
    story += ", " + co_await ending(wait_for(server.wait_closed(), 5s));
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "TimeoutError, void");
}

// One connection is in the kernel's hands, in the backend's or in a handler's when the server closes.
CONFORMANCE("a port is free for the next server as soon as wait_closed has ended, again and again") {
  const auto body = []() -> Coro<std::string> {
    std::uint16_t port = 0;
    std::string story;
    for (int round = 0; round < 5; ++round) {
      Server server = co_await start_server(echo, "127.0.0.1", port);
      port = server.addresses().at(0).port();
      story += co_await ask(server.addresses().at(0), "x");
      Endpoint to{Address(), server.addresses().at(0), {}};
      Socket late = co_await connect_socket(to);
      server.close();
      late.close();
      co_await server.wait_closed();
    }
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "xxxxx");
}

CONFORMANCE("a server that is closed has given its handle back when wait_closed has ended") {
  World world;
  const auto body = [](World* w) -> Coro<std::string> {
    const std::size_t before = w->open();
    Server first = co_await start_server(echo, "", 0);
    first.close();
    co_await first.wait_closed();
    std::string story = w->open() == before ? "closed" : "still open";
    const Server second = co_await start_server(echo, "127.0.0.1", 0);
    const auto forever = create_task(second.serve_forever());
    co_await turns(2);
    forever.cancel();
    story += ", " + co_await ending(forever);
    co_return story + (w->open() == before ? ", closed" : ", still open");
  };
  CHECK(on(world, body(&world)) == "closed, cancelled, closed");
}

CONFORMANCE("whoever waits for a server whose handle goes waits until its port is free") {
  const auto body = []() -> Coro<std::string> {
    std::uint16_t port = 0;
    Task<> closed;
    {
      const Server server = co_await start_server(echo, "127.0.0.1", 0);
      port = server.addresses().at(0).port();
      closed = create_task(server.wait_closed());
      co_await turns(1);
    }
    co_await closed;
    const Server next = co_await start_server(echo, "127.0.0.1", port);
    co_return co_await ask(next.addresses().at(0), "next");
  };
  World world;
  CHECK(on(world, body()) == "next");
}

CONFORMANCE("serve_forever that is cancelled closes the server and waits for its connections") {
  const auto body = []() -> Coro<std::string> {
    const Server server = co_await start_server(echo, "127.0.0.1", 0);
    const Address at = server.addresses().at(0);
    const Connection client = co_await open_connection(at);
    client.writer.write("a");
    std::string story = co_await client.reader.read(1);
    const auto forever = create_task(server.serve_forever());
    co_await turns(3);
    forever.cancel();
    co_await a_moment();
    story += server.is_serving() ? ", serves" : ", closed";
    story += forever.done() ? ", does not wait" : ", waits";
    client.writer.close();
    story += ", " + co_await ending(forever);
    story += ", " + co_await ending(server.serve_forever());
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "a, closed, waits, cancelled, serve_forever: the server is closed");
}

CONFORMANCE("serve_forever goes on when the server is closed") {
  const auto body = []() -> Coro<std::string> {
    Server server = co_await start_server(echo, "127.0.0.1", 0);
    const auto forever = create_task(server.serve_forever());
    co_await a_moment();
    std::string story = forever.done() ? "too early, " : "";
    server.close();
    story += co_await ending(forever);
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "void");
}

CONFORMANCE("a handler that throws is reported with its peer, its connection is closed, and the server goes on") {
  World world;
  Runner runner(world.backend);
  std::vector<std::string> reports;
  runner.loop().set_exception_handler([&reports](const ErrorContext& context) {
    reports.push_back(context.subject + ": " + describe(context.exception));
  });
  const auto body = []() -> Coro<std::string> {
    const Server server = co_await start_server(serving::fail_at_once, "127.0.0.1", 0);
    const Address at = server.addresses().at(0);
    std::string story;
    for (int i = 0; i < 2; ++i) {
      const Connection client = co_await open_connection(at);
      story += "[" + co_await client.reader.read() + "]";
    }
    co_return story;
  };
  CHECK(runner.run(body()) == "[][]");
  REQUIRE(reports.size() == 2);
  CHECK(contains(reports[0], "connection from 127.0.0.1:"));
  CHECK(contains(reports[0], "broken handler"));
}

CONFORMANCE("a handler that keeps its writer keeps the connection, one that does not closes it") {
  const auto body = []() -> Coro<std::string> {
    const auto kept = std::make_shared<std::vector<Connection>>();
    const auto keep = [kept](StreamReader reader, StreamWriter writer) -> Coro<> {
      return [](std::vector<Connection>* all, StreamReader from, StreamWriter to) -> Coro<> {
        all->push_back({std::move(from), std::move(to)});
        co_return;
      }(kept.get(), std::move(reader), std::move(writer));
    };
    const auto drop = [](StreamReader, StreamWriter writer) -> Coro<> {
      writer.write("bye");
      co_return;
    };
    const Server keeper = co_await start_server(keep, "127.0.0.1", 0);
    const Server dropper = co_await start_server(drop, "127.0.0.1", 0);
    const Connection first = co_await open_connection(keeper.addresses().at(0));
    const Connection second = co_await open_connection(dropper.addresses().at(0));
    std::string story = co_await second.reader.read();
    co_await a_moment();
    kept->at(0).writer.write("kept");
    story += ", " + co_await first.reader.read(4);
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "bye, kept");
}

CONFORMANCE("a handler lives as long as a connection does, also when the server is gone") {
  World world;
  const auto token = std::make_shared<int>(0);
  const auto body = [](std::weak_ptr<int> alive, std::shared_ptr<int>* first) -> Coro<std::string> {
    const auto handler = [held = std::move(*first)](StreamReader reader, StreamWriter writer) -> Coro<> {
      return serving::greet(std::move(reader), std::move(writer));
    };
    first->reset();
    std::string story;
    Connection client;
    {
      const Server server = co_await start_server(handler, "127.0.0.1", 0);
      const Address at = server.addresses().at(0);
      client = co_await open_connection(at);
      story = co_await client.reader.read(5);
    }
    co_await a_moment();
    story += alive.expired() ? ", gone" : ", alive";
    client.writer.close();
    co_return story;
  };
  std::shared_ptr<int> given = token;
  CHECK(on(world, body(token, &given)) == "hello, alive");
  CHECK(token.use_count() == 1);
}

CONFORMANCE("a server whose handle goes stops listening") {
  const auto body = []() -> Coro<std::string> {
    Address at;
    {
      const Server server = co_await start_server(echo, "127.0.0.1", 0);
      at = server.addresses().at(0);
    }
    const std::string how = co_await ending(ask(at, "x"));
    co_return how;
  };
  World world;
  CHECK(on(world, body()) == system_error_text(ECONNREFUSED));
}

CONFORMANCE("a server that outlives the run is closed with it, and its connections are") {
  World world;
  Server kept;
  Connection client;
  const auto body = [](Server* server, Connection* to) -> Coro<std::string> {
    *server = co_await start_server(serving::greet, "127.0.0.1", 0);
    *to = co_await open_connection(server->addresses().at(0));
    co_return co_await to->reader.read(5);
  };
  CHECK(on(world, body(&kept, &client)) == "hello");
  kept.close();
  CHECK(kept.addresses().empty());
}

CONFORMANCE("a run may end while connections are coming in") {
  const auto body = []() -> Coro<std::string> {
    const Server server = co_await start_server(serving::greet, "127.0.0.1", 0);
    const Address at = server.addresses().at(0);
    for (int i = 0; i < 10; ++i) static_cast<void>(create_task(ask(at, "x")));
    co_await turns(2);
    co_return "left";
  };
  for (int i = 0; i < 5; ++i) {
    World world;
    CHECK(on(world, body()) == "left");
  }
}

CONFORMANCE("a client that comes and goes at once does not disturb the server") {
  const auto body = []() -> Coro<std::string> {
    const Server server = co_await start_server(echo, "127.0.0.1", 0);
    const Address at = server.addresses().at(0);
    for (int i = 0; i < 50; ++i) {
      Endpoint to{Address(), at, {}};
      Socket socket = co_await connect_socket(to);
      socket.close();
    }
    co_return co_await ask(at, "fine");
  };
  World world;
  CHECK(on(world, body()) == "fine");
}

CONFORMANCE("an IPv6 server serves") {
  World world;
  if (!has_ipv6(world)) return;
  const auto body = []() -> Coro<std::string> {
    const Server server = co_await start_server(echo, "::1", 0);
    co_return co_await ask(server.addresses().at(0), "six");
  };
  CHECK(on(world, body()) == "six");
}

CONFORMANCE("a server is refused marks that make no sense, before it listens") {
  const auto body = []() -> Coro<std::string> {
    ServerOptions options;
    options.limits.low = options.limits.high + 1;
    try {
      const Server server = co_await start_server(echo, "127.0.0.1", 0, options);
    } catch (const std::invalid_argument&) {
      co_return "refused";
    }
    co_return "accepted";
  };
  World world;
  CHECK(on(world, body()) == "refused");
}

// --- paths -----------------------------------------------------------------------------------------------------------

CONFORMANCE("a server at a path serves, knows its address, and a client that it cannot name") {
  const auto body = [](std::string path) -> Coro<std::string> {
    const Server server = co_await start_unix_server(echo, path);
    std::string story = server.addresses().at(0).str() == path ? "at its path, " : "elsewhere, ";
    const Connection client = co_await open_unix_connection(path);
    client.writer.write("local");
    client.writer.write_eof();
    story += co_await client.reader.read();
    co_return story + (client.writer.peer_address().path() == path ? "" : ", wrong peer");
  };
  World world;
  CHECK(on(world, body(temporary_path())) == "at its path, local");
}

CONFORMANCE("a path is taken while a server listens there, and free when that is closed") {
  const auto body = [](std::string path) -> Coro<std::string> {
    Server server = co_await start_unix_server(echo, path);
    const auto start = [](std::string at) -> Coro<> { const Server second = co_await start_unix_server(echo, at); };
    std::string story = co_await ending(start(path));
    story += ", " + co_await ask_unix(path, "undisturbed");
    server.close();
    co_await server.wait_closed();
    story += ", " + co_await ending(ask_unix(path, "x"));
    story += ", " + co_await ending(start(path));
    co_return story;
  };
  World world;
  CHECK(on(world, body(temporary_path())) ==
        system_error_text(EADDRINUSE) + ", undisturbed, " + system_error_text(ENOENT) + ", void");
}

CONFORMANCE("much passes through a path as through a port") {
  const auto body = [](std::string path) -> Coro<bool> {
    const Server server = co_await start_unix_server(echo, path);
    const std::string answer = co_await ask_unix(path, pattern(much));
    co_return answer == pattern(much);
  };
  World world;
  CHECK(on(world, body(temporary_path())));
}

CONFORMANCE("a server that is refused at a path where one listens leaves no client there, and names the path") {
  const auto body = [](std::string path) -> Coro<std::string> {
    int clients = 0;
    const auto count = [&clients](StreamReader, StreamWriter) -> Coro<> {
      ++clients;
      co_return;
    };
    const Server server = co_await start_unix_server(count, path);
    const auto start = [](std::string at) -> Coro<> { const Server second = co_await start_unix_server(echo, at); };
    const auto refused = co_await as_outcome(start(path));
    co_await a_moment();
    co_return describe(refused.error()) + ", " + std::to_string(clients) + " clients";
  };
  World world;
  const std::string path = temporary_path();
  CHECK(on(world, body(path)) == "a listener at " + path + ": Address already in use, 0 clients");
}

CONFORMANCE("a path that a server leaves refuses connections, and the next server takes it over") {
  const auto body = [](std::string path) -> Coro<std::string> {
    ServerOptions options;
    options.cleanup_socket = false;
    Server server = co_await start_unix_server(echo, path, options);
    std::string story = co_await ask_unix(path, "first");
    server.close();
    co_await server.wait_closed();
    co_await turns(2);
    story += ", " + co_await ending(ask_unix(path, "x"));
    {
      const Server second = co_await start_unix_server(echo, path);
      story += ", " + co_await ask_unix(path, "second");
    }
    co_await turns(2);
    story += ", " + co_await ending(ask_unix(path, "x"));
    co_return story;
  };
  World world;
  CHECK(on(world, body(temporary_path())) ==
        "first, " + system_error_text(ECONNREFUSED) + ", second, " + system_error_text(ENOENT));
}

CONFORMANCE("a name without a file is free when its server closes, and errors print it whole") {
  const auto body = [](std::string name) -> Coro<std::string> {
    const auto start = [](std::string at) -> Coro<> { const Server second = co_await start_unix_server(echo, at); };
    ServerOptions options;
    options.cleanup_socket = false;
    Server server = co_await start_unix_server(echo, name, options);
    std::string story = server.addresses().at(0).path() == name ? "" : "elsewhere, ";
    story += co_await ask_unix(name, "there");
    const auto refused = co_await as_outcome(start(name));
    story += ", " + describe(refused.error());
    server.close();
    co_await a_moment();
    story += ", " + co_await ending(start(name));
    co_return story;
  };
  World world;
  std::string name = temporary_path();
  const std::string shown = "@" + name.substr(1) + "\\x00\\x0a";
  name[0] = '\0';
  name += std::string("\0\n", 2);
  CHECK(on(world, body(name)) == "there, a listener at " + shown + ": Address already in use, void");
}

CONFORMANCE("a client at a path of its own is known by it, keeps others from it, and gives it back") {
  const auto body = [](std::string path, std::string own) -> Coro<std::string> {
    const auto tell = [](StreamReader reader, StreamWriter writer) -> Coro<> {
      writer.write(writer.peer_address().path());
      static_cast<void>(co_await reader.read());
    };
    const Server server = co_await start_unix_server(tell, path);
    const Address local = Address::unix_path(own);
    ConnectOptions options;
    options.local = &local;
    const auto connect = [](std::string to, ConnectOptions how) -> Coro<> {
      const auto open = co_await open_unix_connection(std::move(to), how);
    };
    std::string story;
    {
      const Connection client = co_await open_unix_connection(path, options);
      const std::string name = co_await client.reader.read(own.size());
      story += name == own ? "known" : name;
      story += ", " + co_await ending(connect(path, options));
      story += ", " + co_await ending(connect(own, ConnectOptions()));
    }
    co_await turns(3);
    story += ", " + co_await ending(connect(path, options));
    co_return story;
  };
  World world;
  CHECK(on(world, body(temporary_path(), temporary_path())) ==
        "known, " + system_error_text(EADDRINUSE) + ", " + system_error_text(ECONNREFUSED) + ", void");
}
