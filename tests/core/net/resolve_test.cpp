// SPDX-License-Identifier: BSL-1.0
// resolve_test.cpp - lookups, and connections to names with several addresses.
#include <rondo/resolve.hpp>

#include "net_world.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Kind = OperationKind;
using Reason = ResolveError::Reason;

namespace {

Coro<std::string> first_of(Coro<std::vector<Address>> lookup) {
  const auto addresses = co_await std::move(lookup);
  co_return std::to_string(addresses.size()) + ": " + addresses.at(0).str();
}

struct NameWorld : NetWorld {
  ~NameWorld() { loop.drop_tasks_silently(); }
  Task<std::string> look_up(std::string host, std::string service, LookupOptions options = {}) {
    const auto task = loop.create_task(told(first_of(getaddrinfo(std::move(host), std::move(service), options))));
    step();
    return task;
  }
  /// The name server answers with IPv4 addresses in 10.0.0.0/8 that end so, or with IPv6 for those above 100.
  void answer(std::vector<std::uint8_t> ends) {
    const Output output = take(Kind::resolve);
    for (const std::uint8_t end : ends) {
      const std::string number = std::to_string(end);
      output.lookup->addresses.push_back(Address::parse(end > 100 ? "2001:db8::" + number : "10.0.0." + number, 80));
    }
    step({Input::completion(output.id, 0)});
    step();
  }
  std::string now_of(const Task<std::string>& task) {
    for (int i = 0; i < 4; ++i) step();
    return task.done() ? task.result() : "waits";
  }
};

Coro<std::string> peer_of(Coro<Connection> connecting) {
  const Connection connection = co_await std::move(connecting);
  co_return connection.writer.peer_address().str();
}

}  // namespace

TEST_CASE("addresses in numbers need no lookup") {
  NameWorld w;
  CHECK(w.look_up("10.1.2.3", "80").result() == "1: 10.1.2.3:80");
  CHECK(w.look_up("::1", "").result() == "1: [::1]:0");
  CHECK_FALSE(w.has(Kind::resolve));
  CHECK(w.look_up("::1", "80", {.family = Address::Family::ipv4}).result() ==
        "cannot resolve '::1' (service '80'): it has no address of this family");
}

TEST_CASE("a name is asked of the backend, with what the answer must be like") {
  NameWorld w;
  const auto task = w.look_up("db", "http", {.family = Address::Family::ipv6, .passive = true});
  const Lookup& lookup = *w.outputs.at(0).lookup;
  CHECK(lookup.host == "db");
  CHECK(lookup.service == "http");
  CHECK(lookup.family == Address::Family::ipv6);
  CHECK(lookup.passive);
  w.answer({1, 2});
  CHECK(w.now_of(task) == "2: 10.0.0.1:80");
}

TEST_CASE("a name without an address says why") {
  for (const Reason reason : {Reason::host_not_found, Reason::failed, Reason::unknown_service}) {
    NameWorld w;
    const auto task = w.look_up("db", "svc");
    w.end(Kind::resolve, -static_cast<int>(reason));
    CHECK_THAT(w.now_of(task), Catch::StartsWith("cannot resolve 'db' (service 'svc'): the "));
  }
  NameWorld w;
  const auto task = w.look_up("db", "80");
  w.answer({});
  CHECK_THAT(w.now_of(task), Catch::Contains("'db' (service '80'): it has no address of this family"));
}

TEST_CASE("what() of a ResolveError names host, service and the true cause, and none of the system's words") {
  const auto words = [](Reason reason) { return std::string(ResolveError(reason, "db", "http").what()); };
  const std::string front = "cannot resolve 'db' (service 'http'): ";
  CHECK(words(Reason::host_not_found) == front + "the name is not known");
  CHECK(words(Reason::try_again) == front + "no name server answered; try again later");
  CHECK(words(Reason::failed) == front + "the lookup failed, here or at the name server");
  CHECK(words(Reason::no_address) == front + "it has no address of this family");
  CHECK(words(Reason::unknown_service) == front + "the service is no known name, and no port from 0 to 65535");
  const ResolveError error(Reason::host_not_found, "d\nb", "");
  const ResolveError copy = error;
  const std::system_error& as_system = copy;
  CHECK(as_system.what() == std::string("cannot resolve 'd\\x0ab': the name is not known"));
  CHECK(as_system.code() == std::errc::address_not_available);
}

TEST_CASE("a host or a service with a null byte is refused before anybody is asked") {
  NameWorld w;
  const std::string null(1, '\0');
  CHECK(w.look_up("127.0.0.1" + null + ".x", "80").result() == "embedded null byte in the host '127.0.0.1\\x00.x'");
  CHECK(w.look_up("127.0.0.1", "80" + null).result() == "embedded null byte in the service '80\\x00'");
  CHECK(w.look_up(null, "80").result() == "embedded null byte in the host '\\x00'");
  CHECK_FALSE(w.has(Kind::resolve));
}

