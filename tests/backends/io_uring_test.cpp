// SPDX-License-Identifier: BSL-1.0
// io_uring_test.cpp - what only the io_uring backend has: a ring that may be refused, buffers that are lent, operations
// that the kernel ends by itself. The backend is driven by hand, so that each batch is what the test says.
#include <rondo/backends/io_uring.hpp>

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include <array>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include <rondo/connection.hpp>
#include <rondo/server.hpp>

#include "io_uring_refusal.hpp"
#include "support.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

/// Fails the calls that it is told to fail, and counts all.
struct Script final : Seam {
  Fault before(SystemCall call) override {
    const auto at = static_cast<std::size_t>(call);
    ++counts[at];
    if (failures[at] == 0) return {};
    --failures[at];
    return faults[at];
  }
  void fail(SystemCall call, Fault fault, int times = 1) {
    faults[static_cast<std::size_t>(call)] = fault;
    failures[static_cast<std::size_t>(call)] = times;
  }
  int count(SystemCall call) const { return counts[static_cast<std::size_t>(call)]; }

  static constexpr std::size_t calls = static_cast<std::size_t>(SystemCall::last_call);
  std::array<int, calls> counts{};
  std::array<int, calls> failures{};
  std::array<Fault, calls> faults{};
};

/// Somebody who starts operations and collects how they end.
class Desk {
 public:
  explicit Desk(UringOptions options = {}) : backend(std::move(options)) {}

  OperationId start(OperationKind kind, int handle, void* what = nullptr, std::size_t size = 0) {
    Output output;
    output.kind = kind;
    output.handle = handle;
    output.id = {next_++, 7};
    output.buffer = static_cast<std::byte*>(what);
    output.size = size;
    started_[output.id.slot] = output;
    batch_.push_back(output);
    return output.id;
  }
  OperationId recv(int handle, std::size_t size = 64) { return start(OperationKind::recv, handle, nullptr, size); }
  void cancel(OperationId id) {
    Output output = started_.at(id.slot);
    output.verb = Output::Verb::cancel;
    batch_.push_back(output);
  }
  /// Hands over what was asked, and reaps once.
  void turn(Instant deadline = Instant::min()) {
    submit();
    for (const Input& input : backend.reap(deadline)) {
      if (input.type != Input::Type::completion) continue;
      ++ends_[input.id.slot];
      results_[input.id.slot] = input.result;
      if (input.bytes) bytes_[input.id.slot].assign(reinterpret_cast<const char*>(input.bytes), static_cast<std::size_t>(input.result));
    }
  }
  void submit() {
    backend.submit(batch_);
    batch_.clear();
  }
  /// Its result; gives up after five seconds.
  int result(OperationId id) {
    const Instant limit = after(backend.now(), 5s);
    while (ends_[id.slot] == 0 && backend.now() < limit) turn(limit);
    return ends_[id.slot] == 1 ? results_[id.slot] : -9999;
  }
  bool ended(OperationId id) { return ends_[id.slot] > 0; }
  int ends(OperationId id) { return ends_[id.slot]; }
  std::string text(OperationId id) { return bytes_[id.slot]; }

  /// The handles of a connection: ours, and its peer's.
  std::pair<int, int> connection() {
    Endpoint at{Address::loopback(0), Address(), {}, 16};
    const int listener = result(start(OperationKind::listen, -1, &at));
    Endpoint to{Address(), at.local, {}, 0};
    Endpoint from;
    const OperationId accepting = start(OperationKind::accept, listener, &from);
    const int ours = result(start(OperationKind::connect, -1, &to));
    const int peer = result(accepting);
    result(start(OperationKind::close, listener));
    return {ours, peer};
  }

  UringBackend backend;

 private:
  std::uint32_t next_ = 0;
  std::vector<Output> batch_;
  std::map<std::uint32_t, Output> started_;
  std::map<std::uint32_t, int> ends_;
  std::map<std::uint32_t, int> results_;
  std::map<std::uint32_t, std::string> bytes_;
};

std::string refusal(int error) {
  Script script;
  script.fail(SystemCall::open, {error}, 100);
  try {
    UringOptions options;
    options.seam = &script;
    const UringBackend backend(options);
    return "no refusal";
  } catch (const std::system_error& refused) {
    CHECK(refused.code().value() == error);
    return refused.what();
  }
}

