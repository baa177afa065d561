// SPDX-License-Identifier: BSL-1.0
// adopted_descriptor.cpp - see adopted_descriptor.hpp.
#include "adopted_descriptor.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include <rondo/contract.hpp>

#include "open_socket.hpp"

namespace rondo {
namespace {

constexpr unsigned memory_devices = 1;  // their major number on Linux: null, zero, full, random, urandom

int option_of(int descriptor, int name, int& value) {
  socklen_t size = sizeof value;
  return ::getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? 0 : errno;
}

int examine_socket(Seam* seam, int descriptor, Endpoint& endpoint) {
  int type = 0;
  int listens = 0;
  if (const int error = option_of(descriptor, SO_TYPE, type)) return error;
  if (const int error = option_of(descriptor, SO_ACCEPTCONN, listens)) return error;
  endpoint.medium = listens ? Medium::listener : type == SOCK_STREAM ? Medium::stream : Medium::datagram;
  if (endpoint.medium == Medium::stream) return -name_ends(seam, descriptor, endpoint);
  return name_here(seam, descriptor, endpoint.local) < 0 ? errno : 0;
}

bool suits(std::size_t needs, const Endpoint& endpoint) {
  if (needs & adopts_listener) return endpoint.medium == Medium::listener;
  const bool streams = endpoint.medium == Medium::stream || endpoint.medium == Medium::pipe;
  if (needs != adopts_anything && !streams) return false;
  return (endpoint.reads || !(needs & adopts_for_reading)) && (endpoint.writes || !(needs & adopts_for_writing));
}

/// A write to a pipe without readers sends the thread a SIGPIPE, besides its error. It is held back, and taken out.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    sigset_t pending;
    blocked_ = sigismember(&before_, SIGPIPE) == 1;
    pending_ = blocked_ && sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
  }
  ~NoSigpipe() {
    const int error = errno;
    if (came_ && !pending_) {
      const timespec at_once{};
      while (sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) {
      }
    }
    if (!blocked_) pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  void came() { came_ = true; }

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool blocked_;
  bool pending_;
  bool came_ = false;
};

}  // namespace

int examine(Seam* seam, int descriptor, std::size_t needs, Endpoint& endpoint) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return errno;
  if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISBLK(status.st_mode)) return EPERM;
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags < 0) return errno;
  const int access = flags & O_ACCMODE;
  endpoint.reads = access != O_WRONLY;
  endpoint.writes = access != O_RDONLY;
  endpoint.medium = Medium::pipe;
  if (S_ISSOCK(status.st_mode)) {
    if (const int error = examine_socket(seam, descriptor, endpoint)) return error;
  }
  return suits(needs, endpoint) ? 0 : EINVAL;
}

bool is_memory_device(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && S_ISCHR(status.st_mode) && major(status.st_rdev) == memory_devices;
}

ssize_t read_some(int descriptor, std::byte* to, std::size_t size) {
  const ssize_t got = ::read(descriptor, to, size);
  return got < 0 && errno == EIO && ::isatty(descriptor) ? 0 : got;
}

ssize_t write_some(int descriptor, std::span<const Slice> slices) {
  static_assert(sizeof(Slice) == sizeof(iovec) && alignof(Slice) == alignof(iovec));
  NoSigpipe guard;
  const auto pieces = reinterpret_cast<const iovec*>(slices.data());
  const ssize_t size = ::writev(descriptor, pieces, static_cast<int>(slices.size()));
  if (size < 0 && errno == EPIPE) guard.came();
  return size;
}

}  // namespace rondo