TEST_CASE("a service with a sign or a blank in front, or beyond 65535, is no port and no name") {
  NameWorld w;
  for (const char* wrong : {"+80", "+70000", "-1", " 80", "\t80", "65536", "99999999999999999999"}) {
    CAPTURE(wrong);
    CHECK_THAT(w.look_up("10.1.2.3", wrong).result(), Catch::Contains("the service is no known name, and no port"));
  }
  CHECK_FALSE(w.has(Kind::resolve));
}

TEST_CASE("a port in numbers is checked where a connection, a server or a lookup is called") {
  NameWorld w;
  const auto none = [](StreamReader, StreamWriter) -> Coro<> { co_return; };
  const char* const why = "port must be 0 to 65535, not 70000";
  CHECK_THROWS_WITH(static_cast<void>(getaddrinfo("db", 70000)), why);
  CHECK_THROWS_WITH(static_cast<void>(open_connection("db", 70000)), why);
  CHECK_THROWS_WITH(static_cast<void>(start_server(none, "", 70000)), why);
  CHECK_THROWS_AS(static_cast<void>(open_connection("db", -1)), std::invalid_argument);
}

TEST_CASE("a cancelled lookup ends at once, and the answer that comes later is dropped") {
  NameWorld w;
  const auto task = w.look_up("db", "80");
  task.cancel();
  CHECK(w.now_of(task) == "cancelled");
  w.answer({1});
}

TEST_CASE("the loop may end while a lookup is under way") {
  NameWorld w;
  static_cast<void>(w.look_up("db", "80"));
  w.loop.drop_tasks_silently();
  w.loop.discard();
}

TEST_CASE("the local address of ConnectOptions is read during the call, and may be gone before the first step") {
  NameWorld w;
  const auto connect_from = [](std::string local, auto to) {
    const auto local_address = std::make_unique<Address>(local[0] == '/' ? Address::unix_path(local) : Address::parse(local, 7));
    return to(ConnectOptions{.local = local_address.get()});
  };
  const auto start = [&w](Coro<Connection> connecting) {
    return w.loop.create_task(told(peer_of(std::move(connecting))));
  };
  const auto local_now = [&w] { return w.take(Kind::connect).endpoint->local.str(); };
  const auto direct =
      start(connect_from("127.0.0.9", [](ConnectOptions how) { return open_connection(Address::loopback(80), how); }));
  const auto path = start(connect_from("/from", [](ConnectOptions how) { return open_unix_connection("/to", how); }));
  const auto name = start(connect_from("127.0.0.8", [](ConnectOptions how) { return open_connection("db", 80, how); }));
  w.step();
  CHECK(local_now() == "127.0.0.9:7");
  CHECK(local_now() == "/from");
  w.answer({1, 2});
  w.now_of(name);
  CHECK(local_now() == "127.0.0.8:7");
  w.now += 250ms;
  w.now_of(name);
  CHECK(local_now() == "127.0.0.8:7");
}

TEST_CASE("a name with several addresses is tried in turn: the first that answers wins, the others are cancelled") {
  NameWorld w;
  const auto task = w.loop.create_task(told(peer_of(open_connection("db", 80))));
  w.step();
  w.answer({101, 102, 1});
  CHECK(w.now_of(task) == "waits");
  CHECK(w.outputs.at(0).endpoint->remote.str() == "[2001:db8::101]:80");
  const Output slow = w.take(Kind::connect);
  w.now += 250ms;
  w.now_of(task);
  const Output second = w.take(Kind::connect);
  CHECK(second.endpoint->remote.str() == "10.0.0.1:80");
  w.step({Input::completion(second.id, 8)});
  CHECK(w.now_of(task) == "10.0.0.1:80");
  CHECK(w.take(Kind::connect, Output::Verb::cancel).id == slow.id);
  w.step({Input::completion(slow.id, 9)});  // it made it after all
  w.step();
  int closed = 0;
  for (const Output& output : w.outputs) closed += output.kind == Kind::close ? 1 : 0;
  CHECK(closed == 2);  // that one, and the winner, whose streams are gone
}

TEST_CASE("the next address is tried at once when one fails; when all have failed, all are named") {
  NameWorld w;
  const auto task = w.loop.create_task(told(peer_of(open_connection("db", 80))));
  w.step();
  w.answer({1, 2});
  w.now_of(task);
  w.end(Kind::connect, -ECONNREFUSED);
  CHECK(w.now_of(task) == "waits");
  w.end(Kind::connect, -EHOSTUNREACH);
  CHECK(w.now_of(task) == "no address answers (a connection to 10.0.0.1:80: Connection refused; "
                          "a connection to 10.0.0.2:80: No route to host): Connection refused");
}

TEST_CASE("a cancelled connection attempt leaves nothing open") {
  NameWorld w;
  const auto task = w.loop.create_task(told(peer_of(open_connection("db", 80))));
  w.step();
  w.answer({1, 2});
  w.now_of(task);
  task.cancel();
  CHECK(w.now_of(task) == "cancelled");
  const Output connect = w.take(Kind::connect);
  CHECK(w.take(Kind::connect, Output::Verb::cancel).id == connect.id);
  w.step({Input::completion(connect.id, -ECANCELED)});
  w.step();
  CHECK_FALSE(w.has(Kind::close));
}
