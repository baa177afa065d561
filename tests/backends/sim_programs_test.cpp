// SPDX-License-Identifier: BSL-1.0
// sim_programs_test.cpp - programs with servers, clients and datagrams in a simulated world.
#include <rondo/backends/sim.hpp>

#include <cerrno>
#include <chrono>

#include "catch.hpp"
#include "network.hpp"
#include "support.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

Coro<> silence(StreamReader reader, StreamWriter) { static_cast<void>(co_await reader.read()); }

/// Sends all of it while it reads what comes back.
Coro<std::string> echoed(std::uint16_t port, std::string text) {
  auto [reader, writer] = co_await open_connection("127.0.0.1", port);
  const auto send = [](const StreamWriter* to, const std::string* all) -> Coro<> {
    for (std::size_t at = 0; at < all->size(); at += 777) {
      to->write(std::string_view(*all).substr(at, 777));
      co_await to->drain();
    }
    to->write_eof();
  };
  const auto sending = create_task(send(&writer, &text));
  std::string back = co_await reader.read();
  co_await sending;
  writer.close();
  co_await writer.wait_closed();
  co_return back;
}

std::string text_of(int client, std::size_t size) {
  std::string text;
  while (text.size() < size) text += std::to_string(client) + ":" + std::to_string(text.size()) + ",";
  return text;
}

/// How many of several clients got back what they sent.
Coro<int> echo_program(int clients, std::size_t size) {
  Server server = co_await start_server(network::echo, "127.0.0.1", 7000);
  std::vector<Coro<std::string>> running;
  for (int i = 0; i < clients; ++i) running.push_back(echoed(7000, text_of(i, size)));
  const auto answers = co_await gather(std::move(running));
  int right = 0;
  for (int i = 0; i < clients; ++i) right += answers[static_cast<std::size_t>(i)] == text_of(i, size) ? 1 : 0;
  server.close();
  co_await server.wait_closed();
  co_return right;
}

struct ProgramRun {
  int right;
  std::uint64_t hash;
  sim::Tape tape;
  friend bool operator==(const ProgramRun&, const ProgramRun&) = default;
};
ProgramRun run_echo(sim::SimOptions options) {
  sim::SimBackend backend(std::move(options));
  Runner runner(backend);
  const int right = runner.run(echo_program(5, 4000));
  return {right, runner.loop().kernel().hash(), backend.oracle().tape()};
}

/// The handle that the next socket gets: 3 when all are closed.
int next_handle(sim::SimBackend& backend) {
  Endpoint endpoint;
  endpoint.local = Address::loopback(1);
  Output output;
  output.kind = OperationKind::listen;
  output.endpoint = &endpoint;
  backend.submit(std::span(&output, 1));
  const auto inputs = backend.reap(Instant::min());
  return inputs.size() == 1 ? inputs[0].result : -1;
}

Duration now() { return this_loop().time() - Instant(); }

}  // namespace

// --- echoes ----------------------------------------------------------------------------------------------------------

TEST_CASE("sim: several clients of an echo server get back what they sent") { CHECK(run_echo({}).right == 5); }

TEST_CASE("sim: with each of 200 seeds an echo server gives all clients the right bytes") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    REQUIRE(run_echo({.seed = seed}).right == 5);
  }
}

TEST_CASE("sim: a program with sockets runs the same way with the same seed, and from its tape") {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const ProgramRun first = run_echo({.seed = seed});
    CHECK(run_echo({.seed = seed}) == first);
    CHECK(run_echo({.replay = &first.tape}) == first);
  }
  CHECK_FALSE(run_echo({.seed = 1}).hash == run_echo({.seed = 2}).hash);
}

TEST_CASE("sim: seed 0 draws nothing but 0, and takes no time") {
  sim::Tape tape;
  const auto body = []() -> Coro<Duration> {
    static_cast<void>(co_await echo_program(3, 1000));
    co_return now();
  };
  CHECK(sim::run(body(), {.record = &tape}) == 0s);
  CHECK_FALSE(tape.empty());
  for (const sim::Choice& choice : tape) CHECK(choice.answer == 0);
}

