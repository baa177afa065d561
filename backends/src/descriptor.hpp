// SPDX-License-Identifier: BSL-1.0
// descriptor.hpp - whether a descriptor can be waited for, asked before a library is.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace rondo {

/// 0, or what epoll would say: EBADF for one that is not open, EPERM for files and directories, which are always ready.
inline int refusal_of(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return errno;
  return S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) ? EPERM : 0;
}

}  // namespace rondo
