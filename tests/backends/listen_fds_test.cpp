// SPDX-License-Identifier: BSL-1.0
// listen_fds_test.cpp - what a service manager passes. In children, since it is about numbers and the environment.
#include <rondo/listen_fds.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "catch.hpp"

namespace {

/// What `function` returns in a child that has descriptors from 3 on, and this in its environment.
int in_child(std::string pid, const char* count, int (*function)()) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int descriptor : {3, 4}) ::dup2(STDIN_FILENO, descriptor);
    ::close(5);
    if (pid == "own") pid = std::to_string(::getpid());
    ::setenv("LISTEN_PID", pid.c_str(), 1);
    ::setenv("LISTEN_FDS", count, 1);
    ::_exit(function());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int how_many() { return static_cast<int>(rondo::listen_fds().size()); }

}  // namespace

TEST_CASE("listen_fds() gives the descriptors from 3 on, once, and closes them in children") {
  CHECK(in_child("own", "2", how_many) == 2);
  CHECK(in_child("own", "2", [] { return rondo::listen_fds() == std::vector<int>{3, 4} ? 0 : 1; }) == 0);
  CHECK(in_child("own", "2", [] {
          static_cast<void>(rondo::listen_fds());
          const bool told = std::getenv("LISTEN_PID") || std::getenv("LISTEN_FDS") || !rondo::listen_fds().empty();
          return !told && (::fcntl(3, F_GETFD) & FD_CLOEXEC) != 0 ? 0 : 1;
        }) == 0);
}

TEST_CASE("listen_fds() gives nothing that is for another process, or that is not there") {
  CHECK(in_child("1", "2", how_many) == 0);
  CHECK(in_child("", "2", how_many) == 0);
  CHECK(in_child("own", "", how_many) == 0);
  CHECK(in_child("own", "-1", how_many) == 0);
  CHECK(in_child("own", "2x", how_many) == 0);
  CHECK(in_child("own", "99999999999", how_many) == 0);
  CHECK(in_child("own", "3", how_many) == 2);  // 5 is closed
}
