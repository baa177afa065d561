// SPDX-License-Identifier: BSL-1.0
// process_paths.hpp - the files of Unix sockets, on every backend of a real process. Used as process_network.hpp is.
#pragma once

#include <sys/stat.h>
#include <sys/un.h>

#include <cstdio>
#include <cstdlib>

#include "network.hpp"

using namespace network;

namespace {
namespace paths {

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}
sockaddr_un system_path(const std::string& path) {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  path.copy(at.sun_path, sizeof at.sun_path - 1);
  return at;
}
/// A socket of this process's own, bound to the path.
int bind_at(const std::string& path, int type) {
  const sockaddr_un at = system_path(path);
  const int made = ::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  REQUIRE(::bind(made, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
  return made;
}
/// The file of a socket that nobody has any more.
void leave_at(const std::string& path, int type) { ::close(bind_at(path, type)); }

Coro<> start(std::string path) { const Server server = co_await start_unix_server(echo, std::move(path)); }
Coro<> open(std::string path) { const auto socket = co_await open_datagram(Address::unix_path(path)); }

/// The n-th call of a kind fails, once it is armed.
class FailNth final : public Seam {
 public:
  FailNth(SystemCall what, int n) : what_(what), n_(n) {}
  explicit FailNth(SystemCall what) : what_(what) {}
  void arm() { n_ = 0; }
  Fault before(SystemCall call) override { return {call == what_ && n_-- == 0 ? EIO : 0, SIZE_MAX}; }

 private:
  SystemCall what_;
  int n_ = -1;
};

}  // namespace paths
}  // namespace

CONFORMANCE("a server that closes removes its own file, and not that of a server that came to its path later") {
  const auto body = [](std::string path) -> Coro<std::string> {
    Server first = co_await start_unix_server(echo, path);
    ::unlink(path.c_str());
    const Server second = co_await start_unix_server(echo, path);
    first.close();
    co_await turns(3);
    co_return co_await ask_unix(path, "still there");
  };
  World world;
  const std::string path = temporary_path();
  CHECK(on(world, body(path)) == "still there");
  CHECK_FALSE(paths::exists(path));
}

CONFORMANCE("a file that somebody has put in the place of a server's socket stays when the server closes") {
  const std::string path = temporary_path();
  const auto body = [](std::string at) -> Coro<> {
    const Server server = co_await start_unix_server(echo, at);
    ::unlink(at.c_str());
    std::fclose(std::fopen(at.c_str(), "w"));
  };
  World world;
  on(world, body(path));
  CHECK(paths::exists(path));
  ::unlink(path.c_str());
}

CONFORMANCE("a relative path is removed where it was bound, whatever the working directory is by then") {
  char folder[] = "/tmp/rondo-test-XXXXXX";
  REQUIRE(::mkdtemp(folder));
  char* const before = ::getcwd(nullptr, 0);
  const auto body = [](std::string in) -> Coro<bool> {
    static_cast<void>(::chdir(in.c_str()));
    const Server server = co_await start_unix_server(echo, "relative.sock");
    const bool there = paths::exists(in + "/relative.sock");
    static_cast<void>(::chdir("/"));
    co_return there;
  };
  World world;
  CHECK(on(world, body(folder)));
  CHECK_FALSE(paths::exists(std::string(folder) + "/relative.sock"));
  static_cast<void>(::chdir(before));
  std::free(before);
  CHECK(::rmdir(folder) == 0);
}

CONFORMANCE("a path that stays behind with cleanup_socket = false is there when the server is closed") {
  const std::string path = temporary_path();
  const auto body = [](std::string at) -> Coro<> {
    ServerOptions options;
    options.cleanup_socket = false;
    const Server server = co_await start_unix_server(echo, at, options);
  };
  World world;
  on(world, body(path));
  CHECK(paths::exists(path));
  on(world, body(path));
  CHECK(paths::exists(path));
  ::unlink(path.c_str());
}

CONFORMANCE("a live path is refused without a client for whoever has it, be it a stream or a datagram socket") {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
    const std::string path = temporary_path();
    const int live = paths::bind_at(path, type);
    if (type != SOCK_DGRAM) REQUIRE(::listen(live, 5) == 0);
    World world;
    CHECK(on(world, ending(paths::start(path))) == system_error_text(EADDRINUSE));
    CHECK(on(world, ending(paths::open(path))) == system_error_text(EADDRINUSE));
    char byte = 0;
    CHECK((type == SOCK_DGRAM ? ::recv(live, &byte, 1, 0) : ::accept(live, nullptr, nullptr)) == -1);
    CHECK(errno == EAGAIN);
    CHECK(paths::exists(path));
    ::close(live);
    ::unlink(path.c_str());
  }
}

