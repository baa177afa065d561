// SPDX-License-Identifier: BSL-1.0
// unix_path.hpp - the file of a Unix socket that was bound here.
//
// bind() makes a file, and nobody but the program removes it. By then the path may name another file: a server that was
// started later has taken it over, or the working directory has changed. So what is remembered is the absolute path
// with the device and the inode, as asyncio does since 3.13.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include <rondo/address.hpp>
#include <rondo/backends/seam.hpp>

namespace rondo {

class UnixPath {
 public:
  /// No file.
  UnixPath() = default;
  /// The one that bind() has just made at `address`; none for addresses without a file.
  UnixPath(Seam* seam, const Address& address);
  UnixPath(UnixPath&& other) noexcept { *this = std::move(other); }
  UnixPath& operator=(UnixPath&& other) noexcept;
  ~UnixPath() { remove(); }

  /// Removes the file, if it is still the one. While the socket is open its inode is in use, and no other file can have
  /// got that number: so before the descriptor is closed.
  void remove() noexcept;
  /// The file stays.
  void leave() noexcept { path_.clear(); }
  explicit operator bool() const { return !path_.empty(); }

  /// Removes the file of a socket that nobody has open any more. Whoever has it open notices nothing: what asks is a
  /// datagram socket that is connected, which no listener hears of, and which sends nothing to another one.
  static void remove_left_over(Seam* seam, const Address& address);

 private:
  Seam* seam_ = nullptr;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace rondo
