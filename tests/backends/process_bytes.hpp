// SPDX-License-Identifier: BSL-1.0
// process_bytes.hpp - all bytes of a stream arrive, also where a recv stops although more is there: at urgent data, and
// behind a message that carries descriptors. Used as process_network.hpp is.
#pragma once

#include <netinet/tcp.h>

#include <functional>
#include <initializer_list>

#include "process_network.hpp"

namespace {
namespace bytes {

/// A client that is no part of the loop, and sends what the loop's own sockets never do.
class RawPeer {
 public:
  explicit RawPeer(const Address& to) {
    if (to.family() == Address::Family::unix_domain) {
      connect_unix(to.path());
      return;
    }
    descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int one = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const sockaddr_in at = process::system_address(to);
    check(::connect(descriptor_, reinterpret_cast<const sockaddr*>(&at), sizeof at), "connect");
  }
  ~RawPeer() { ::close(descriptor_); }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  int descriptor() const { return descriptor_; }
  void send(std::string_view text, int flags = 0) const {
    check(::send(descriptor_, text.data(), text.size(), flags | MSG_NOSIGNAL), "send");
  }
  /// Alternating: bytes, an urgent byte, bytes, ...
  void send_around_urgent(std::initializer_list<std::string_view> texts) const {
    int flags = 0;
    for (const std::string_view text : texts) send(text, std::exchange(flags, flags ^ MSG_OOB));
  }
  template <class T>
  void send_with(std::string_view text, T passed, int type = SCM_RIGHTS) const {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof passed)] = {};
    iovec piece{const_cast<char*>(text.data()), text.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = type;
    head->cmsg_len = CMSG_LEN(sizeof passed);
    std::memcpy(CMSG_DATA(head), &passed, sizeof passed);
    check(::sendmsg(descriptor_, &message, MSG_NOSIGNAL), "sendmsg");
  }
  void end() const { ::shutdown(descriptor_, SHUT_WR); }

 private:
  void connect_unix(std::string_view path) {
    descriptor_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    path.copy(at.sun_path, sizeof at.sun_path - 1);
    check(::connect(descriptor_, reinterpret_cast<const sockaddr*>(&at), sizeof at), "connect");
  }
  static void check(ssize_t result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  }
  int descriptor_ = -1;
};

/// What the peer gets back: `size` bytes, or fewer if the next does not come for a second or the stream ends.
Coro<std::string> answer_to(const RawPeer* peer, std::size_t size) {
  std::string all;
  while (all.size() < size) {
    const std::string how = co_await ending(wait_for(readable(peer->descriptor()), 1s));
    if (how != "void") break;
    const std::string text = read_some(peer->descriptor());
    if (text.empty()) break;
    all += text;
  }
  co_return all;
}
/// "end" if the stream has nothing more.
Coro<std::string> what_follows(const RawPeer* peer) {
  const std::string how = co_await ending(wait_for(readable(peer->descriptor()), 1s));
  if (how != "void") co_return "nothing";
  co_return read_some(peer->descriptor()).empty() ? "end" : "bytes";
}

/// On TCP, if there is no path.
Coro<Server> echo_server(std::string unix_path) {
  if (unix_path.empty()) {
    Server server = co_await start_server(echo, "127.0.0.1", 0);
    co_return server;
  }
  Server server = co_await start_unix_server(echo, unix_path);
  co_return server;
}

/// Lets a peer do something, and gives what an echo server answers: `size` bytes.
using Act = std::function<void(const RawPeer&)>;
Coro<std::string> echoed(std::vector<Act> acts, std::size_t size, std::string unix_path = {}) {
  const Server server = co_await echo_server(unix_path);
  const RawPeer peer(unix_path.empty() ? server.addresses().at(0) : Address::unix_path(unix_path));
  for (const Act& act : acts) {
    act(peer);
    if (acts.size() > 1) co_await a_moment();  // the server waits for bytes meanwhile
  }
  const std::string answer = co_await answer_to(&peer, size);
  peer.end();
  const std::string end = co_await what_follows(&peer);
  co_return answer + ", " + end;
}

/// Lets a peer do something, and receives `size` bytes of it without a word in return: each answer would be an edge.
Coro<std::string> received(Act act, std::size_t size, std::string unix_path) {
  Endpoint at;
  const Socket listener = co_await listener_at(&at, Address::unix_path(unix_path));
  const RawPeer peer(at.local);
  const Socket server = co_await listener.accept();
  const Task<std::string> waiting = create_task(recv_text(&server));  // before anything is there
  co_await a_moment();
  act(peer);
  std::string all = co_await wait_for(waiting, 1s);
  while (all.size() < size) {
    const std::string text = co_await wait_for(recv_text(&server), 1s);
    if (text.empty()) break;
    all += text;
  }
  co_return all;
}

/// Calls `function(number of the recv)` before each recv, which gives the bytes that it may take.
class AtRecv final : public Seam {
 public:
  explicit AtRecv(std::function<std::size_t(int)> function) : function_(std::move(function)) {}
  Fault before(SystemCall call) override {
    if (call != SystemCall::recv) return {};
    return {0, function_(++calls_)};
  }
  int calls() const { return calls_; }