CONFORMANCE("a datagram socket takes over a path that is left, of whatever type, and removes it when it closes") {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    const std::string path = temporary_path();
    paths::leave_at(path, type);
    World world;
    CHECK(on(world, ending(paths::open(path))) == "void");
    CHECK_FALSE(paths::exists(path));
    paths::leave_at(path, type);
    CHECK(on(world, ending(paths::start(path))) == "void");
    CHECK_FALSE(paths::exists(path));
  }
}

CONFORMANCE("a path that a client connects from is removed when the client closes, also if nobody answers") {
  const auto body = [](std::string path, std::string from) -> Coro<std::string> {
    const Address local = Address::unix_path(from);
    ConnectOptions options;
    options.local = &local;
    std::string story = co_await ending(open_unix_connection(path, options));
    story += paths::exists(from) ? " and a file" : "";
    const Server server = co_await start_unix_server(echo, path);
    const Connection client = co_await open_unix_connection(path, options);
    co_return story + (paths::exists(from) ? "" : ", without a file");
  };
  World world;
  const std::string from = temporary_path();
  CHECK(on(world, body(temporary_path(), from)) == system_error_text(ENOENT));
  CHECK_FALSE(paths::exists(from));
}

CONFORMANCE("a server that cannot listen leaves no file, and takes none away") {
  const std::string path = temporary_path();
  for (const SystemCall call : {SystemCall::listen, SystemCall::get_name}) {
    paths::FailNth seam(call, 0);
    World world(&seam);
    CHECK(on(world, ending(paths::start(path))) == system_error_text(EIO));
    CHECK_FALSE(paths::exists(path));
  }
  paths::leave_at(path, SOCK_STREAM);
  for (const SystemCall call : {SystemCall::stat, SystemCall::connect, SystemCall::unlink}) {
    paths::FailNth seam(call, 0);
    World world(&seam);
    CHECK(on(world, ending(paths::start(path))) == system_error_text(EADDRINUSE));
    CHECK(paths::exists(path));
  }
  ::unlink(path.c_str());
}

CONFORMANCE("a server whose file cannot be looked at or unlinked serves and closes, and the file stays") {
  const auto body = [](std::string path) -> Coro<std::string> {
    const Server server = co_await start_unix_server(echo, path);
    co_return co_await ask_unix(path, "served");
  };
  for (const auto& [call, n] : {std::pair(SystemCall::stat, 1), std::pair(SystemCall::stat, 2),
                                std::pair(SystemCall::unlink, 0)}) {
    const std::string path = temporary_path();
    paths::FailNth seam(call, n);
    World world(&seam);
    CHECK(on(world, body(path)) == "served");
    CHECK(paths::exists(path));
    ::unlink(path.c_str());
  }
}

CONFORMANCE("a server whose socket cannot be registered leaves no file") {
  if (std::string_view(World::name) == "io_uring") return;  // a ring has no registrations
  const std::string path = temporary_path();
  paths::FailNth seam(SystemCall::watch);
  World world(&seam);
  seam.arm();
  CHECK(on(world, ending(paths::start(path))) == system_error_text(EIO));
  CHECK_FALSE(paths::exists(path));
}
