// SPDX-License-Identifier: BSL-1.0
// server_test.cpp - servers, with a test that plays the backend and the clients.
#include <rondo/server.hpp>

#include <memory>

#include "net_world.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Kind = OperationKind;

namespace {

struct ServerWorld : NetWorld {
  ~ServerWorld() { loop.drop_tasks_silently(); }

  /// A server whose handler keeps the streams, at handle 3.
  void serve(ServerOptions options = {}) {
    const auto keep = [this](StreamReader reader, StreamWriter writer) -> Coro<> {
      ++handled;
      streams.push_back({std::move(reader), std::move(writer)});
      if (streams.back().writer.peer_address().port() == 13) throw std::runtime_error("bad luck");
      co_await *release;
    };
    start(start_server(keep, "127.0.0.1", 80, options));
  }
  void start(Coro<Server> starting) {
    {
      const Loop::Scope scope(loop);
      release = std::make_unique<Future<>>(loop.create_future<>());
    }
    const auto begin = [](ServerWorld* w, Coro<Server> coro) -> Coro<> { w->server = co_await std::move(coro); };
    static_cast<void>(loop.create_task(begin(this, std::move(starting))));
    step();
    end(Kind::listen, 3);
    step();
  }
  /// A client comes in as `handle`.
  void accept(int handle, std::uint16_t port = 1000) {
    const Output output = take(Kind::accept);
    output.endpoint->remote = Address::loopback(port);
    step({Input::completion(output.id, handle)});
    step();
  }
  std::string now_of(const Task<std::string>& task) {
    step();
    return task.done() ? task.result() : "waits";
  }

  int handled = 0;
  std::vector<Connection> streams;
  std::unique_ptr<Future<>> release;
  Server server;
};

}  // namespace

TEST_CASE("a server accepts one connection after the other, each in a task of its own") {
  ServerWorld w;
  w.serve();
  w.accept(8);
  w.accept(9);
  CHECK(w.handled == 2);
  CHECK(w.has(Kind::accept));
  CHECK(w.streams.at(1).writer.peer_address() == Address::loopback(1000));
}

TEST_CASE("a server says where it listens, as the backend has told") {
  ServerWorld w;
  const auto none = [](StreamReader, StreamWriter) -> Coro<> { co_return; };
  const auto begin = [](ServerWorld* to, Coro<Server> coro) -> Coro<> { to->server = co_await std::move(coro); };
  static_cast<void>(w.loop.create_task(begin(&w, start_server(none, "127.0.0.1", 0))));
  w.step();
  w.outputs.at(0).endpoint->local = Address::loopback(4711);
  w.end(Kind::listen, 3);
  w.step();
  CHECK(w.server.addresses() == std::vector<Address>{Address::loopback(4711)});
  CHECK(w.server.is_serving());
  w.server.close();
  CHECK(w.server.addresses().empty());
}

TEST_CASE("an address that cannot be had is an error that names it") {
  ServerWorld w;
  const auto none = [](StreamReader, StreamWriter) -> Coro<> { co_return; };
  const auto task = w.loop.create_task(told(start_server(none, "127.0.0.1", 80)));
  w.step();
  w.end(Kind::listen, -EADDRINUSE);
  CHECK(w.now_of(task) == "a listener at 127.0.0.1:80: Address already in use");
}

TEST_CASE("a server without descriptors waits a while, says so, and tries again") {
  ServerWorld w;
  w.serve({.accept_retry_delay = 2s});
  w.end(Kind::accept, -EMFILE);
  w.step();
  CHECK_FALSE(w.has(Kind::accept));
  const auto reports = w.loop.take_reports();
  REQUIRE(reports.size() == 1);
  CHECK_THAT(reports[0].message, Catch::Contains("no descriptor left for a connection"));
  CHECK(describe(reports[0].exception) == "accept: Too many open files");
  w.now += 1999ms;
  w.step();
  CHECK_FALSE(w.has(Kind::accept));
  w.now += 1ms;
  w.step();
  CHECK(w.has(Kind::accept));
}

