// SPDX-License-Identifier: BSL-1.0
// process_network.hpp - what every backend of a real process must pass, beside conformance_network.hpp: running out of
// descriptors, addresses that do not answer, files that are left over, ten thousand connections.
#pragma once

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/un.h>

#include <array>
#include <cstdio>

#include <rondo/backends/seam.hpp>

#include "network.hpp"

using namespace network;

namespace {
namespace process {

/// Fails the first `times` calls of one kind, and counts them all.
class Failing final : public Seam {
 public:
  Failing(SystemCall what, int error, int times) : what_(what), error_(error), left_(times) {}
  Fault before(SystemCall call) override {
    if (call != what_) return {};
    ++calls_;
    if (left_ == 0) return {};
    --left_;
    return {error_, SIZE_MAX};
  }
  int calls() const { return calls_; }

 private:
  SystemCall what_;
  int error_;
  int left_;
  int calls_ = 0;
};

sockaddr_in system_address(const Address& address) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  made.sin_port = htons(address.port());
  return made;
}

/// An address whose connections are neither taken nor refused: a listener whose backlog is full.
class BlackHole {
 public:
  explicit BlackHole(bool ipv6 = false, std::uint16_t port = 0) {
    listener_ = ::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int one = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (ipv6) ::setsockopt(listener_, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    sockaddr_storage at{};
    socklen_t size = ipv6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    at.ss_family = ipv6 ? AF_INET6 : AF_INET;
    auto& four = reinterpret_cast<sockaddr_in&>(at);
    auto& six = reinterpret_cast<sockaddr_in6&>(at);
    if (ipv6) {
      six.sin6_addr = in6addr_loopback;
      six.sin6_port = htons(port);
    } else {
      four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      four.sin_port = htons(port);
    }
    good_ = ::bind(listener_, reinterpret_cast<sockaddr*>(&at), size) == 0 && ::listen(listener_, 0) == 0;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
    address_ = Address::parse(ipv6 ? "::1" : "127.0.0.1", ntohs(ipv6 ? six.sin6_port : four.sin_port));
    for (int& filler : fillers_) {
      filler = ::socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      static_cast<void>(::connect(filler, reinterpret_cast<sockaddr*>(&at), size));
    }
  }
  ~BlackHole() {
    for (const int filler : fillers_) ::close(filler);
    ::close(listener_);
  }
  BlackHole(const BlackHole&) = delete;
  BlackHole& operator=(const BlackHole&) = delete;
  const Address& address() const { return address_; }
  bool good() const { return good_; }

 private:
  int listener_ = -1;
  bool good_ = false;
  std::array<int, 4> fillers_{};
  Address address_;
};

Coro<> connect_to(Address address) { static_cast<void>(co_await open_connection(std::move(address))); }

/// While it lives, this process has the descriptors that it has and no more.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(0);  // the lowest free number
    ::close(next);
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(next);
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;

 private:
  rlimit before_{};
};

/// Reports of a run, counted.
struct Reports {
  int descriptors = 0;
  int others = 0;
  void watch(Runner& runner) {
    runner.loop().set_exception_handler([this](const ErrorContext& context) {
      ++(contains(context.message, "no descriptor left") ? descriptors : others);
    });
  }
};

ServerOptions with_retry(Duration delay) {
  ServerOptions options;
  options.accept_retry_delay = delay;
  return options;
}

/// In a child process: holds `count` connections to the port at once. Each is made when the one 200 before it has been
/// greeted with a byte.
int hold_connections(std::uint16_t port, int count) {
  const sockaddr_in to = system_address(Address::loopback(port));
  std::vector<int> sockets;
  for (int i = 0; i < count; ++i) {
    const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0) return 1;
    if (::connect(made, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return 2;
    sockets.push_back(made);
    char byte = 0;
    if (i >= 200 && ::read(sockets[static_cast<std::size_t>(i - 200)], &byte, 1) != 1) return 3;
  }
  for (int i = count - 200; i < count; ++i) {
    char byte = 0;
    if (::read(sockets[static_cast<std::size_t>(i)], &byte, 1) != 1) return 4;
  }
  for (const int socket : sockets) {
    if (::write(socket, "x", 1) != 1) return 5;
  }
  for (const int socket : sockets) {
    char byte = 0;
    if (::read(socket, &byte, 1) != 1 || byte != 'x') return 6;
  }
  return 0;
}

struct Held {
  int now = 0;
  int most = 0;
};
Coro<> greet_and_echo(Held* held, StreamReader reader, StreamWriter writer) {
  held->most = std::max(held->most, ++held->now);
  writer.write("!");
  const std::string text = co_await reader.readexactly(1);
  writer.write(text);
  static_cast<void>(co_await reader.read());
  --held->now;
}

}  // namespace process
}  // namespace

// --- out of descriptors ----------------------------------------------------------------------------------------------