 private:
  std::function<std::size_t(int)> function_;
  int calls_ = 0;
};

/// `times` requests of one kilobyte, one after the other; each is answered before the next is sent.
Coro<int> serve_requests(int times, std::string unix_path) {
  const Server server = co_await echo_server(unix_path);
  const RawPeer peer(unix_path.empty() ? server.addresses().at(0) : Address::unix_path(unix_path));
  int answered = 0;
  for (; answered < times; ++answered) {
    peer.send(pattern(50));
    const std::string answer = co_await answer_to(&peer, 50);
    if (answer != pattern(50)) break;
  }
  co_return answered;
}

}  // namespace bytes
}  // namespace

// --- urgent data -----------------------------------------------------------------------------------------------------

CONFORMANCE("bytes around urgent data all arrive, without it, and whether it comes at once or later") {
  World world;
  const auto at_once = [](const bytes::RawPeer& peer) { peer.send_around_urgent({"before", "!", "behind"}); };
  CHECK(on(world, bytes::echoed({at_once}, 12)) == "beforebehind, end");
  const auto nothing = [](const bytes::RawPeer&) {};
  CHECK(on(world, bytes::echoed({nothing, at_once}, 12)) == "beforebehind, end");
  const auto text = [](const bytes::RawPeer& peer) { peer.send("before"); };
  const auto rest = [](const bytes::RawPeer& peer) { peer.send_around_urgent({"middle", "!", "behind"}); };
  CHECK(on(world, bytes::echoed({text, rest}, 18)) == "beforemiddlebehind, end");
  const auto mark = [](const bytes::RawPeer& peer) { peer.send("!", MSG_OOB); };
  const auto last = [](const bytes::RawPeer& peer) { peer.send("behind"); };
  CHECK(on(world, bytes::echoed({text, mark, last}, 12)) == "beforebehind, end");
}

CONFORMANCE("urgent data may come again and again, first and last, and the end with it") {
  World world;
  const auto again = [](const bytes::RawPeer& peer) { peer.send_around_urgent({"a", "!", "b"}); };
  CHECK(on(world, bytes::echoed({again, again, again}, 6)) == "ababab, end");
  const auto many = [](const bytes::RawPeer& peer) {
    peer.send_around_urgent({"a", "!", "b", "!", "c", "!", "d"});
    peer.end();
  };
  std::string answer = on(world, bytes::echoed({many}, 100));
  std::erase(answer, '!');  // a later mark takes the earlier one's place, and its byte is as any other
  CHECK(answer == "abcd, end");
  const auto first = [](const bytes::RawPeer& peer) {
    peer.send("!", MSG_OOB);
    peer.send("behind");
  };
  CHECK(on(world, bytes::echoed({first}, 6)) == "behind, end");
  const auto last = [](const bytes::RawPeer& peer) {
    peer.send_around_urgent({"before", "!"});
    peer.end();
  };
  CHECK(on(world, bytes::echoed({last}, 6)) == "before, end");
  const auto all = [](const bytes::RawPeer& peer) {
    peer.send_around_urgent({"before", "!", "behind"});
    peer.end();
  };
  CHECK(on(world, bytes::echoed({all}, 12)) == "beforebehind, end");
}

