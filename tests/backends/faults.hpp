// SPDX-License-Identifier: BSL-1.0
// faults.hpp - every system call of a run fails once, in every way that makes sense. Used as process_network.hpp is.
//
// The run: an echo server, two clients at once that write, read, and end in the two ways there are, and datagrams there
// and back. First it is run to count the calls of each kind; then again for each call and each fault. A fault that the
// kernel may always come up with (EINTR, EAGAIN, fewer bytes) must change nothing that a program sees. Any other must
// reach somebody: who awaits, or the exception handler. Bytes may be missing then, but none is wrong, nothing hangs,
// nothing leaks.
#pragma once

#include <array>
#include <optional>

#include <rondo/backends/seam.hpp>

#include "network.hpp"

using namespace network;

namespace {
namespace faults {

constexpr auto kinds = static_cast<std::size_t>(SystemCall::last_call);

/// One fault at the n-th call of a kind.
class Injector final : public Seam {
 public:
  Injector() = default;
  Injector(SystemCall call, std::size_t n, Fault fault) : call_(call), n_(n), fault_(fault) {}
  Fault before(SystemCall call) override {
    if (call == SystemCall::wake) return {};  // comes from any thread
    const std::size_t number = counts_[static_cast<std::size_t>(call)]++;
    if (call != call_ || number != n_) return {};
    met_ = true;
    return fault_;
  }
  std::size_t count(SystemCall call) const { return counts_[static_cast<std::size_t>(call)]; }
  bool met() const { return met_; }