CONFORMANCE("a server without descriptors reports it, waits, and takes the connection when there is one again") {
  process::Failing seam(SystemCall::accept, EMFILE, 3);
  World world(&seam);
  Runner runner(world.backend);
  process::Reports reports;
  reports.watch(runner);
  const auto body = []() -> Coro<std::string> {
    const Server server = co_await start_server(echo, "127.0.0.1", 0, process::with_retry(2ms));
    co_return co_await wait_for(ask(server.addresses().at(0), "patience"), 10s);
  };
  const auto begin = std::chrono::steady_clock::now();
  CHECK(runner.run(body()) == "patience");
  CHECK(std::chrono::steady_clock::now() - begin >= 6ms);
  CHECK(reports.descriptors == 3);
  CHECK(reports.others == 0);
  CHECK(seam.calls() < 20);  // it does not spin
}

CONFORMANCE("when the process has no descriptor left, a server keeps its connections waiting and does not spin") {
  process::Failing seam(SystemCall::accept, 0, 0);  // counts
  World world(&seam);
  Runner runner(world.backend);
  process::Reports reports;
  reports.watch(runner);
  const auto body = []() -> Coro<std::string> {
    const Server server = co_await start_server(echo, "127.0.0.1", 0, process::with_retry(3ms));
    Endpoint to{Address(), server.addresses().at(0), {}};
    const int raw = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in at = process::system_address(to.remote);
    std::string story;
    {
      const process::NoMoreDescriptors limit;
      static_cast<void>(::connect(raw, reinterpret_cast<const sockaddr*>(&at), sizeof at));
      static_cast<void>(::write(raw, "waited", 6));
      const std::string how = co_await ending(ask(to.remote, "x"));
      story = how == system_error_text(EMFILE) ? "none for the client either, " : how + ", ";
      co_await sleep(8ms);
    }
    ::shutdown(raw, SHUT_WR);
    co_await wait_for(readable(raw), 5s);
    story += read_some(raw);
    ::close(raw);
    co_return story;
  };
  CHECK(runner.run(body()) == "none for the client either, waited");
  CHECK(reports.descriptors >= 1);
  CHECK(reports.descriptors <= 10);
  CHECK(seam.calls() < 30);
}

CONFORMANCE("accept tells a program that has no descriptor left; the connection waits") {
  process::Failing seam(SystemCall::accept, EMFILE, 1);
  World world(&seam);
  const auto body = []() -> Coro<std::string> {
    Endpoint at;
    const Socket listener = co_await listener_at(&at);
    Endpoint to{Address(), at.local, {}};
    const Socket client = co_await connect_socket(to);
    std::string story = co_await ending(listener.accept());
    const Socket server = co_await listener.accept();
    story += server.is_open() ? ", accepted" : ", lost";
    co_return story;
  };
  CHECK(on(world, body()) == system_error_text(EMFILE) + ", accepted");
}

CONFORMANCE("connections that broke before they were accepted are passed over") {
  process::Failing seam(SystemCall::accept, ECONNABORTED, 5);
  World world(&seam);
  const auto body = []() -> Coro<std::string> {
    const Server server = co_await start_server(echo, "127.0.0.1", 0);
    co_return co_await ask(server.addresses().at(0), "here");
  };
  CHECK(on(world, body()) == "here");
}

CONFORMANCE("a backend that cannot be made says so and leaks nothing") {
  const std::size_t before = World::open();
  for (int skip = 0; skip < 4; ++skip) {
    class Nth final : public Seam {
     public:
      explicit Nth(int n) : left_(n) {}
      Fault before(SystemCall call) override {
        if (call != SystemCall::open || left_-- != 0) return {};
        return {EMFILE, SIZE_MAX};
      }
     private:
      int left_;
    } seam(skip);
    try {
      const World world(&seam);
    } catch (const std::system_error& error) {
      CHECK(error.code().value() == EMFILE);
    }
    CHECK(World::open() == before);
  }
}

CONFORMANCE("a server at \"\" does without the family that the machine does not have, if there is another") {
  const auto body = []() -> Coro<std::string> {
    const Server server = co_await start_server(echo, "", 0);
    co_return std::to_string(server.addresses().size()) + " less";
  };
  const auto addresses = []() -> Coro<std::string> {
    LookupOptions passive;
    passive.passive = true;
    const auto all = co_await getaddrinfo("", 0, passive);
    co_return std::to_string(all.size() - 1) + " less";
  };
  for (const int error : {EAFNOSUPPORT, EADDRNOTAVAIL}) {
    process::Failing seam(error == EAFNOSUPPORT ? SystemCall::socket : SystemCall::bind, error, 1);
    World world(&seam);
    const std::string one_less = rondo::run(world.backend, addresses());
    if (one_less == "0 less") continue;
    CHECK(on(world, body()) == one_less);
  }
  process::Failing all(SystemCall::socket, EAFNOSUPPORT, 10);
  World world(&all);
  CHECK(on(world, ending(body())) == system_error_text(EAFNOSUPPORT));
}

// --- nobody answers --------------------------------------------------------------------------------------------------

CONFORMANCE("a connect that nobody answers ends with its deadline or its cancellation, and leaves no socket") {
  World world;
  const process::BlackHole hole;
  const auto body = [](Address address) -> Coro<std::string> {
    std::string story = co_await ending(wait_for(process::connect_to(address), 5ms));
    const auto task = create_task(process::connect_to(address));
    co_await a_moment();
    task.cancel();
    story += ", " + co_await ending(task);
    co_return story;
  };
  CHECK(on(world, body(hole.address())) == "TimeoutError, cancelled");
}

