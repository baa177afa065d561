// SPDX-License-Identifier: BSL-1.0
// process_reuse.hpp - a number that was closed and given out again is another descriptor, also while a duplicate (in a
// child process, say) keeps the old file open and the kernel goes on telling of it. Used as process_network.hpp is.
#pragma once

#include <fcntl.h>
#include <sys/eventfd.h>

#include <map>

#include "process_bytes.hpp"

namespace {
namespace reuse {

/// The open file of a descriptor, under a number that nobody else gets by chance.
class Duplicate {
 public:
  explicit Duplicate(int of) : descriptor_(::fcntl(of, F_DUPFD_CLOEXEC, 500)) {}
  ~Duplicate() { ::close(descriptor_); }
  Duplicate(const Duplicate&) = delete;
  Duplicate& operator=(const Duplicate&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

/// A child process that has all our descriptors and does nothing with them.
class Child {
 public:
  Child() : process_(::fork()) {
    if (process_ > 0) return;
    ::alarm(20);
    char byte = 0;
    ::close(ends_.second());
    for (ssize_t size = -1; size != 0;) size = ::read(ends_.first(), &byte, 1);  // until the parent is done
    ::_exit(0);
  }
  ~Child() {
    ends_.close_second();
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

 private:
  struct Blocking : Ends {
    Blocking() { ::fcntl(first(), F_SETFL, 0); }
  } ends_;
  pid_t process_;
};

/// A wait for `descriptor` that ends when it is readable, or is cancelled.
Task<std::string> wait_on(int descriptor) {
  const auto waits = [](int number) -> Coro<std::string> {
    const std::string how = co_await ending(readable(number));
    co_return how == "void" ? "readable" : how;
  };
  return create_task(waits(descriptor));
}
Coro<std::string> state_of(const Task<std::string>* task) {
  co_await a_moment();
  if (!task->done()) co_return "waits";
  const std::string how = co_await ending(*task);
  co_return how;
}

/// A socket of ours that is connected to a peer outside.
struct Connected {
  Socket listener;
  std::unique_ptr<bytes::RawPeer> peer;
  Socket server;
};
Coro<Connected> connected() {
  Connected made;
  Endpoint at;
  made.listener = co_await listener_at(&at);
  made.peer = std::make_unique<bytes::RawPeer>(at.local);
  made.server = co_await made.listener.accept();
  co_return made;
}
/// Whether bytes pass in both directions.
Coro<std::string> talks(const Connected* pair) {
  pair->peer->send("question");
  std::string story = co_await wait_for(recv_text(&pair->server), 1s);
  co_await send_text(&pair->server, "answer");
  const std::string answer = co_await bytes::answer_to(pair->peer.get(), 6);
  co_return story + " " + answer;
}

/// What a wait for a pipe hears that has the number of a closed socket of ours. The file lives on, in a child or here.
Coro<std::string> pipe_after_socket(bool in_child) {
  Connected pair = co_await connected();
  const int number = pair.server.handle();
  const auto child = in_child ? std::make_unique<Child>() : nullptr;
  const auto duplicate = in_child ? nullptr : std::make_unique<Duplicate>(number);
  const Task<std::string> other = create_task(recv_text(&pair.server));
  co_await a_moment();
  other.cancel();
  static_cast<void>(co_await ending(other));
  pair.server = Socket();
  co_await a_moment();
  const Ends pipe;
  if (pipe.first() != number && ::dup2(pipe.first(), number) != number) co_return "no such number";
  const Task<std::string> waiting = wait_on(number);
  co_await a_moment();
  pair.peer->send("for the old one");
  std::string story = co_await state_of(&waiting);
  write_one(pipe.second());
  story += ", " + co_await state_of(&waiting);
  if (pipe.first() != number) ::close(number);
  co_return story;
}

}  // namespace reuse
}  // namespace

CONFORMANCE("a closed socket of whose file a duplicate lives on is not heard of by who gets its number") {
  World world;
  CHECK(on(world, reuse::pipe_after_socket(false)) == "waits, readable");
}

CONFORMANCE("a closed socket that a child process holds is not heard of by who gets its number") {
  World world;
  CHECK(on(world, reuse::pipe_after_socket(true)) == "waits, readable");
}

CONFORMANCE("a descriptor that was closed during its wait is not heard of by who gets its number") {
  const auto body = [](bool cancelled) -> Coro<std::string> {
    Ends old;
    const int number = old.first();
    const reuse::Duplicate duplicate(number);
    const Task<std::string> before = reuse::wait_on(number);
    co_await a_moment();
    old.close_first();
    if (cancelled) before.cancel();
    if (cancelled) co_await a_moment();
    const Ends next;
    if (next.first() != number) co_return "another number";
    const Task<std::string> waiting = reuse::wait_on(number);
    co_await a_moment();
    write_one(old.second());
    std::string story = co_await reuse::state_of(&waiting);
    drain(duplicate.descriptor());
    write_one(next.second());
    story += ", " + co_await reuse::state_of(&waiting);
    before.cancel();
    static_cast<void>(co_await ending(before));
    co_return story;
  };
  World world;
  CHECK(on(world, body(true)) == "waits, readable");
  CHECK(on(world, body(false)) == "waits, readable");
}

CONFORMANCE("a wait whose descriptor was closed hears nothing of the next one with that number, and can be cancelled") {
  const auto body = []() -> Coro<std::string> {
    Ends old;
    const int number = old.first();
    const Task<std::string> before = reuse::wait_on(number);
    co_await a_moment();
    old.close_first();
    const Ends next;
    if (next.first() != number) co_return "another number";
    const Task<std::string> waiting = reuse::wait_on(number);
    co_await a_moment();
    write_one(next.second());
    std::string story = co_await reuse::state_of(&waiting);
    const std::string heard = co_await reuse::state_of(&before);
    before.cancel();
    story += ", " + heard + ", " + co_await reuse::state_of(&before);
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "readable, waits, cancelled");
}

CONFORMANCE("a wait may begin on a number before the cancellation of the old wait has reached the backend") {
  const auto body = [](bool duplicated, bool event) -> Coro<std::string> {
    int numbers[2] = {-1, -1};
    Ends old;
    if (event) numbers[0] = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    const int number = event ? numbers[0] : old.first();
    const auto duplicate = duplicated ? std::make_unique<reuse::Duplicate>(number) : nullptr;
    const Task<std::string> before = reuse::wait_on(number);
    co_await a_moment();
    const Task<std::string> waiting = reuse::wait_on(number);  // begins in the next batch, as the cancellation does
    before.cancel();
    Ends next;
    if (::dup2(event ? (numbers[1] = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) : next.first(), number) != number) {
      co_return "no such number";
    }
    std::string story = co_await reuse::state_of(&before);
    story += ", " + co_await reuse::state_of(&waiting);
    if (event) ::eventfd_write(numbers[1], 1);
    write_one(next.second());
    story += ", " + co_await reuse::state_of(&waiting);
    for (const int made : numbers) {
      if (made >= 0) ::close(made);
    }
    co_return story;
  };
  World world;
  for (const bool duplicated : {false, true}) {
    CHECK(on(world, body(duplicated, false)) == "cancelled, waits, readable");
    CHECK(on(world, body(duplicated, true)) == "cancelled, waits, readable");
  }
}

CONFORMANCE("a descriptor that was closed during its wait and comes back under its number can be waited for") {
  const auto body = []() -> Coro<std::string> {
    Ends pipe;
    const int number = pipe.first();
    const reuse::Duplicate duplicate(number);
    const Task<std::string> before = reuse::wait_on(number);
    co_await a_moment();
    pipe.close_first();
    before.cancel();
    std::string story = co_await reuse::state_of(&before);
    if (::dup2(duplicate.descriptor(), number) != number) co_return "no such number";
    const Task<std::string> waiting = reuse::wait_on(number);
    story += ", " + co_await reuse::state_of(&waiting);
    write_one(pipe.second());
    story += ", " + co_await reuse::state_of(&waiting);
    ::close(number);
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "cancelled, waits, readable");
}

CONFORMANCE("a socket that gets the number of a descriptor closed during its wait works, whenever that wait ends") {
  const auto body = [](bool cancelled_first) -> Coro<std::string> {
    Ends old;
    const int number = old.first();
    const reuse::Duplicate duplicate(number);
    const Task<std::string> before = reuse::wait_on(number);
    co_await a_moment();
    Endpoint at;
    reuse::Connected pair;
    pair.listener = co_await listener_at(&at);
    pair.peer = std::make_unique<bytes::RawPeer>(at.local);
    old.close_first();
    if (cancelled_first) before.cancel();
    pair.server = co_await pair.listener.accept();
    if (pair.server.handle() != number) co_return "another number";
    std::string story = co_await reuse::talks(&pair);
    write_one(old.second());
    co_await a_moment();
    story += ", " + co_await reuse::talks(&pair);
    before.cancel();
    co_await a_moment();
    story += ", " + co_await reuse::talks(&pair);
    pair.server = Socket();
    co_await a_moment();
    const Ends next;
    if (next.first() != number) co_return "another number at last";
    const Task<std::string> waiting = reuse::wait_on(number);
    story += ", " + co_await reuse::state_of(&waiting);
    write_one(next.second());
    story += ", " + co_await reuse::state_of(&waiting);
    co_return story;
  };
  World world;
  const std::string all = "question answer, question answer, question answer, waits, readable";
  CHECK(on(world, body(false)) == all);
  CHECK(on(world, body(true)) == all);
}

CONFORMANCE("news of a closed descriptor in one batch with the connection that gets its number go to nobody") {
  const auto body = []() -> Coro<std::string> {
    Ends old;
    const int number = old.first();
    const reuse::Duplicate duplicate(number);
    reuse::Connected pair;
    Endpoint at;
    pair.listener = co_await listener_at(&at);
    const Task<std::string> before = reuse::wait_on(number);
    const auto accept = [](reuse::Connected* to) -> Coro<> { to->server = co_await to->listener.accept(); };
    const Task<> accepting = create_task(accept(&pair));
    co_await a_moment();
    pair.peer = std::make_unique<bytes::RawPeer>(at.local);
    old.close_first();
    write_one(old.second());
    co_await accepting;
    if (pair.server.handle() != number) co_return "another number";
    std::string story = co_await reuse::talks(&pair);
    before.cancel();
    co_await a_moment();
    story += ", " + co_await reuse::talks(&pair);
    co_return story;
  };
  World world;
  CHECK(on(world, body()) == "question answer, question answer");
}

CONFORMANCE("C1: waits whose descriptor was closed have exactly one completion each, when they are cancelled") {
  World world;
  std::map<std::uint32_t, std::vector<std::int32_t>> results;
  const auto submit = [&](Output::Verb verb, int handle, std::uint32_t slot) {
    Output output;
    output.verb = verb;
    output.kind = slot == 2 ? OperationKind::writable : OperationKind::readable;
    output.handle = handle;
    output.id = {slot, 1};
    world.backend.submit(std::span(&output, 1));
  };
  const auto reap = [&] {
    for (int i = 0; i < 5; ++i) {
      for (const Input& input : world.backend.reap(world.backend.now() + 1ms)) {
        results[input.id.slot].push_back(input.result);
      }
    }
  };
  Ends old(Ends::Kind::sockets);
  fill(old.first());
  const int number = old.first();
  const reuse::Duplicate duplicate(number);
  for (const std::uint32_t slot : {0U, 1U, 2U}) submit(Output::Verb::start, number, slot);
  reap();
  old.close_first();
  const Ends next;
  REQUIRE(next.first() == number);
  submit(Output::Verb::start, number, 3);
  reap();
  write_one(next.second());
  reap();
  CHECK(results.size() == 1);
  for (const std::uint32_t slot : {1U, 0U, 2U, 3U}) submit(Output::Verb::cancel, number, slot);
  reap();
  using Results = std::vector<std::int32_t>;
  for (const std::uint32_t slot : {0U, 1U, 2U}) CHECK(results[slot] == Results{-ECANCELED});
  CHECK(results[3] == Results{0});
}
