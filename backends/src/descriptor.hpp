// SPDX-License-Identifier: BSL-1.0
// descriptor.hpp - what a descriptor stands for, whether it can be waited for, and whether it is ready.
#pragma once

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include <rondo/backends/seam.hpp>

namespace rondo {

/// What a number stands for: device and inode. Two that differ are two files; two that are equal may be one. Those
/// without a type (eventfd, timerfd, ...) share one inode, and all count as equal.
using FileBehind = std::pair<std::uint64_t, std::uint64_t>;

/// 0, or what epoll would say: EBADF for one that is not open, EPERM for files and directories, which are always ready.
inline int refusal_of(int descriptor, FileBehind& file) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return errno;
  if ((status.st_mode & S_IFMT) != 0) file = {status.st_dev, status.st_ino};
  return S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) ? EPERM : 0;
}

/// Whether it is ready at this moment. Libraries name what they report by number, and the kernel what it reports by the
/// file that had the number when it was registered; a duplicate keeps that alive. What is closed or broken is ready.
inline bool is_ready(Seam* seam, int descriptor, bool to_read) {
  pollfd asked{descriptor, static_cast<short>(to_read ? POLLIN : POLLOUT), 0};
  return through(seam, SystemCall::watch, [&] { return ::poll(&asked, 1, 0); }) != 0;
}

void close_descriptor(Seam* seam, int descriptor) noexcept;

enum class Behind : std::uint8_t { nothing, more, end };

/// What stands behind the bytes that a recv has taken; `more` also when that cannot be told. Another recv would say it,
/// too, but would take an error away that the next one is to report. No error of it matters, so no seam.
inline Behind what_follows(int descriptor) {
  pollfd asked{descriptor, POLLIN | POLLPRI | POLLRDHUP, 0};
  const int found = ::poll(&asked, 1, 0);
  if (found == 0) return Behind::nothing;
  if (found < 0 || (asked.revents & (POLLPRI | POLLERR)) != 0 || (asked.revents & (POLLRDHUP | POLLHUP)) == 0) {
    return Behind::more;
  }
  int left = 0;
  return ::ioctl(descriptor, FIONREAD, &left) == 0 && left == 0 ? Behind::end : Behind::more;
}

}  // namespace rondo