CONFORMANCE("an address that does not answer is overtaken by the next one after the delay") {
  World world;
  if (!has_ipv6(world)) return;
  const auto body = []() -> Coro<std::string> {
    const Server server = co_await start_server(echo, "127.0.0.1", 0);
    const std::uint16_t port = server.addresses().at(0).port();
    const auto addresses = co_await getaddrinfo("", port);
    const process::BlackHole hole(true, port);
    if (addresses.size() < 2 || addresses.at(0).family() != Address::Family::ipv6 || !hole.good()) co_return "overtaken";
    ConnectOptions options;
    options.happy_eyeballs_delay = 2ms;
    const Connection connection = co_await wait_for(open_connection("", port, options), 5s);
    connection.writer.write("overtaken");
    connection.writer.write_eof();
    co_return co_await connection.reader.read();
  };
  CHECK(on(world, body()) == "overtaken");
}

// --- files -----------------------------------------------------------------------------------------------------------

CONFORMANCE("a path that an earlier process has left is taken over; a file that is no socket is not") {
  const std::string path = temporary_path();
  const std::string file = temporary_path();
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  path.copy(at.sun_path, sizeof at.sun_path - 1);
  const int left = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(left, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
  ::close(left);
  std::fclose(std::fopen(file.c_str(), "w"));
  const auto body = [](std::string stale, std::string other) -> Coro<std::string> {
    const Server server = co_await start_unix_server(echo, stale);
    std::string story = co_await ask_unix(stale, "taken over");
    const auto start = [](std::string where) -> Coro<> { const Server second = co_await start_unix_server(echo, where); };
    story += ", " + co_await ending(start(other));
    co_return story;
  };
  World world;
  CHECK(on(world, body(path, file)) == "taken over, " + system_error_text(EADDRINUSE));
  CHECK(::access(path.c_str(), F_OK) != 0);
  CHECK(::access(file.c_str(), F_OK) == 0);
  ::unlink(file.c_str());
}

CONFORMANCE("the path of a server that outlives the run is removed with it") {
  const std::string path = temporary_path();
  const auto body = [](Server* server, std::string at) -> Coro<std::string> {
    *server = co_await start_unix_server(echo, at);
    co_return co_await ask_unix(at, "there");
  };
  World world;
  Server kept;
  CHECK(on(world, body(&kept, path)) == "there");
  CHECK(::access(path.c_str(), F_OK) != 0);
}

// --- many ------------------------------------------------------------------------------------------------------------

CONFORMANCE("another program can have the port of a server when wait_closed has ended, and finds nothing at its path") {
  const auto another = [](std::uint16_t port) {
    const sockaddr_in to = process::system_address(Address::loopback(port));
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool bound = ::bind(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    ::close(descriptor);
    return bound ? "free" : "taken";
  };
  const auto body = [another](std::string path) -> Coro<std::string> {
    Server server = co_await start_server(echo, "127.0.0.1", 0);
    const std::uint16_t port = server.addresses().at(0).port();
    co_await turns(2);
    std::string story = another(port);
    server.close();
    co_await server.wait_closed();
    story += std::string(", ") + another(port);
    Server at_path = co_await start_unix_server(echo, path);
    story += ::access(path.c_str(), F_OK) == 0 ? ", there" : ", not there";
    const auto forever = create_task(at_path.serve_forever());
    co_await turns(2);
    forever.cancel();
    story += ", " + co_await ending(forever);
    co_return story + (::access(path.c_str(), F_OK) == 0 ? ", there" : ", gone");
  };
  World world;
  CHECK(on(world, body(temporary_path())) == "taken, free, there, cancelled, gone");
}

CONFORMANCE("ten thousand connections are held at once") {
  constexpr int count = 10'000;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit raised = before;
  raised.rlim_cur = raised.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &raised) != 0 || raised.rlim_cur < count + 200) {
    WARN("skipped: this process may have only " << raised.rlim_cur << " descriptors");
    return;
  }
  World world;
  process::Held held;
  const auto body = [](process::Held* counts) -> Coro<std::string> {
    ServerOptions options;
    options.backlog = 1000;
    const auto handler = [counts](StreamReader reader, StreamWriter writer) {
      return process::greet_and_echo(counts, std::move(reader), std::move(writer));
    };
    const Server server = co_await start_server(handler, "127.0.0.1", 0, options);
    const std::uint16_t port = server.addresses().at(0).port();
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(25);
      ::_exit(process::hold_connections(port, count));
    }
    int status = -1;
    while (::waitpid(child, &status, WNOHANG) == 0) co_await sleep(5ms);
    co_return WIFEXITED(status) ? "exit " + std::to_string(WEXITSTATUS(status)) : "killed";
  };
  CHECK(on(world, body(&held)) == "exit 0");
  CHECK(held.most == count);
  ::setrlimit(RLIMIT_NOFILE, &before);
}
