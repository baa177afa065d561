// SPDX-License-Identifier: BSL-1.0
// descriptors.hpp - descriptors as a program may have been started with: blocking, and made without the library.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>
#include <utility>

namespace processes {

/// Closed when it goes, unless somebody has taken it.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {
    if (number < 0) throw std::runtime_error("the test has no descriptor");
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }
  int number() const { return number_; }
  int take() { return std::exchange(number_, -1); }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  Descriptor duplicate() const { return Descriptor(::fcntl(number_, F_DUPFD_CLOEXEC, 3)); }

 private:
  int number_;
};

/// A pipe: first to read, second to write. A pair of sockets or a terminal: both for both ways.
struct TwoEnds {
  Descriptor first;
  Descriptor second;
};

inline TwoEnds blocking_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("the test has no pipe");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

inline TwoEnds blocking_sockets(int type = SOCK_STREAM) {
  int ends[2];
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("the test has no sockets");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// A terminal that changes no byte: first the side of an emulator, second that of a program.
inline TwoEnds terminal() {
  Descriptor emulator(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  char name[100];
  if (::grantpt(emulator.number()) != 0 || ::unlockpt(emulator.number()) != 0 ||
      ::ptsname_r(emulator.number(), name, sizeof name) != 0) {
    throw std::runtime_error("the test has no terminal");
  }
  Descriptor program(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
  termios settings{};
  ::tcgetattr(program.number(), &settings);
  ::cfmakeraw(&settings);
  ::tcsetattr(program.number(), TCSANOW, &settings);
  return {std::move(emulator), std::move(program)};
}

inline Descriptor opened(const char* path, int flags) { return Descriptor(::open(path, flags | O_CLOEXEC)); }

/// Listens at 127.0.0.1.
inline Descriptor listening_socket() {
  Descriptor made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(made.number(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
      ::listen(made.number(), 200) != 0) {
    throw std::runtime_error("the test has no listener");
  }
  return made;
}

}  // namespace processes