TEST_CASE("sim: more bytes than any buffer holds arrive complete, with any seed") {
  const auto body = []() -> Coro<bool> {
    const Server server = co_await start_server(network::echo, "127.0.0.1", 7000);
    const std::string text = text_of(7, 300'000);
    const std::string back = co_await echoed(7000, text);
    co_return back == text;
  };
  for (std::uint64_t seed = 0; seed <= 5; ++seed) CHECK(sim::run(body(), {.seed = seed}));
}

TEST_CASE("sim: a thousand connections live at once") { CHECK(sim::run(echo_program(1000, 100)) == 1000); }

TEST_CASE("sim: a Unix server echoes, and its path is free when it is closed") {
  const auto body = []() -> Coro<std::string> {
    Server server = co_await start_unix_server(network::echo, "/run/echo");
    auto [reader, writer] = co_await open_unix_connection("/run/echo");
    writer.write("hello\n");
    std::string line = co_await reader.readline();
    server.close();
    co_await sleep(0s);
    line += co_await ending(open_unix_connection("/run/echo"));
    co_return line;
  };
  CHECK(sim::run(body()) == "hello\n" + system_error_text(ENOENT));
}

// --- connecting ------------------------------------------------------------------------------------------------------

TEST_CASE("sim: a connection that nobody takes is refused, and the error names the address") {
  std::string text;
  try {
    static_cast<void>(sim::run(open_connection("127.0.0.1", 7000)));
  } catch (const std::system_error& error) {
    text = error.what();
    CHECK(error.code() == std::errc::connection_refused);
  }
  CHECK(contains(text, "127.0.0.1:7000"));
}

TEST_CASE("sim: a timeout ends a connect to an address that nobody has, exactly then") {
  const auto body = []() -> Coro<std::string> {
    std::string how = co_await ending(wait_for(open_connection("192.0.2.1", 80), 5s));
    if (now() != 5s) how += ", at another time";
    co_return how;
  };
  sim::SimBackend backend;
  CHECK(rondo::run(backend, body()) == "TimeoutError");
  CHECK(next_handle(backend) == 3);
}

TEST_CASE("sim: a name with a dead address is reached at its next one after 250 ms") {
  const std::vector<sim::Name> names = {{"web", {Address::parse("192.0.2.1", 0), Address::parse("10.0.0.1", 0)}}};
  const auto body = []() -> Coro<std::string> {
    const Server server = co_await start_server(silence, "10.0.0.1", 80);
    const auto [reader, writer] = co_await open_connection("web", 80);
    co_return writer.peer_address().str() + (now() == 250ms ? "" : " at another time");
  };
  CHECK(sim::run(body(), {.names = &names}) == "10.0.0.1:80");
}

TEST_CASE("sim: localhost is tried at 127.0.0.1 first, and names that nobody knows are an error") {
  const auto body = []() -> Coro<std::string> {
    const Server server = co_await start_server(silence, "localhost", 80);
    const auto [reader, writer] = co_await open_connection("localhost", 80);
    std::string text = writer.peer_address().str() + " " + std::to_string(server.addresses().size());
    try {
      static_cast<void>(co_await getaddrinfo("nobody", 80));
    } catch (const ResolveError& error) {
      text += error.reason() == ResolveError::Reason::host_not_found ? " not found" : " ?";
    }
    co_return text;
  };
  CHECK(sim::run(body()) == "127.0.0.1:80 2 not found");
}

TEST_CASE("sim: two servers cannot have one port, and the second can once the first is closed") {
  const auto body = []() -> Coro<std::string> {
    Server first = co_await start_server(silence, "127.0.0.1", 80);
    std::string how = co_await ending(start_server(silence, "127.0.0.1", 80));
    first.close();
    const Server second = co_await start_server(silence, "127.0.0.1", 80);
    how += second.is_serving() ? " then served" : "";
    co_return how;
  };
  CHECK(sim::run(body()) == system_error_text(EADDRINUSE) + " then served");
}

TEST_CASE("sim: connects that are cancelled at any moment, with any seed, leave no socket behind") {
  const auto body = []() -> Coro<> {
    Server server = co_await start_server(network::echo, "127.0.0.1", 7000);
    for (int i = 0; i < 20; ++i) {
      const auto task = create_task(echoed(7000, "hello"));
      for (int step = 0; step < i; ++step) co_await sleep(0s);
      if (i % 3 == 0) co_await sleep(Duration(i * 100'000));
      task.cancel();
      static_cast<void>(co_await as_outcome(task));
    }
    server.close();
    co_await server.wait_closed();
  };
  for (std::uint64_t seed = 0; seed <= 100; ++seed) {
    INFO("seed " << seed);
    sim::SimBackend backend({.seed = seed});
    rondo::run(backend, body());
    REQUIRE(next_handle(backend) == 3);
  }
}

// --- ends and waits --------------------------------------------------------------------------------------------------

TEST_CASE("sim: a client that reads from a silent peer for ever is a deadlock, and the error names the task") {
  const auto body = []() -> Coro<> {
    const Server server = co_await start_server(silence, "127.0.0.1", 80);
    const auto [reader, writer] = co_await open_connection("127.0.0.1", 80);
    static_cast<void>(co_await reader.readline());
  };
  std::string text;
  sim::SimBackend backend;
  try {
    rondo::run(backend, body());
  } catch (const DeadlockError& error) {
    text = error.what();
  }
  CHECK(contains(text, "nothing can happen any more"));
  CHECK(contains(text, "waits for bytes from 127.0.0.1:80"));
  CHECK(next_handle(backend) == 3);
}

TEST_CASE("sim: a program that waits for a signal is not stuck") {
  const auto body = [](sim::SimBackend* backend) -> Coro<std::string> {
    std::string story;
    this_loop().add_signal_handler(SIGTERM, [&story] { story += "term"; });
    const Server server = co_await start_server(silence, "127.0.0.1", 80);
    const auto [reader, writer] = co_await open_connection("127.0.0.1", 80);
    const auto reading = create_task(ending(reader.readline()));
    co_await sleep(1s);
    CHECK_FALSE(backend->stuck());
    backend->raise_signal(SIGTERM);
    co_await sleep(1s);
    this_loop().remove_signal_handler(SIGTERM);
    co_return story;
  };
  sim::SimBackend backend;
  CHECK(rondo::run(backend, body(&backend)) == "term");
}

TEST_CASE("sim: a writer whose peer does not read waits in drain until it does") {
  const auto body = []() -> Coro<std::string> {
    std::string story;
    const auto slow = [](StreamReader reader, StreamWriter writer) -> Coro<> {
      co_await sleep(10s);
      std::size_t all = 0;
      for (;;) {
        const std::string bytes = co_await reader.read(65536);
        if (bytes.empty()) break;
        all += bytes.size();
      }
      writer.write(std::to_string(all));
    };
    const Server server = co_await start_server(slow, "127.0.0.1", 80);
    const auto [reader, writer] = co_await open_connection("127.0.0.1", 80);
    writer.write(std::string(500'000, 'x'));
    co_await writer.drain();
    story += std::to_string(now() / 1s) + " s, ";
    writer.write_eof();
    story += co_await reader.read();
    co_return story;
  };
  CHECK(sim::run(body()) == "10 s, 500000");
}

TEST_CASE("sim: a stream can be closed in one direction and go on in the other") {
  const auto body = []() -> Coro<std::string> {
    const auto count = [](StreamReader reader, StreamWriter writer) -> Coro<> {
      const std::string all = co_await reader.read();
      co_await sleep(1s);
      writer.write(std::to_string(all.size()));
    };
    const Server server = co_await start_server(count, "127.0.0.1", 80);
    const auto [reader, writer] = co_await open_connection("127.0.0.1", 80);
    writer.write("12345");
    writer.write_eof();
    co_return co_await reader.read();
  };
  for (std::uint64_t seed = 0; seed <= 20; ++seed) CHECK(sim::run(body(), {.seed = seed}) == "5");
}

TEST_CASE("sim: a peer that leaves bytes unread resets the connection, for readers and writers") {
  const auto body = []() -> Coro<std::string> {
    const auto rude = [](StreamReader, StreamWriter writer) -> Coro<> {
      co_await sleep(1s);
      writer.abort();
    };
    const Server server = co_await start_server(rude, "127.0.0.1", 80);
    const auto [reader, writer] = co_await open_connection("127.0.0.1", 80);
    writer.write("never read");
    std::string how = co_await ending(reader.read());
    writer.write("more");
    how += ", " + co_await ending(writer.drain());
    co_return how;
  };
  CHECK(sim::run(body()) == system_error_text(ECONNRESET) + ", " + system_error_text(ECONNRESET));
}

TEST_CASE("sim: a timed-out read loses nothing") {
  const auto body = []() -> Coro<std::string> {
    const auto late = [](StreamReader, StreamWriter writer) -> Coro<> {
      writer.write("ab");
      co_await sleep(2s);
      writer.write("cd\n");
    };
    const Server server = co_await start_server(late, "127.0.0.1", 80);
    const auto [reader, writer] = co_await open_connection("127.0.0.1", 80);
    std::string how = co_await ending(wait_for(reader.readline(), 1s));
    how += " " + co_await reader.readline();
    co_return how;
  };
  for (std::uint64_t seed = 0; seed <= 20; ++seed) CHECK(sim::run(body(), {.seed = seed}) == "TimeoutError abcd\n");
}

// --- datagrams -------------------------------------------------------------------------------------------------------

namespace {

Coro<> answer_datagrams(DatagramSocket* socket) {
  for (;;) {
    const auto received = co_await socket->recv_from();
    co_await socket->send_to(received.data + "!", received.address);
  }
}

/// Asks until there is an answer; gives the answers and how often it had to ask again.
Coro<std::string> ask_ten_times() {
  DatagramSocket server = co_await open_datagram(Address::loopback(53));
  const auto serving = create_task(answer_datagrams(&server));
  const DatagramSocket client = co_await open_datagram(Address(), Address::loopback(53));
  int again = -10;
  std::string answers;
  for (int i = 0; i < 10; ++i) {
    const std::string wanted = std::to_string(i) + "!";
    for (std::string got; got != wanted;) {
      ++again;
      co_await client.send(std::to_string(i));
      const auto answer = co_await as_outcome(wait_for(client.recv_from(), 3s));
      got = answer.failed() ? "" : answer.value().data;
    }
    answers += wanted;
  }
  serving.cancel();
  co_return answers + (again > 0 ? " again" : "");
}

}  // namespace

TEST_CASE("sim: datagrams are lost and late with some seeds, and a client that asks again gets its answers") {
  CHECK(sim::run(ask_ten_times()) == "0!1!2!3!4!5!6!7!8!9!");
  int again = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const std::string story = sim::run(ask_ten_times(), {.seed = seed});
    REQUIRE(contains(story, "0!1!2!3!4!5!6!7!8!9!"));
    if (contains(story, "again")) ++again;
  }
  CHECK(again > 25);
}

TEST_CASE("a tape that answers another run is an error, or a report when run() is ending already; never the end of all") {
  const auto body = []() -> Coro<int> {
    const auto answer = [](StreamReader reader, StreamWriter writer) -> Coro<> {
      writer.write(co_await reader.readline());
      co_await reader.read();
    };
    const Server server = co_await start_server(answer, "10.0.0.1", 80);
    const Connection client = co_await open_connection("10.0.0.1", 80);
    client.writer.write("hello\n");
    co_return static_cast<int>((co_await client.reader.readline()).size());
  };
  sim::Tape tape;
  CHECK(sim::run(body(), {.seed = 5, .record = &tape}) == 6);
  REQUIRE(tape.size() > 4);
  int refused = 0;
  for (std::size_t i = 0; i < tape.size(); ++i) {
    sim::Tape other = tape;
    other[i].site += " of another run";
    try {
      const int size = sim::run(body(), {.replay = &other});
      CHECK(size == 6);  // what is asked while run() ends is only reported
    } catch (const sim::TapeMismatch&) {
      ++refused;
    }
  }
  CHECK(refused > 0);
}
