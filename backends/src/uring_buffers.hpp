// SPDX-License-Identifier: BSL-1.0
// uring_buffers.hpp - the buffers from which the kernel takes one when bytes arrive, so that nobody who waits owns one.
#pragma once

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include <rondo/backends/seam.hpp>

namespace rondo {

/// One registered ring of buffers (io_uring_register_buf_ring(3), Linux 5.19), group 0 of its io_uring. The kernel
/// takes them in the order in which they were put in.
class UringBuffers {
 public:
  /// `count` is rounded up to a power of two. Throws std::system_error.
  UringBuffers(io_uring& ring, unsigned count, unsigned size, Seam* seam);
  ~UringBuffers();
  UringBuffers(const UringBuffers&) = delete;
  UringBuffers& operator=(const UringBuffers&) = delete;

  std::size_t count() const { return count_; }
  unsigned size() const { return size_; }
  /// The buffer that the kernel has filled; it stays away until give_back().
  const std::byte* lend(std::uint16_t id);
  /// All that were lent may be filled again.
  void give_back();

 private:
  std::byte* at(std::uint16_t id) const { return bytes_ + std::size_t{id} * size_; }
  void map();

  io_uring& ring_;
  unsigned count_;
  unsigned size_;
  std::size_t mapped_ = 0;
  io_uring_buf_ring* entries_ = nullptr;
  std::byte* bytes_ = nullptr;
  std::vector<std::uint16_t> lent_;
};

}  // namespace rondo
