// SPDX-License-Identifier: BSL-1.0
// conformance_connections.hpp - what every backend with a network must pass: names, and connections to them.
#pragma once

#include "network.hpp"

using namespace network;

namespace {
namespace connecting {

Coro<std::string> reason_of(std::string host, std::string service, LookupOptions options = {}) {
  try {
    const auto addresses = co_await getaddrinfo(std::move(host), std::move(service), options);
    co_return std::to_string(addresses.size()) + " addresses";
  } catch (const ResolveError& error) {
    switch (error.reason()) {
      case ResolveError::Reason::host_not_found:
        co_return "host_not_found";
      case ResolveError::Reason::try_again:
        co_return "try_again";
      case ResolveError::Reason::failed:
        co_return "failed";
      case ResolveError::Reason::no_address:
        co_return "no_address";
      case ResolveError::Reason::unknown_service:
        co_return "unknown_service";
    }
    co_return "?";
  }
}

/// The two loopback addresses, as a host without a name has them; or fewer.
Coro<std::size_t> loopbacks() {
  const auto addresses = co_await getaddrinfo("", 1);
  co_return addresses.size();
}
Coro<std::string> ask_host(std::string host, std::uint16_t port, std::string text, ConnectOptions options = {}) {
  const Connection connection = co_await open_connection(std::move(host), port, std::move(options));
  connection.writer.write(text);
  connection.writer.write_eof();
  co_return co_await connection.reader.read();
}
Coro<std::uint16_t> free_port() {
  Endpoint at;
  const Socket listener = co_await listener_at(&at);
  co_return at.local.port();
}

}  // namespace connecting
}  // namespace

CONFORMANCE("addresses in numbers are read as they are") {
  const auto body = []() -> Coro<std::string> {
    std::string story;
    for (const char* host : {"127.0.0.1", "::1", "192.0.2.33", "2001:db8::1"}) {
      const auto addresses = co_await getaddrinfo(host, 80);
      story += std::to_string(addresses.size()) + " " + addresses.at(0).str() + ", ";
    }
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "1 127.0.0.1:80, 1 [::1]:80, 1 192.0.2.33:80, 1 [2001:db8::1]:80, ");
}

CONFORMANCE("localhost is this machine") {
  const auto body = []() -> Coro<bool> {
    const auto addresses = co_await getaddrinfo("localhost", "4711");
    bool right = !addresses.empty();
    for (const Address& address : addresses) {
      right = right && address.port() == 4711 && (address.host() == "127.0.0.1" || address.host() == "::1");
    }
    co_return right;
  };
  World world;
  CHECK(on(world, body()));
}

CONFORMANCE("a name that does not exist is a ResolveError that names it") {
  const auto body = []() -> Coro<std::string> {
    try {
      static_cast<void>(co_await getaddrinfo("no-such-host.invalid", 80));
    } catch (const ResolveError& error) {
      const bool expected = error.reason() == ResolveError::Reason::host_not_found ||
          error.reason() == ResolveError::Reason::try_again;  // without a name server
      co_return expected && contains(error.what(), "no-such-host.invalid") ? "named" : error.what();
    }
    co_return "found";
  };
  World world;
  CHECK(on(world, body()) == "named");
}

CONFORMANCE("a port beyond 65535 and a family that an address is not of are told apart") {
  const auto body = []() -> Coro<std::string> {
    LookupOptions six;
    six.family = Address::Family::ipv6;
    std::string story = co_await connecting::reason_of("127.0.0.1", "65536");
    story += ", " + co_await connecting::reason_of("127.0.0.1", "80", six);
    story += ", " + co_await connecting::reason_of("localhost", "no-such-service");
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "unknown_service, no_address, unknown_service");
}

CONFORMANCE("a lookup that is cancelled ends at once") {
  const auto body = []() -> Coro<std::string> {
    const auto task = create_task(connecting::reason_of("localhost", "80"));
    co_await turns(1);
    task.cancel();
    co_return co_await ending(task);
  };
  World world;
  CHECK(on(world, body()) == "cancelled");
}

