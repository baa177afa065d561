// SPDX-License-Identifier: BSL-1.0
// listen_fds.cpp - see listen_fds.hpp.
#include <rondo/listen_fds.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace rondo {
namespace {

constexpr int first_descriptor = 3;
constexpr int most_descriptors = 1024;

/// -1 for what is missing or no number.
int number_of(const char* name) {
  const char* const text = std::getenv(name);
  int number = -1;
  if (!text) return number;
  const char* const end = text + std::strlen(text);
  const auto read = std::from_chars(text, end, number);
  return read.ec == std::errc() && read.ptr == end ? number : -1;
}

}  // namespace

std::vector<int> listen_fds() {
  std::vector<int> descriptors;
  const int count = number_of("LISTEN_FDS");
  if (number_of("LISTEN_PID") != ::getpid() || count < 1 || count > most_descriptors) return descriptors;
  for (int descriptor = first_descriptor; descriptor < first_descriptor + count; ++descriptor) {
    const int flags = ::fcntl(descriptor, F_GETFD);
    if (flags < 0) continue;
    ::fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC);
    descriptors.push_back(descriptor);
  }
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  return descriptors;
}

}  // namespace rondo