TEST_CASE("a server that waits for descriptors can be closed, and does not try again") {
  ServerWorld w;
  w.serve({.accept_retry_delay = 2s});
  w.end(Kind::accept, -EMFILE);
  w.step();
  CHECK(w.loop.take_reports().size() == 1);
  w.server.close();
  w.now += 2s;
  w.step();
  w.step();
  CHECK_FALSE(w.has(Kind::accept));
  CHECK(w.has(Kind::close));
}

TEST_CASE("a server may be closed by whoever hears that it has no descriptors") {
  for (const bool ends : {false, true}) {
    ServerWorld w;
    w.serve({.accept_retry_delay = 2s});
    int reports = 0;
    w.loop.set_exception_handler([&](const ErrorContext&) {
      ++reports;
      w.server = Server();
    });
    w.end(Kind::accept, -EMFILE);
    w.step();
    if (ends) w.loop.discard();
    w.now += 3s;
    w.step();
    w.step();
    CHECK(reports == 1);
    CHECK_FALSE(w.has(Kind::accept));
    CHECK(w.has(Kind::close));
  }
}

TEST_CASE("a connection that broke before it was accepted is passed over") {
  ServerWorld w;
  w.serve();
  w.end(Kind::accept, -ECONNABORTED);
  CHECK(w.has(Kind::accept));
  w.accept(8);
  CHECK(w.handled == 1);
}

TEST_CASE("a listener that is broken for good is reported once") {
  ServerWorld w;
  w.serve();
  w.end(Kind::accept, -EINVAL);
  CHECK_FALSE(w.has(Kind::accept));
  const auto reports = w.loop.take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(describe(reports[0].exception) == "accept: Invalid argument");
}

TEST_CASE("a handler that throws is reported, and its connection is closed with the writer") {
  ServerWorld w;
  w.serve();
  w.accept(8, 13);
  const auto reports = w.loop.take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].message == "the handler of a connection failed");
  CHECK(reports[0].subject == "connection from 127.0.0.1:13");
  CHECK(describe(reports[0].exception) == "bad luck");
  w.streams.clear();
  w.step();
  CHECK(w.take(Kind::close).handle == 8);
}

TEST_CASE("closing stops the listening; connections go on, and wait_closed waits for their handlers") {
  ServerWorld w;
  w.serve();
  w.accept(8);
  const auto closed = w.loop.create_task(told(w.server.wait_closed()));
  w.server.close();
  w.server.close();
  CHECK(w.now_of(closed) == "waits");
  w.end(Kind::accept, -ECANCELED);
  w.end(Kind::close, 0);
  CHECK_FALSE(w.has(Kind::accept));
  CHECK(w.now_of(closed) == "waits");
  w.release->set_result();
  for (int i = 0; i < 3; ++i) w.step();
  CHECK(w.now_of(closed) == "void");
}

TEST_CASE("wait_closed goes on when the backend has closed every listener, and not before") {
  ServerWorld w;
  w.serve();
  const auto closed = w.loop.create_task(told(w.server.wait_closed()));
  w.server.close();
  CHECK(w.now_of(closed) == "waits");
  w.end(Kind::accept, -ECANCELED);
  CHECK(w.now_of(closed) == "waits");
  const Output closing = w.take(Kind::close);
  CHECK(closing.handle == 3);
  w.step({Input::completion(closing.id, 0)});
  CHECK(w.now_of(closed) == "void");
}

TEST_CASE("a server whose handle goes while it closes is there until the backend has closed it") {
  ServerWorld w;
  w.serve();
  const auto closed = w.loop.create_task(told(w.server.wait_closed()));
  w.step();
  w.server = Server();
  CHECK(w.now_of(closed) == "waits");
  w.end(Kind::accept, -ECANCELED);
  w.end(Kind::close, 0);
  CHECK(w.now_of(closed) == "void");
}

TEST_CASE("a loop may end while the backend closes a server, or has just closed it") {
  for (const bool told : {false, true}) {
    ServerWorld w;
    w.serve();
    w.server.close();
    w.step();
    const Output closing = w.take(Kind::close);
    if (told) w.loop.step(w.now, std::vector<Input>{Input::completion(closing.id, 0)}, w.out, 0);
    CHECK_FALSE(w.has(Kind::close, Output::Verb::cancel));
  }
}