CONFORMANCE("open_connection goes to a name") {
  const auto body = []() -> Coro<std::string> {
    const Server server = co_await start_server(echo, "127.0.0.1", 0);
    co_return co_await connecting::ask_host("localhost", server.addresses().at(0).port(), "by name");
  };
  World world;
  CHECK(on(world, body()) == "by name");
}

CONFORMANCE("when the first address refuses, the second is tried, whichever family it is of") {
  World world;
  if (!has_ipv6(world)) return;
  const auto body = [](const char* at) -> Coro<std::string> {
    const std::size_t known = co_await connecting::loopbacks();
    if (known < 2) co_return "both";  // the machine gives only one
    const Server server = co_await start_server(echo, at, 0);
    co_return co_await connecting::ask_host("", server.addresses().at(0).port(), "both");
  };
  CHECK(on(world, body("127.0.0.1")) == "both");
  CHECK(on(world, body("::1")) == "both");
}

CONFORMANCE("when no address answers, the error is that of the first, and its text tells of all") {
  const auto body = []() -> Coro<std::string> {
    const std::uint16_t port = co_await connecting::free_port();
    const std::size_t known = co_await connecting::loopbacks();
    try {
      static_cast<void>(co_await connecting::ask_host("", port, "x"));
    } catch (const std::system_error& error) {
      if (known < 2) co_return "refused by both";
      const bool both = contains(error.what(), "127.0.0.1") && contains(error.what(), "::1");
      co_return both ? "refused by both" : error.what();
    }
    co_return "connected";
  };
  World world;
  CHECK(on(world, body()) == "refused by both");
}

CONFORMANCE("addresses are tried one after the other without a delay for happy eyeballs, too") {
  World world;
  if (!has_ipv6(world)) return;
  const auto body = []() -> Coro<std::string> {
    ConnectOptions options;
    options.happy_eyeballs_delay = std::nullopt;
    const Server server = co_await start_server(echo, "127.0.0.1", 0);
    const std::size_t known = co_await connecting::loopbacks();
    const std::string host = known < 2 ? "127.0.0.1" : "";
    co_return co_await connecting::ask_host(host, server.addresses().at(0).port(), "patient", options);
  };
  CHECK(on(world, body()) == "patient");
}

CONFORMANCE("open_connection that is cancelled at any turn leaves nothing behind") {
  const auto body = [](std::string host) -> Coro<std::string> {
    const Server server = co_await start_server(echo, "127.0.0.1", 0);
    const std::uint16_t port = server.addresses().at(0).port();
    for (int cancel_at = 0; cancel_at < 25; ++cancel_at) {
      const auto task = create_task(connecting::ask_host(host, port, "x"));
      co_await turns(cancel_at);
      if (cancel_at % 5 == 4) co_await sleep(300us);
      task.cancel();
      const std::string how = co_await ending(task);
      if (how != "cancelled" && how != "x") co_return how;
    }
    co_return "fine";
  };
  World world;
  CHECK(on(world, body("127.0.0.1")) == "fine");
  CHECK(on(world, body("localhost")) == "fine");
  CHECK(on(world, body("")) == "fine");
}

CONFORMANCE("a stream can be opened from a local address that is given") {
  const auto body = []() -> Coro<std::string> {
    const auto tell = [](StreamReader, StreamWriter writer) -> Coro<> {
      writer.write(writer.peer_address().host());
      co_return;
    };
    const Server server = co_await start_server(tell, "127.0.0.1", 0);
    ConnectOptions options;
    const Address local = Address::parse("127.0.0.2", 0);
    options.local = &local;
    const Connection client = co_await open_connection(server.addresses().at(0), options);
    co_return co_await client.reader.read();
  };
  World world;
  CHECK(on(world, body()) == "127.0.0.2");
}

CONFORMANCE("a path where no socket is cannot be connected to") {
  const auto body = []() -> Coro<std::string> { co_return co_await ending(ask_unix(temporary_path(), "x")); };
  World world;
  CHECK(on(world, body()) == system_error_text(ENOENT));
}

// --- what is refused -------------------------------------------------------------------------------------------------

