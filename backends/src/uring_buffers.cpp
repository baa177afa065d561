// SPDX-License-Identifier: BSL-1.0
// uring_buffers.cpp - see uring_buffers.hpp.
#include "uring_buffers.hpp"

#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <string>
#include <system_error>

namespace rondo {
namespace {

[[noreturn]] void throw_refused(int error) {
  if (error != EINVAL) throw std::system_error(error, std::generic_category(), "io_uring: a ring of buffers");
  utsname system{};
  ::uname(&system);
  throw std::system_error(ENOSYS, std::generic_category(),
                          std::string("io_uring: Linux ") + system.release +
                              " cannot take buffers from a ring; 5.19 is the oldest that can. Use another backend");
}

}  // namespace

UringBuffers::UringBuffers(io_uring& ring, unsigned count, unsigned size, Seam* seam)
    : ring_(ring), count_(std::bit_ceil(std::clamp(count, 1U, 32768U))), size_(std::max(size, 1U)) {
  map();
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(entries_);
  registration.ring_entries = count_;
  const int result = through(seam, SystemCall::open, [&] {
    const int refused = io_uring_register_buf_ring(&ring_, &registration, 0);
    if (refused < 0) errno = -refused;
    return refused < 0 ? -1 : 0;
  });
  if (result < 0) {
    const int error = errno;
    ::munmap(entries_, mapped_);
    throw_refused(error);
  }
  io_uring_buf_ring_init(entries_);
  for (unsigned id = 0; id < count_; ++id) lent_.push_back(static_cast<std::uint16_t>(id));
  give_back();
}

UringBuffers::~UringBuffers() {
  io_uring_unregister_buf_ring(&ring_, 0);
  ::munmap(entries_, mapped_);
}

/// Both in one piece; what was never filled costs no memory.
void UringBuffers::map() {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t head = (count_ * sizeof(io_uring_buf) + page - 1) / page * page;
  mapped_ = head + std::size_t{count_} * size_;
  void* const memory = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  entries_ = static_cast<io_uring_buf_ring*>(memory);
  bytes_ = static_cast<std::byte*>(memory) + head;
  lent_.reserve(count_);
}

const std::byte* UringBuffers::lend(std::uint16_t id) {
  lent_.push_back(id);
  return at(id);
}

void UringBuffers::give_back() {
  if (lent_.empty()) return;
  int offset = 0;
  for (const std::uint16_t id : lent_) {
    io_uring_buf_ring_add(entries_, at(id), size_, id, io_uring_buf_ring_mask(count_), offset++);
  }
  io_uring_buf_ring_advance(entries_, offset);
  lent_.clear();
}

}  // namespace rondo