int open_descriptors() {
  int count = 0;
  DIR* const directory = ::opendir("/proc/self/fd");
  while (::readdir(directory)) ++count;
  ::closedir(directory);
  return count;
}

sockaddr_in system_address(const Address& address) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(address.port());
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

/// A socket of the test's own that has begun to connect.
int raw_connect(const Address& address) {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const sockaddr_in at = system_address(address);
  static_cast<void>(::connect(made, reinterpret_cast<const sockaddr*>(&at), sizeof at));
  return made;
}

Coro<> echo(StreamReader reader, StreamWriter writer) {
  for (;;) {
    const std::string text = co_await reader.read(64 * 1024);
    if (text.empty()) break;
    writer.write(text);
    co_await writer.drain();
  }
  writer.close();
  co_await writer.wait_closed();
}

Coro<int> exchange(Address server, std::string text, int times) {
  auto [reader, writer] = co_await open_connection(server);
  int right = 0;
  for (int i = 0; i < times; ++i) {
    writer.write(text);
    const std::string answer = co_await reader.readexactly(text.size());
    if (answer == text) ++right;
  }
  writer.close();
  co_await writer.wait_closed();
  co_return right;
}

/// How many of `clients` times `times` messages came back as they were sent.
Coro<int> echoed(int clients, int times, std::size_t size) {
  Server server = co_await start_server(echo, "127.0.0.1", 0, {.backlog = 4096});
  const Address at = server.addresses().at(0);
  std::vector<Coro<int>> all;
  for (int i = 0; i < clients; ++i) all.push_back(exchange(at, std::string(size, static_cast<char>('a' + i % 26)), times));
  const std::vector<int> counts = co_await gather(std::move(all));
  server.close();
  co_await server.wait_closed();
  int sum = 0;
  for (const int count : counts) sum += count;
  co_return sum;
}

}  // namespace

// --- the ring ---------------------------------------------------------------------------------------------------------

TEST_CASE("io_uring: a refusal says who refuses, and what can be done") {
  std::string value;
  std::ifstream("/proc/sys/kernel/io_uring_disabled") >> value;
  CHECK(contains(refusal(EPERM), "kernel.io_uring_disabled is " + (value.empty() ? "not there" : value)));
  CHECK(contains(refusal(EPERM), value.empty() || value == "0" ? "seccomp" : "sysctl kernel.io_uring_disabled=0"));
  CHECK(contains(refusal(ENOSYS), "built without it"));
  CHECK(contains(refusal(ENOMEM), "ulimit -l"));
  CHECK(contains(refusal(EMFILE), "ulimit -n"));
  CHECK(contains(refusal(EINVAL), "another backend"));
}

URING_TEST("on a kernel that knows less, the ring asks for less, and does the same") {
  for (int refused = 0; refused < 4; ++refused) {
    Script script;
    script.fail(SystemCall::open, {EINVAL}, refused);
    UringOptions options;
    options.seam = &script;
    UringBackend backend(options);
    const bool deferred = (backend.setup_flags() & IORING_SETUP_DEFER_TASKRUN) != 0;
    const bool cooperative = (backend.setup_flags() & IORING_SETUP_COOP_TASKRUN) != 0;
    CHECK(deferred == (refused == 0));
    CHECK(cooperative == (refused == 1 || refused == 2));
    CHECK(rondo::run(backend, echoed(5, 10, 100)) == 50);
  }
}

URING_TEST("a kernel without rings of buffers is too old, and is told so") {
  struct OnlyTheRing final : Seam {
    Fault before(SystemCall call) override { return {call == SystemCall::open && ++opens == 2 ? EINVAL : 0}; }
    int opens = 0;
  } seam;
  UringOptions options;
  options.seam = &seam;
  const int before = open_descriptors();
  try {
    const UringBackend backend(options);
    CHECK(false);
  } catch (const std::system_error& error) {
    CHECK(contains(error.what(), "5.19 is the oldest"));
  }
  CHECK(open_descriptors() == before);
}