CONFORMANCE("a host or a service with a null byte is refused, and not read up to there") {
  const auto body = [](std::string host, std::string service) -> Coro<std::string> {
    co_return co_await ending(getaddrinfo(std::move(host), std::move(service)));
  };
  const std::string null(1, '\0');
  World world;
  CHECK(on(world, body("127.0.0.1" + null + ".x", "80")) == "embedded null byte in the host '127.0.0.1\\x00.x'");
  CHECK(on(world, body("localhost" + null, "80")) == "embedded null byte in the host 'localhost\\x00'");
  CHECK(on(world, body("127.0.0.1", "80" + null + "1")) == "embedded null byte in the service '80\\x001'");
}

CONFORMANCE("a service with a sign, a blank or another base is no port, whether the host is a name or a number") {
  const auto body = [](std::string host) -> Coro<std::string> {
    std::string story;
    for (const char* service : {"+80", "+70000", "-1", " 80", "80 ", "0x50", "8 0"}) {
      const std::string reason = co_await connecting::reason_of(host, service);
      if (reason != "unknown_service") story += std::string(service) + ": " + reason + ", ";
    }
    co_return story;
  };
  World world;
  CHECK(on(world, body("127.0.0.1")).empty());
  CHECK(on(world, body("localhost")).empty());
}

CONFORMANCE("the error of an unknown service or name says what was asked for, and nothing about addresses") {
  const auto body = [](std::string host, std::string service) -> Coro<std::string> {
    try {
      static_cast<void>(co_await getaddrinfo(std::move(host), std::move(service)));
    } catch (const std::system_error& error) {
      co_return error.what();
    }
    co_return "found";
  };
  World world;
  CHECK(on(world, body("localhost", "nonesuch")) ==
        "cannot resolve 'localhost' (service 'nonesuch'): the service is no known name, and no port from 0 to 65535");
  const std::string unknown = on(world, body("no-such-host.invalid", "80"));
  CHECK(contains(unknown, "cannot resolve 'no-such-host.invalid' (service '80'): "));
  CHECK_FALSE(contains(unknown, "assign"));
}

CONFORMANCE("a path with a null byte inside, an empty one and one that is too long are refused by name") {
  const auto body = [](std::string path) -> Coro<std::string> {
    const auto start = [](std::string at) -> Coro<> { const Server server = co_await start_unix_server(echo, at); };
    const auto connect = [](std::string to) -> Coro<> { const auto open = co_await open_unix_connection(to); };
    const auto started = co_await as_outcome(start(path));
    const auto connected = co_await as_outcome(connect(path));
    co_return describe(started.error()) + "; " + describe(connected.error()) + "; ";
  };
  World world;
  const std::string null = on(world, body(std::string("/tmp/a\0b", 8)));
  CHECK(null == "embedded null byte in the path '/tmp/a\\x00b'; embedded null byte in the path '/tmp/a\\x00b'; ");
  CHECK(on(world, body("")) ==
        "listen: the path of the Unix socket is empty; connect: the path of the Unix socket is empty; ");
  const std::string too_long = on(world, body("/tmp/" + std::string(200, 'p')));
  CHECK(contains(too_long, "(a path of 205 bytes; the limit is 107): File name too long; a connection to /tmp/ppp"));
}

// --- what is read during the call ------------------------------------------------------------------------------------

CONFORMANCE("the local address that ConnectOptions point to may be gone when the connection begins") {
  const auto body = []() -> Coro<std::string> {
    const auto tell = [](StreamReader, StreamWriter writer) -> Coro<> {
      writer.write(writer.peer_address().host() + " ");
      co_return;
    };
    const Server server = co_await start_server(tell, "127.0.0.1", 0);
    const Address at = server.addresses().at(0);
    auto from = std::make_unique<Address>(Address::parse("127.0.0.2", 0));
    ConnectOptions options;
    options.local = from.get();
    std::vector<Coro<Connection>> connecting;
    connecting.push_back(open_connection(at, options));
    connecting.push_back(open_connection("127.0.0.1", at.port(), options));
    from.reset();
    std::string story;
    for (auto& coro : connecting) {
      const Connection client = co_await std::move(coro);
      story += co_await client.reader.read();
    }
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "127.0.0.2 127.0.0.2 ");
}