 private:
  std::array<std::size_t, kinds> counts_{};
  SystemCall call_ = SystemCall::last_call;
  std::size_t n_ = 0;
  Fault fault_;
  bool met_ = false;
};

/// What a program saw of one run.
struct Seen {
  std::string failures;  // one word for each
  bool wrong = false;    // bytes that nobody sent, or in another order
  bool whole = false;    // everything arrived
};

/// True if `text` begins `whole`.
bool begins(const std::string& text, const std::string& whole) { return whole.compare(0, text.size(), text) == 0; }

Coro<> talk(Address at, std::string text, std::string* answer, bool half_close) {
  ConnectOptions options;
  options.socket.send_buffer = options.socket.receive_buffer = 4096;
  options.limits.linger = 2ms;  // a write that fails on a connection that lives is waited for so long
  const Connection connection = co_await open_connection(std::move(at), options);
  const std::size_t half = text.size() / 2;
  connection.writer.write(std::string_view(text).substr(0, half));
  co_await connection.writer.drain();
  *answer = co_await connection.reader.readexactly(half);
  connection.writer.write(std::string_view(text).substr(half));
  if (half_close) {
    connection.writer.write_eof();
    for (;;) {
      const std::string more = co_await connection.reader.read(8000);
      if (more.empty()) break;
      *answer += more;
    }
  } else {
    *answer += co_await connection.reader.readexactly(text.size() - half);
  }
  connection.writer.close();
  co_await connection.writer.wait_closed();
  if (answer->size() < text.size()) throw std::runtime_error("the stream ended early");
}

/// Answers without having read what it was sent.
Coro<> refuse(StreamReader, StreamWriter writer) {
  writer.write(pattern(5000));
  co_await writer.drain();
  writer.close();
  co_await writer.wait_closed();
}
Coro<> be_refused(Address at, std::size_t size, std::string* answer) {
  const Connection connection = co_await open_connection(std::move(at));
  connection.writer.write("a line that nobody reads\n");
  for (;;) {
    const std::string more = co_await connection.reader.read(8000);
    if (more.empty()) break;
    *answer += more;
  }
  connection.writer.close();
  co_await connection.writer.wait_closed();
  if (answer->size() < size) throw std::runtime_error("the stream ended early");
}

/// A datagram that is lost is told by the sender's error, or by the receiver's.
Coro<> pass_datagrams() {
  const DatagramSocket server = co_await open_datagram(Address::loopback(0));
  const DatagramSocket client = co_await open_datagram(Address::loopback(0), server.local_address());
  for (const char* text : {"a", "bc"}) {
    co_await client.send(text);
    const auto received = co_await server.recv_from(10);
    if (received.data != text) throw std::logic_error("a wrong datagram");
    co_await server.send_to(received.data, received.address);
    const auto answer = co_await client.recv_from(10);
    if (answer.data != text) throw std::logic_error("a wrong datagram");
  }
}

Coro<> whole_run(Seen* seen) {
  const std::string first = pattern(60'000);
  const std::string second = pattern(3001);
  const std::string third = pattern(5000);
  std::array<std::string, 3> answers;
  const auto note = [](Seen* to, const std::string& how) {
    if (how != "void") to->failures += how + "; ";
    if (contains(how, "a wrong datagram")) to->wrong = true;
  };
  {
    ServerOptions options;
    options.accept_retry_delay = 500us;
    options.socket.send_buffer = options.socket.receive_buffer = 4096;
    options.limits.linger = 2ms;
    const auto outcome = co_await as_outcome(start_server(echo, "127.0.0.1", 0, options));
    if (!outcome.has_value()) {
      note(seen, ending_of(outcome));
      co_return;
    }
    const Server& server = outcome.value();
    const Address at = server.addresses().at(0);
    const auto one = create_task(ending(talk(at, first, &answers[0], true)));
    const auto two = create_task(ending(talk(at, second, &answers[1], false)));
    note(seen, co_await one);
    note(seen, co_await two);
    const auto refusing = co_await as_outcome(start_server(refuse, "127.0.0.1", 0, options));
    if (!refusing.has_value()) {
      note(seen, ending_of(refusing));
      co_return;
    }
    note(seen, co_await ending(be_refused(refusing.value().addresses().at(0), third.size(), &answers[2])));
  }
  note(seen, co_await ending(pass_datagrams()));
  seen->wrong = seen->wrong || !begins(answers[0], first) || !begins(answers[1], second) || !begins(answers[2], third);
  seen->whole = answers[0] == first && answers[1] == second && answers[2] == third;
}

struct Result {
  Seen seen;
  std::string end;      // of the whole run
  std::string reports;  // to the exception handler
  std::size_t leaked = 0;
};

Result run_with(Injector& injector) {
  Result result;
  const std::size_t before = World::open();
  std::optional<World> world;
  try {
    world.emplace(&injector);
  } catch (const std::exception& error) {  // the backend's own descriptors
    result.reports = error.what();
    result.end = "void";
  }
  if (world) {
    const std::size_t with_backend = World::open();
    Runner runner(world->backend);
    runner.loop().set_exception_handler([&result](const ErrorContext& context) {
      result.reports += context.message + "; ";
    });
    result.end = runner.run(ending(watched(whole_run(&result.seen))));
    runner.close();
    result.leaked = World::open() - with_backend;
  }
  world.reset();
  result.leaked += World::open() - before;
  return result;
}

using Errors = std::vector<int>;

struct Plan {
  SystemCall call;
  const char* name;
  Errors invisible;  // 0: one byte only
  Errors told;
};

/// get_name: of an accepted connection a name may be missing, so only sometimes somebody is told.
const std::vector<Plan>& plans() {
  static const std::vector<Plan> all{
      {SystemCall::wait, "wait", {EINTR}, {}},
      {SystemCall::watch, "watch", {}, {ENOMEM}},
      {SystemCall::socket, "socket", {}, {EMFILE, ENOBUFS, ENOMEM}},
      {SystemCall::set_option, "set_option", {}, {ENOBUFS, ENOMEM}},
      {SystemCall::get_option, "get_option", {}, {ENOBUFS}},
      {SystemCall::bind, "bind", {}, {ENOMEM}},
      {SystemCall::listen, "listen", {}, {ENOBUFS}},
      {SystemCall::connect, "connect", {EINTR}, {ECONNRESET, ENOBUFS, ENOMEM}},
      {SystemCall::accept, "accept", {EINTR, EAGAIN, ECONNRESET}, {EMFILE, ENOBUFS, ENOMEM}},
      {SystemCall::recv, "recv", {EINTR, EAGAIN, 0}, {ECONNRESET, ENOBUFS, ENOMEM}},
      {SystemCall::send, "send", {EINTR, EAGAIN, 0}, {ECONNRESET, ENOBUFS, ENOMEM}},
      {SystemCall::recv_from, "recv_from", {EINTR, EAGAIN}, {ECONNRESET, ENOMEM}},
      {SystemCall::send_to, "send_to", {EINTR, EAGAIN}, {ECONNRESET, ENOBUFS, ENOMEM}},
      {SystemCall::shutdown, "shutdown", {EINTR}, {ECONNRESET, ENOBUFS}},
      {SystemCall::get_name, "get_name", {}, {ENOBUFS}},
  };
  return all;
}

/// A ring has no registrations, and the completion of a connect tells its error.
bool is_made(SystemCall call) {
  const bool readiness = call == SystemCall::watch || call == SystemCall::get_option;
  return !readiness || std::string_view(World::name) != "io_uring";
}

Fault fault_of(int error) { return error == 0 ? Fault{0, 1} : Fault{error, SIZE_MAX}; }

void check(const Plan& plan, std::size_t n, int error, bool visible) {
  Injector injector(plan.call, n, fault_of(error));
  const Result result = run_with(injector);
  INFO(plan.name << " " << n << ", error " << error << ": " << result.seen.failures << result.reports);
  CHECK(result.end == "void");  // neither hung nor failed
  CHECK(result.leaked == 0);
  CHECK_FALSE(result.seen.wrong);
  if (!injector.met()) return;  // a run that takes another way
  if (!visible) {
    CHECK(result.seen.whole);
    CHECK(result.seen.failures.empty());
    CHECK(result.reports.empty());
  } else if (plan.call != SystemCall::get_name) {
    const bool lingered = plan.call == SystemCall::recv && result.seen.whole;  // of a stream that was closed
    CHECK((lingered || !(result.seen.failures + result.reports).empty()));
  }
}

}  // namespace faults
}  // namespace

CONFORMANCE("without faults the run of the faults sees nothing unusual") {
  faults::Injector injector;
  const faults::Result result = faults::run_with(injector);
  CHECK(result.end == "void");
  CHECK(result.seen.failures.empty());
  CHECK(result.reports.empty());
  CHECK(result.seen.whole);
  CHECK_FALSE(result.seen.wrong);
  CHECK(result.leaked == 0);
  for (const faults::Plan& plan : faults::plans()) {
    INFO(plan.name);
    CHECK((injector.count(plan.call) > 0 || !faults::is_made(plan.call)));
    CHECK(injector.count(plan.call) < 300);
  }
}

CONFORMANCE("EINTR, EAGAIN and short counts at any call change nothing that a program sees") {
  for (const faults::Plan& plan : faults::plans()) {
    faults::Injector counter;
    static_cast<void>(faults::run_with(counter));
    for (std::size_t n = 0; n < counter.count(plan.call); ++n) {
      for (const int error : plan.invisible) faults::check(plan, n, error, false);
    }
  }
}

CONFORMANCE("an error at any call reaches somebody; nothing hangs, leaks, or arrives wrong") {
  for (const faults::Plan& plan : faults::plans()) {
    faults::Injector counter;
    static_cast<void>(faults::run_with(counter));
    for (std::size_t n = 0; n < counter.count(plan.call); ++n) {
      for (const int error : plan.told) faults::check(plan, n, error, true);
    }
  }
}

CONFORMANCE("a connection is whole when every read and every write is cut to one byte") {
  class OneByte final : public Seam {
   public:
    Fault before(SystemCall call) override {
      const bool cuts = call == SystemCall::recv || call == SystemCall::send;
      return cuts ? Fault{0, 1} : Fault{};
    }
  } seam;
  World world(&seam);
  const auto body = []() -> Coro<bool> {
    const Server server = co_await start_server(echo, "127.0.0.1", 0);
    const std::string answer = co_await ask(server.addresses().at(0), pattern(2000));
    co_return answer == pattern(2000);
  };
  CHECK(on(world, body()));
}

CONFORMANCE("a connection is whole when every other call is interrupted or would block") {
  class EveryOther final : public Seam {
   public:
    Fault before(SystemCall call) override {
      if (call != SystemCall::recv && call != SystemCall::send && call != SystemCall::accept) return {};
      const int turn = turn_++ % 4;
      if (turn == 1) return {EINTR, SIZE_MAX};
      return turn == 3 ? Fault{EAGAIN, SIZE_MAX} : Fault{};
    }

   private:
    int turn_ = 0;
  } seam;
  World world(&seam);
  const auto body = []() -> Coro<bool> {
    ServerOptions options;
    options.socket = small_buffers();
    const Server server = co_await start_server(echo, "127.0.0.1", 0, options);
    const std::string answer = co_await ask(server.addresses().at(0), pattern(much / 8));
    co_return answer == pattern(much / 8);
  };
  CHECK(on(world, body()));
}