URING_TEST("a batch costs one system call, and looking when nothing happens costs none") {
  Script script;
  UringOptions options;
  options.seam = &script;
  Desk desk(options);
  std::vector<std::pair<int, int>> connections;
  for (int i = 0; i < 8; ++i) connections.push_back(desk.connection());
  std::vector<OperationId> all;
  const Slice hello{reinterpret_cast<const std::byte*>("hello"), 5};
  for (const auto& [ours, peer] : connections) {
    all.push_back(desk.recv(peer));
    all.push_back(desk.start(OperationKind::send, ours, const_cast<Slice*>(&hello), 1));
  }
  int before = script.count(SystemCall::wait);
  for (int turns = 1; !std::all_of(all.begin(), all.end(), [&](OperationId id) { return desk.ended(id); }); ++turns) {
    desk.turn(after(desk.backend.now(), 1s));
    REQUIRE(script.count(SystemCall::wait) - before == turns);
    REQUIRE(turns < 20);
  }
  before = script.count(SystemCall::wait);
  if (desk.backend.setup_flags() & IORING_SETUP_TASKRUN_FLAG) {
    for (int i = 0; i < 10; ++i) desk.turn();
    CHECK(script.count(SystemCall::wait) == before);
  }
}

URING_TEST("more may be asked at once, and may end at once, than the ring has room for") {
  UringOptions options;
  options.entries = 4;
  options.buffers = 2;
  Desk desk(options);
  const auto [ours, peer] = desk.connection();
  std::vector<std::unique_ptr<Ends>> pipes;
  std::vector<OperationId> all;
  for (int i = 0; i < 200; ++i) {
    pipes.push_back(std::make_unique<Ends>());
    write_one(pipes.back()->second());
    all.push_back(desk.start(OperationKind::readable, pipes.back()->first()));
  }
  int right = 0;
  for (const OperationId id : all) right += desk.result(id) == 0;
  CHECK(right == 200);
  static_cast<void>(ours);
  static_cast<void>(peer);
}

URING_TEST("the ring belongs to the thread that uses it first, not to the one that makes it") {
  UringBackend backend;
  const auto body = []() -> Coro<int> {
    co_await sleep(1ms);
    co_return 7;
  };
  int result = 0;
  std::thread([&] { result = rondo::run(backend, body()); }).join();
  CHECK(result == 7);
  if (!(backend.setup_flags() & IORING_SETUP_SINGLE_ISSUER)) return;
  CHECK_THROWS_WITH(backend.reap(after(backend.now(), 1ms)), Catch::Contains("the thread that used it first"));
}

// --- buffers ----------------------------------------------------------------------------------------------------------

URING_TEST("two buffers are enough for twenty sockets: they come back, and who found none is served then") {
  UringOptions options;
  options.buffers = 2;
  Desk desk(options);
  std::vector<std::pair<int, int>> connections;
  for (int i = 0; i < 20; ++i) connections.push_back(desk.connection());
  int right = 0;
  for (int round = 0; round < 10; ++round) {
    std::vector<OperationId> all;
    for (const auto& [ours, peer] : connections) all.push_back(desk.recv(peer));
    desk.turn();
    for (std::size_t i = 0; i < connections.size(); ++i) {
      const char byte = static_cast<char>('a' + i);
      write_one(connections[i].first, byte);
    }
    for (std::size_t i = 0; i < connections.size(); ++i) {
      right += desk.result(all[i]) == 1 && desk.text(all[i]) == std::string(1, static_cast<char>('a' + i));
    }
  }
  CHECK(right == 200);
}

URING_TEST("a receive that found no buffer may be cancelled, or its socket closed, and its bytes are still there") {
  UringOptions options;
  options.buffers = 1;
  Desk desk(options);
  const auto a = desk.connection();
  const auto b = desk.connection();
  const auto c = desk.connection();
  for (const int ours : {a.first, b.first, c.first}) write_one(ours, 'x');
  const OperationId first = desk.recv(a.second);
  const OperationId second = desk.recv(b.second);
  const OperationId third = desk.recv(c.second);
  while (!desk.ended(first)) desk.turn(after(desk.backend.now(), 1s));
  CHECK_FALSE(desk.ended(second));
  desk.cancel(second);
  const OperationId closing = desk.start(OperationKind::close, c.second);
  CHECK(desk.result(second) == -ECANCELED);
  CHECK(desk.result(third) == -ECANCELED);
  CHECK(desk.result(closing) == 0);
  const OperationId again = desk.recv(b.second);
  CHECK(desk.result(again) == 1);
  CHECK(desk.text(again) == "x");
}

