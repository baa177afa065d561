// SPDX-License-Identifier: BSL-1.0
// io_uring_test.cpp - what only the io_uring backend has: a ring that may be refused, and that is shared with the
// kernel.
#include <rondo/backends/io_uring.hpp>

#include <linux/io_uring.h>

#include <algorithm>
#include <fstream>
#include <memory>

#include <rondo/connection.hpp>
#include <rondo/server.hpp>

#include "io_uring_desk.hpp"
#include "network.hpp"

namespace {

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
  Server server = co_await start_server(network::echo, "127.0.0.1", 0, {.backlog = 4096});
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

// --- the ring --------------------------------------------------------------------------------------------------------

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
  const std::size_t before = open_descriptors();
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
  std::string text;
  try {
    static_cast<void>(backend.reap(after(backend.now(), 1ms)));
  } catch (const std::system_error& error) {
    text = error.what();
  }
  CHECK(contains(text, "the thread that used it first"));
}

// --- the seam --------------------------------------------------------------------------------------------------------

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

// --- all together ----------------------------------------------------------------------------------------------------

URING_TEST("the backend may go while everything is in flight, and gives every descriptor back") {
  const std::size_t before = open_descriptors();
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

URING_TEST("a thousand connections through a small ring") {
  UringOptions options;
  options.entries = 32;
  options.buffers = 16;
  options.buffer_size = 1024;
  UringBackend backend(options);
  CHECK(rondo::run(backend, echoed(1000, 3, 3000)) == 3000);
}
