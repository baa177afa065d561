// SPDX-License-Identifier: BSL-1.0
// adopt_listener_test.cpp - servers on listeners that a service manager, or the program itself, has made.
#include <rondo/connection.hpp>
#include <rondo/server.hpp>

#include <poll.h>

#include "descriptors.hpp"
#include "process_run.hpp"

using namespace processes;

namespace {

/// Accepts with accept(2), as another process that has the same listener would.
std::string accept_elsewhere(const Descriptor& listener) {
  pollfd ready{listener.number(), POLLIN, 0};
  if (::poll(&ready, 1, 5000) != 1) return "nobody came";
  const int connection = ::accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC);
  if (connection < 0) return "errno " + std::to_string(errno);
  ::close(connection);
  return "accepted";
}

Descriptor unix_listener(const std::string& path) {
  Descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  path.copy(at.sun_path, sizeof at.sun_path - 1);
  if (::bind(made.number(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) throw std::runtime_error("bind");
  if (::listen(made.number(), 10) != 0) throw std::runtime_error("listen");
  return made;
}

Coro<std::string> serve_once(const std::string* path) {
  Descriptor listener = path ? unix_listener(*path) : listening_socket();
  const Server server = co_await start_server(network::echo, {.socket = listener.take()});
  co_return co_await network::ask(server.addresses().at(0), "hello");
}

}  // namespace

TEST_CASE("an inherited listener serves, and tells its address") {
  CHECK(here(serve_once(nullptr)) == "hello");
}

TEST_CASE("connections that came before the listener was adopted are served") {
  const auto body = []() -> Coro<std::string> {
    Descriptor listener = listening_socket();
    sockaddr_in at{};
    socklen_t size = sizeof at;
    ::getsockname(listener.number(), reinterpret_cast<sockaddr*>(&at), &size);
    const Connection early = co_await open_connection(Address::loopback(ntohs(at.sin_port)));
    early.writer.write("early");
    early.writer.write_eof();
    const Server server = co_await start_server(network::echo, {.socket = listener.take()});
    co_return co_await early.reader.read();
  };
  CHECK(here(body()) == "early");
}

TEST_CASE("an adopted listener serves a hundred connections at once") {
  const auto body = []() -> Coro<int> {
    const Server server = co_await start_server(network::echo, {.socket = listening_socket().take()});
    std::vector<Coro<std::string>> asking;
    for (int i = 0; i < 100; ++i) asking.push_back(network::ask(server.addresses().at(0), std::to_string(i)));
    const auto answers = co_await gather(std::move(asking));
    int right = 0;
    for (std::size_t i = 0; i < answers.size(); ++i) right += answers[i] == std::to_string(i) ? 1 : 0;
    co_return right;
  };
  CHECK(here(body()) == 100);
}

TEST_CASE("a server that closes does not shut an adopted listener down for others that have it") {
  const auto body = [](const Descriptor* other) -> Coro<std::string> {
    Descriptor mine = other->duplicate();
    Server server = co_await start_server(network::echo, {.socket = mine.take()});
    const Address at = server.addresses().at(0);
    std::string story = co_await network::ask(at, "served");
    server.close();
    co_await server.wait_closed();
    const Connection late = co_await open_connection(at);
    story += ", " + accept_elsewhere(*other);
    co_return story;
  };
  const Descriptor listener = listening_socket();
  CHECK(here(body(&listener)) == "served, accepted");
  CHECK(blocks(listener.number()));
}

TEST_CASE("a loop that ends does not shut an adopted listener down for others that have it") {
  const auto body = [](const Descriptor* other, Server* kept) -> Coro<Address> {
    *kept = co_await start_server(network::echo, {.socket = other->duplicate().take()});
    co_await a_moment();
    co_return kept->addresses().at(0);
  };
  const auto connect = [](Address at) -> Coro<> { const Connection made = co_await open_connection(at); };
  const Descriptor listener = listening_socket();
  Server kept;
  const Address at = here(body(&listener, &kept));
  here(connect(at));
  CHECK(accept_elsewhere(listener) == "accepted");
  CHECK(blocks(listener.number()));
}

TEST_CASE("two servers may share one listener through a duplicate") {
  const auto body = []() -> Coro<std::string> {
    Descriptor listener = listening_socket();
    Descriptor copy = listener.duplicate();
    Server first = co_await start_server(network::echo, {.socket = listener.take()});
    const Server second = co_await start_server(network::echo, {.socket = copy.take()});
    const Address at = second.addresses().at(0);
    std::string story = co_await network::ask(at, "both");
    first.close();
    co_await first.wait_closed();
    for (int i = 0; i < 5; ++i) story += " " + co_await network::ask(at, "second");
    co_return story;
  };
  CHECK(here(body()) == "both second second second second second");
}

TEST_CASE("the path of an adopted Unix listener is not removed: whoever made it may need it") {
  const std::string path = network::temporary_path();
  CHECK(here(serve_once(&path)) == "hello");
  CHECK(::access(path.c_str(), F_OK) == 0);
  ::unlink(path.c_str());
}

TEST_CASE("a cancellation while a listener is adopted closes it") {
  const auto body = [](int number) -> Coro<std::string> {
    const auto task = create_task(start_server(network::echo, {.socket = number}));
    co_await sleep(0s);
    task.cancel();
    std::string how = co_await ending(task);
    co_await a_moment();
    co_return how + (is_open(number) ? ", open" : ", closed");
  };
  Descriptor listener = listening_socket();
  const int number = listener.number();
  const std::size_t before = open_descriptors();
  {
    const auto backend = make_test_backend();
    CHECK(rondo::run(*backend, body(listener.take())) == "cancelled, closed");
  }
  CHECK_FALSE(is_open(number));
  CHECK(open_descriptors() == before - 1);
}