URING_TEST("the end of a stream uses up no buffer") {
  UringOptions options;
  options.buffers = 2;
  Desk desk(options);
  const auto [ours, peer] = desk.connection();
  CHECK(desk.result(desk.start(OperationKind::shutdown, ours)) == 0);
  int ends = 0;
  for (int i = 0; i < 20; ++i) ends += desk.result(desk.recv(peer)) == 0;
  CHECK(ends == 20);
  const auto other = desk.connection();
  write_one(other.first);
  CHECK(desk.result(desk.recv(other.second)) == 1);
}

// --- cancelling, closing ----------------------------------------------------------------------------------------------

URING_TEST("wherever a cancellation meets a byte, the receive ends once, and the byte is received once") {
  Desk desk;
  const auto [ours, peer] = desk.connection();
  std::array<std::byte, 16> memory{};
  int received = 0;
  int wrong = 0;
  int cancelled = 0;
  for (int i = 0; i < 256; ++i) {
    const bool own = i & 1;          // the caller's buffer
    const int write_at = i / 2 % 4;  // before the start, after it, after a turn, after the cancellation
    const bool turns = i & 8;
    const bool queued = i & 16;  // another one waits behind
    if (write_at == 0) write_one(ours);
    const OperationId id =
        own ? desk.start(OperationKind::recv, peer, memory.data(), memory.size()) : desk.recv(peer);
    const OperationId behind = desk.recv(peer);
    if (!queued) desk.cancel(behind);
    if (write_at == 1) write_one(ours);
    if (turns) desk.turn();
    if (write_at == 2) write_one(ours);
    desk.cancel(id);
    if (turns && i & 32) desk.turn();
    if (write_at == 3) write_one(ours);
    const int how = desk.result(id);
    cancelled += how == -ECANCELED;
    wrong += how != 1 && how != -ECANCELED;
    if (how == 1) {  // nothing is left for the one behind
      desk.cancel(behind);
      wrong += desk.result(behind) != -ECANCELED;
    } else if (queued) {
      wrong += desk.result(behind) != 1;
    } else {
      wrong += desk.result(behind) != -ECANCELED;
      wrong += desk.result(desk.recv(peer)) != 1;
    }
    ++received;
    wrong += desk.ends(id) != 1 || desk.ends(behind) != 1;
  }
  CHECK(received == 256);
  CHECK(wrong == 0);
  CHECK(cancelled > 0);
}

URING_TEST("bytes that another thread sends while receives are started and cancelled all arrive, in order") {
  Desk desk;
  const auto [ours, peer] = desk.connection();
  constexpr int all = 3000;
  std::thread writer([descriptor = ours] {
    std::minstd_rand random(1);
    for (int i = 0; i < all; ++i) {
      write_one(descriptor, static_cast<char>('a' + i % 26));
      if (random() % 8 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 50));
    }
  });
  std::string text;
  int cancelled = 0;
  int wrong = 0;
  while (text.size() < all) {
    const OperationId id = desk.recv(peer, 8);
    desk.turn(after(desk.backend.now(), 20us));
    if (!desk.ended(id)) desk.cancel(id);
    const int how = desk.result(id);
    if (how > 0) {
      text += desk.text(id);
    } else {
      wrong += how != -ECANCELED;
      ++cancelled;
    }
    if (wrong > 0) break;
  }
  writer.join();
  for (std::size_t i = 0; i < text.size(); ++i) wrong += text[i] != static_cast<char>('a' + i % 26);
  CHECK(wrong == 0);
  CHECK(text.size() == all);
}

URING_TEST("closing ends what waits for the socket, in order, and then gives the descriptor back") {
  Desk desk;
  const auto [ours, peer] = desk.connection();
  std::vector<OperationId> all;
  for (int i = 0; i < 3; ++i) all.push_back(desk.recv(peer));
  fill(peer);
  const Slice hello{reinterpret_cast<const std::byte*>("hello"), 5};
  for (int i = 0; i < 2; ++i) all.push_back(desk.start(OperationKind::send, peer, const_cast<Slice*>(&hello), 1));
  all.push_back(desk.start(OperationKind::shutdown, peer));
  all.push_back(desk.start(OperationKind::readable, peer));
  desk.turn();
  const OperationId closing = desk.start(OperationKind::close, peer);
  CHECK(desk.result(closing) == 0);
  int cancelled = 0;
  for (const OperationId id : all) cancelled += desk.ends(id) == 1 && desk.result(id) == -ECANCELED;
  CHECK(cancelled == 7);
  drain(ours);
  CHECK(::fcntl(peer, F_GETFD) == -1);
  CHECK(desk.result(desk.recv(peer)) == -EBADF);
}

