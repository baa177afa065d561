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
  CHECK(w.look_up("::1", "80", {.family = Address::Family::ipv4}).result() == "'::1' has no address of this family: "
                                                                             "Cannot assign requested address");
  CHECK_THAT(w.look_up("10.1.2.3", "65536").result(), Catch::Contains("'65536' names no service"));
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
  for (const Reason reason : {Reason::host_not_found, Reason::try_again, Reason::failed, Reason::unknown_service}) {
    NameWorld w;
    const auto task = w.look_up("db", "svc");
    w.end(Kind::resolve, -static_cast<int>(reason));
    CHECK_THAT(w.now_of(task), Catch::Contains(reason == Reason::unknown_service ? "'svc'" : "'db'"));
  }
  NameWorld w;
  const auto task = w.look_up("db", "80");
  w.answer({});
  CHECK_THAT(w.now_of(task), Catch::Contains("'db' has no address of this family"));
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