CONFORMANCE("urgent data that arrives after the edge and before the recv holds nothing back") {
  const bytes::RawPeer* sender = nullptr;
  bytes::AtRecv seam([&](int number) {
    if (number == 1) sender->send_around_urgent({"middle", "!", "behind"});
    return SIZE_MAX;
  });
  World world(&seam);
  const auto text = [&sender](const bytes::RawPeer& peer) {
    sender = &peer;
    peer.send("before");
  };
  CHECK(on(world, bytes::echoed({text}, 18)) == "beforemiddlebehind, end");
}

CONFORMANCE("an urgent mark exactly at the end of the buffer, or where a short recv ends, holds nothing back") {
  const auto body = [](std::size_t room) -> Coro<std::string> {
    Endpoint at;
    const Socket listener = co_await listener_at(&at);
    const bytes::RawPeer peer(at.local);
    const Socket server = co_await listener.accept();
    peer.send_around_urgent({"123456", "!", "789"});
    std::string story;
    for (std::size_t got = 0; got < 9;) {
      const std::string text = co_await wait_for(recv_text(&server, room), 1s);
      story += text + " ";
      got += text.size();
    }
    co_return story;
  };
  World world;
  CHECK(on(world, body(6)) == "123456 789 ");
  CHECK(on(world, body(3)) == "123 456 789 ");
  CHECK(on(world, body(5)) == "12345 6 789 ");
}

CONFORMANCE("short reads lose no byte, at an urgent mark neither, whichever recv is cut") {
  for (const int every : {1, 2, 3, 5}) {
    bytes::AtRecv seam([every](int number) { return number % every == 0 ? std::size_t{2} : SIZE_MAX; });
    World world(&seam);
    const auto act = [](const bytes::RawPeer& peer) { peer.send_around_urgent({"before", "!", "behind"}); };
    CHECK(on(world, bytes::echoed({act}, 12)) == "beforebehind, end");
    const auto ends = [](const bytes::RawPeer& peer) {
      peer.send("before the end");
      peer.end();
    };
    CHECK(on(world, bytes::echoed({ends}, 14)) == "before the end, end");
  }
}

// --- the end ---------------------------------------------------------------------------------------------------------

CONFORMANCE("the end that comes together with bytes is seen behind them, also when it comes between edge and recv") {
  World world;
  const auto at_once = [](const bytes::RawPeer& peer) {
    peer.send("bytes");
    peer.end();
  };
  CHECK(on(world, bytes::echoed({at_once}, 5)) == "bytes, end");
  const auto nothing = [](const bytes::RawPeer&) {};
  CHECK(on(world, bytes::echoed({nothing, at_once}, 5)) == "bytes, end");
  const bytes::RawPeer* sender = nullptr;
  bytes::AtRecv seam([&](int number) {
    if (number == 1) sender->end();
    return SIZE_MAX;
  });
  World between(&seam);
  const auto text = [&sender](const bytes::RawPeer& peer) {
    sender = &peer;
    peer.send("bytes");
  };
  CHECK(on(between, bytes::echoed({text}, 5)) == "bytes, end");
}

// --- Unix ------------------------------------------------------------------------------------------------------------

CONFORMANCE("bytes behind a message with descriptors arrive, and the descriptors are closed") {
  World world;
  Ends pipe;
  const bytes::Act act = [&pipe](const bytes::RawPeer& peer) {
    peer.send("one ");
    peer.send_with("two ", pipe.second());
    peer.send_with("three ", pipe.second());
    peer.send("four");
  };
  CHECK(on(world, bytes::received(act, 18, temporary_path())) == "one two three four");
  CHECK(on(world, bytes::echoed({act}, 18, temporary_path())) == "one two three four, end");
  const auto nothing = [](const bytes::RawPeer&) {};
  CHECK(on(world, bytes::echoed({nothing, act, act}, 36, temporary_path())) ==
        "one two three fourone two three four, end");
  pipe.close_second();
  char byte = 0;
  CHECK(::read(pipe.first(), &byte, 1) == 0);  // nobody holds the other end
}