TEST_CASE("the end of a loop closes what listens, whatever the server is doing") {
  for (const int error : {0, -EMFILE, -EINVAL}) {
    CAPTURE(error);
    ServerWorld w;
    w.serve();
    if (error != 0) w.end(Kind::accept, error);
    w.step();
    w.loop.drop_tasks_silently();
    w.loop.discard();
    w.now += 3s;
    w.step();
    CHECK(w.has(Kind::close));
    CHECK(w.has(Kind::accept) == (error == 0));  // the one that was under way
  }
}

TEST_CASE("the end of a loop closes a server's first address while the second is not bound yet") {
  ServerWorld w;
  const auto handler = [](StreamReader, StreamWriter) -> Coro<> { co_return; };
  const auto starting = w.loop.create_task(start_server(handler, "", 80));
  w.step();
  const Output lookup = w.take(Kind::resolve);
  lookup.lookup->addresses = {Address::parse("0.0.0.0", 80), Address::parse("::", 80)};
  w.step({Input::completion(lookup.id, 0)});
  w.step();
  w.end(Kind::listen, 3);
  w.step();
  REQUIRE(w.has(Kind::listen));
  w.loop.drop_tasks_silently();
  w.loop.discard();
  w.step();
  CHECK(w.take(Kind::close).handle == 3);
}

TEST_CASE("a connection that comes in while the server closes is closed and handled by nobody") {
  ServerWorld w;
  w.serve();
  w.server.close();
  w.accept(8);
  CHECK(w.handled == 0);
  CHECK(w.take(Kind::close).handle == 3);
  CHECK(w.take(Kind::close).handle == 8);
}

TEST_CASE("serve_forever ends with a cancellation, which closes the server") {
  ServerWorld w;
  w.serve();
  const auto forever = w.loop.create_task(told(w.server.serve_forever()));
  CHECK(w.now_of(forever) == "waits");
  forever.cancel();
  w.step();
  CHECK(w.now_of(forever) == "waits");
  w.end(Kind::close, 0);
  CHECK(w.now_of(forever) == "cancelled");
  CHECK_FALSE(w.server.is_serving());
  CHECK(w.now_of(w.loop.create_task(told(w.server.serve_forever()))) == "serve_forever: the server is closed");
}

TEST_CASE("a second serve_forever is refused while another one is awaited") {
  ServerWorld w;
  w.serve();
  const auto first = w.loop.create_task(told(w.server.serve_forever()));
  CHECK(w.now_of(first) == "waits");
  CHECK(w.now_of(w.loop.create_task(told(w.server.serve_forever()))) ==
        "serve_forever: another task awaits it already; wait_closed() may be awaited by many");
  first.cancel();
  w.step();
  w.end(Kind::close, 0);
  CHECK(w.now_of(first) == "cancelled");
}

TEST_CASE("a server is closed when its handle goes") {
  ServerWorld w;
  w.serve();
  w.server = Server();
  w.step();
  CHECK(w.take(Kind::close).handle == 3);
}

TEST_CASE("a connection whose task is cancelled before it begins counts as ended") {
  ServerWorld w;
  w.serve();
  const OperationId id = w.take(Kind::accept).id;
  w.loop.step(w.now, std::vector<Input>{Input::completion(id, 8)}, w.out, 1);  // the task is made, and has not begun
  std::vector<AnyTask> tasks;
  {
    const Loop::Scope scope(w.loop);
    tasks = all_tasks();
  }
  REQUIRE(tasks.size() == 1);
  tasks[0].cancel();
  tasks.clear();
  w.server.close();
  const auto closed = w.loop.create_task(told(w.server.wait_closed()));
  w.step();
  const Output closing = w.take(Kind::close);
  CHECK(closing.handle == 3);
  w.step({Input::completion(closing.id, 0)});
  CHECK(w.now_of(closed) == "void");
  CHECK(w.handled == 0);
  CHECK(w.take(Kind::close).handle == 8);
}

TEST_CASE("a server outlives its loop, and does nothing any more") {
  Server server;
  {
    ServerWorld w;
    w.serve();
    w.accept(8);
    server = std::move(w.server);
  }
  CHECK(server.addresses().empty());
  server.close();
}