URING_TEST("sends and a shutdown go out in the order asked") {
  Desk desk;
  const auto [ours, peer] = desk.connection();
  const std::array<Slice, 3> pieces{Slice{reinterpret_cast<const std::byte*>("one "), 4},
                                    Slice{reinterpret_cast<const std::byte*>("two "), 4},
                                    Slice{reinterpret_cast<const std::byte*>("three"), 5}};
  const OperationId first = desk.start(OperationKind::send, ours, const_cast<Slice*>(pieces.data()), 2);
  const OperationId second = desk.start(OperationKind::send, ours, const_cast<Slice*>(&pieces[2]), 1);
  const OperationId end = desk.start(OperationKind::shutdown, ours);
  CHECK(desk.result(end) == 0);
  CHECK(desk.result(first) == 8);
  CHECK(desk.result(second) == 5);
  const OperationId all = desk.recv(peer);
  CHECK(desk.result(all) == 13);
  CHECK(desk.text(all) == "one two three");
  CHECK(desk.result(desk.recv(peer)) == 0);
}

URING_TEST("a connection that nobody answers can be cancelled, and leaves no descriptor behind") {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at = system_address(Address::loopback(0));
  socklen_t size = sizeof at;
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
  REQUIRE(::listen(listener, 0) == 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
  const Address address = Address::loopback(ntohs(at.sin_port));
  const std::array<int, 3> fillers{raw_connect(address), raw_connect(address), raw_connect(address)};
  {
    Desk desk;
    desk.turn();
    const int before = open_descriptors();
    for (const bool turns : {false, true}) {
      Endpoint to{Address(), address, {}, 0};
      const OperationId id = desk.start(OperationKind::connect, -1, &to);
      if (turns) desk.turn(after(desk.backend.now(), 2ms));
      CHECK_FALSE(desk.ended(id));
      desk.cancel(id);
      CHECK(desk.result(id) == -ECANCELED);
      CHECK(open_descriptors() == before);
    }
  }
  for (const int filler : fillers) ::close(filler);
  ::close(listener);
}

URING_TEST("a connection that is refused says so") {
  Desk desk;
  Endpoint at{Address::loopback(0), Address(), {}, 16};
  const int listener = desk.result(desk.start(OperationKind::listen, -1, &at));
  desk.result(desk.start(OperationKind::close, listener));
  Endpoint to{Address(), at.local, {}, 0};
  CHECK(desk.result(desk.start(OperationKind::connect, -1, &to)) == -ECONNREFUSED);
}

// --- listeners --------------------------------------------------------------------------------------------------------

URING_TEST("connections wait in the backend for somebody who asks, and are closed with their listener") {
  const int before = open_descriptors();
  {
    Desk desk;
    Endpoint at{Address::loopback(0), Address(), {}, 8};
    const int listener = desk.result(desk.start(OperationKind::listen, -1, &at));
    Endpoint from;
    const OperationId cancelled = desk.start(OperationKind::accept, listener, &from);
    desk.turn();
    desk.cancel(cancelled);
    CHECK(desk.result(cancelled) == -ECANCELED);
    std::vector<int> clients;
    for (int i = 0; i < 8; ++i) clients.push_back(raw_connect(at.local));
    for (int i = 0; i < 5; ++i) desk.turn(after(desk.backend.now(), 1ms));
    int right = 0;
    for (int i = 0; i < 6; ++i) {
      Endpoint who;
      const int connection = desk.result(desk.start(OperationKind::accept, listener, &who));
      right += connection >= 0 && who.local == at.local && who.remote.port() != 0;
    }
    CHECK(right == 6);
    CHECK(desk.result(desk.start(OperationKind::close, listener)) == 0);
    char byte = 0;
    ::fcntl(clients.back(), F_SETFL, 0);
    CHECK(::recv(clients.back(), &byte, 1, 0) <= 0);  // closed, or reset
    for (const int client : clients) ::close(client);
  }
  CHECK(open_descriptors() == before);
}

URING_TEST("a process without descriptors left tells who accepts; the connection waits, and later it is accepted") {
  CHECK(in_a_child([] {
          Desk desk;
          Endpoint at{Address::loopback(0), Address(), {}, 8};
          const int listener = desk.result(desk.start(OperationKind::listen, -1, &at));
          const int client = raw_connect(at.local);
          rlimit before{};
          ::getrlimit(RLIMIT_NOFILE, &before);
          const rlimit none{3, before.rlim_max};
          ::setrlimit(RLIMIT_NOFILE, &none);
          Endpoint who;
          if (desk.result(desk.start(OperationKind::accept, listener, &who)) != -EMFILE) return 1;
          ::setrlimit(RLIMIT_NOFILE, &before);
          return desk.result(desk.start(OperationKind::accept, listener, &who)) > client ? 0 : 2;
        }) == "exit 0");
}

// --- the seam ---------------------------------------------------------------------------------------------------------

URING_TEST("an error that a test makes up ends the operation, but not at once; a limit shortens it") {
  Script script;
  UringOptions options;
  options.seam = &script;
  Desk desk(options);
  const auto [ours, peer] = desk.connection();
  script.fail(SystemCall::recv, {ECONNRESET});
  const OperationId failed = desk.recv(peer);
  desk.submit();
  CHECK_FALSE(desk.ended(failed));
  CHECK(desk.result(failed) == -ECONNRESET);
  script.fail(SystemCall::send, {0, 2});
  const Slice hello{reinterpret_cast<const std::byte*>("hello"), 5};
  CHECK(desk.result(desk.start(OperationKind::send, ours, const_cast<Slice*>(&hello), 1)) == 2);
  script.fail(SystemCall::recv, {0, 1});
  CHECK(desk.result(desk.recv(peer)) == 1);
  CHECK(desk.result(desk.recv(peer)) == 1);
  script.fail(SystemCall::socket, {ENFILE});
  Endpoint to{Address(), Address::loopback(9), {}, 0};
  CHECK(desk.result(desk.start(OperationKind::connect, -1, &to)) == -ENFILE);
  script.fail(SystemCall::wait, {EINTR});
  write_one(ours, 'y');
  CHECK(desk.result(desk.recv(peer)) == 1);
}

// --- all together -----------------------------------------------------------------------------------------------------

URING_TEST("the backend may go while everything is in flight, and gives every descriptor back") {
  const int before = open_descriptors();
  std::array<std::byte, 16> memory{};
  Endpoint at{Address::loopback(0), Address(), {}, 8};
  Endpoint who;
  const Ends pipe;
  int client = -1;
  {
    Desk desk;
    const auto [ours, peer] = desk.connection();
    const int listener = desk.result(desk.start(OperationKind::listen, -1, &at));
    desk.start(OperationKind::recv, peer, memory.data(), memory.size());
    desk.recv(peer);
    desk.recv(ours);
    desk.start(OperationKind::readable, pipe.first());
    desk.start(OperationKind::accept, listener, &who);
    desk.turn();
    client = raw_connect(at.local);
    desk.start(OperationKind::accept, listener, &who);
  }
  ::close(client);
  CHECK(open_descriptors() == before + 2);
}

URING_TEST("datagrams keep their ends and their senders, and tell what was cut off") {
  Desk desk;
  Endpoint a{Address::loopback(0), Address(), {}, 0};
  Endpoint b{Address::loopback(0), Address(), {}, 0};
  const int first = desk.result(desk.start(OperationKind::open_datagram, -1, &a));
  const int second = desk.result(desk.start(OperationKind::open_datagram, -1, &b));
  std::array<std::byte, 4> room{};
  std::string text = "hello";
  Datagram sent{reinterpret_cast<std::byte*>(text.data()), text.size(), b.local};
  Datagram received{room.data(), room.size(), Address()};
  const OperationId receiving = desk.start(OperationKind::recv_from, second, &received);
  CHECK(desk.result(desk.start(OperationKind::send_to, first, &sent)) == 5);
  CHECK(desk.result(receiving) == 4);
  CHECK(received.truncated);
  CHECK(received.address == a.local);
  CHECK(std::memcmp(room.data(), "hell", 4) == 0);
}

URING_TEST("a thousand connections through a small ring") {
  UringOptions options;
  options.entries = 32;
  options.buffers = 16;
  options.buffer_size = 1024;
  UringBackend backend(options);
  CHECK(rondo::run(backend, echoed(1000, 3, 3000)) == 3000);
}
