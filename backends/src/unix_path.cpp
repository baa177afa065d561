// SPDX-License-Identifier: BSL-1.0
// unix_path.cpp - see unix_path.hpp.
#include <rondo/backends/unix_path.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "descriptor.hpp"
#include "open_socket.hpp"

namespace rondo {
namespace {

bool has_file(const Address& address) { return !address.path().empty() && address.path().front() != '\0'; }

/// The path as it is if the working directory has no name.
std::string absolute(std::string_view path) {
  char directory[PATH_MAX];
  if (path.front() == '/' || !::getcwd(directory, sizeof directory)) return std::string(path);
  return std::string(directory) + '/' + std::string(path);
}

/// lstat(), or stat() for what a link leads to.
bool look_at(Seam* seam, const std::string& path, bool follow, struct stat& status) {
  return through(seam, SystemCall::stat, [&] {
    return follow ? ::stat(path.c_str(), &status) : ::lstat(path.c_str(), &status);
  }) == 0;
}

bool is_left_over(Seam* seam, const Address& address) {
  struct stat status {};
  if (!look_at(seam, std::string(address.path()), true, status) || !S_ISSOCK(status.st_mode)) return false;
  const SocketAddress to = to_system(address);
  if (to.size == 0) return false;
  const int probe = through(seam, SystemCall::socket, [] {
    return ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  });
  if (probe < 0) return false;
  const bool refused = connect_descriptor(seam, probe, to) < 0 && errno == ECONNREFUSED;  // EPROTOTYPE: of a stream
  close_descriptor(seam, probe);
  return refused;
}

void unlink(Seam* seam, const std::string& path) {
  static_cast<void>(through(seam, SystemCall::unlink, [&] { return ::unlink(path.c_str()); }));
}

}  // namespace

UnixPath::UnixPath(Seam* seam, const Address& address) : seam_(seam) {
  if (!has_file(address)) return;
  std::string path = absolute(address.path());
  struct stat status {};
  if (!look_at(seam, path, false, status)) return;  // removed already
  path_ = std::move(path);
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

UnixPath& UnixPath::operator=(UnixPath&& other) noexcept {
  if (this == &other) return *this;
  remove();
  seam_ = other.seam_;
  path_ = std::exchange(other.path_, std::string());
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

void UnixPath::remove() noexcept {
  if (path_.empty()) return;
  struct stat status {};
  const bool there = look_at(seam_, path_, false, status);
  if (there && status.st_dev == device_ && status.st_ino == inode_) unlink(seam_, path_);
  path_.clear();
}

void UnixPath::remove_left_over(Seam* seam, const Address& address) {
  if (has_file(address) && is_left_over(seam, address)) unlink(seam, std::string(address.path()));
}

}  // namespace rondo