CONFORMANCE("bytes behind a message with descriptors arrive before the end, and when recvs are cut short") {
  const Ends pipe;
  const bytes::Act act = [&pipe](const bytes::RawPeer& peer) {
    peer.send_with("message ", pipe.second());
    peer.send("and more");
    peer.end();
  };
  for (const int every : {1, 2, 3, 100}) {
    bytes::AtRecv seam([every](int number) { return number % every == 0 ? std::size_t{3} : SIZE_MAX; });
    World world(&seam);
    CHECK(on(world, bytes::received(act, 16, temporary_path())) == "message and more");
    CHECK(on(world, bytes::echoed({act}, 16, temporary_path())) == "message and more, end");
  }
}

CONFORMANCE("bytes behind a message with credentials arrive") {
  World world;
  const bytes::Act act = [](const bytes::RawPeer& peer) {
    peer.send("one ");
    const ucred who{::getpid(), ::getuid(), ::getgid()};
    peer.send_with("two ", who, SCM_CREDENTIALS);
    peer.send("three");
  };
  CHECK(on(world, bytes::received(act, 13, temporary_path())) == "one two three");
}

CONFORMANCE("urgent data on a Unix stream holds nothing back") {
  World world;
  int error = 0;
  const auto act = [&error](const bytes::RawPeer& peer) {
    peer.send("before");
    if (::send(peer.descriptor(), "!", 1, MSG_OOB | MSG_NOSIGNAL) < 0) error = errno;
    peer.send("behind");
  };
  const std::string answer = on(world, bytes::echoed({act}, 12, temporary_path()));
  if (error != 0) WARN("skipped: this kernel has no urgent data on Unix streams");
  CHECK(answer == "beforebehind, end");
}

CONFORMANCE("a Unix stream with a small buffer carries much, though every send fills it") {
  const auto body = [](std::string path) -> Coro<bool> {
    ServerOptions options;
    options.socket.send_buffer = 4096;
    const Server server = co_await start_unix_server(echo, path, options);
    const Task<std::string> one = create_task(ask_unix(path, pattern(much / 8)));
    const Task<std::string> two = create_task(ask_unix(path, pattern(3001)));
    const std::string first = co_await wait_for(one, 10s);
    const std::string second = co_await wait_for(two, 10s);
    co_return first == pattern(much / 8) && second == pattern(3001);
  };
  World world;
  CHECK(on(world, body(temporary_path())));
}

CONFORMANCE("a datagram to a Unix socket whose queue others have filled goes when there is room, and holds up nobody") {
  const auto body = [](std::string path) -> Coro<std::string> {
    const DatagramSocket to = co_await open_datagram(Address::unix_path(path));
    const DatagramSocket from = co_await open_datagram(Address::unix_path(path + ".from"));
    const int other = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    path.copy(at.sun_path, sizeof at.sun_path - 1);
    int filled = 0;
    while (::sendto(other, "x", 1, 0, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 1) ++filled;
    ::close(other);
    const auto sends = [](const DatagramSocket* socket, Address where, std::string text) -> Coro<> {
      co_await socket->send_to(text, where);
    };
    const Task<> given_up = create_task(sends(&from, Address::unix_path(path), "n"));
    const Task<> task = create_task(sends(&from, Address::unix_path(path), "y"));
    co_await a_moment();
    given_up.cancel();
    std::string story = co_await ending(given_up);
    co_await a_moment();
    story += task.done() ? ", too early, " : ", waits, ";
    for (; filled > 0; --filled) static_cast<void>(co_await to.recv_from(10));
    const auto last = co_await wait_for(to.recv_from(10), 1s);
    co_await task;
    co_return story + last.data;
  };
  World world;
  CHECK(on(world, body(temporary_path())) == "cancelled, waits, y");
}

// --- what it costs ---------------------------------------------------------------------------------------------------

CONFORMANCE("a request over TCP costs one recv where the kernel tells of urgent data, and two where it does not") {
  constexpr int times = 200;
  for (const bool local : {false, true}) {
    bytes::AtRecv seam([](int) { return SIZE_MAX; });
    World world(&seam);
    CHECK(on(world, bytes::serve_requests(times, local ? temporary_path() : "")) == times);
    const std::string name = World::name;
    const bool twice = name == "libevent" || (name == "epoll" && local);
    INFO(name << (local ? " Unix " : " TCP ") << seam.calls());
    CHECK(seam.calls() <= (twice ? 2 : 1) * times + 2);
  }
}
