// SPDX-License-Identifier: BSL-1.0
// census.hpp - what a process has: descriptors and memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>

namespace soak {

/// Entries of /proc/self/fd.
std::size_t descriptors();
/// Bytes of the process that are in memory, after what malloc can give back was given back.
std::size_t resident();
/// Bytes that were allocated and not given back.
std::size_t allocated();

/// Counts what a loop has.
class CountingResource final : public std::pmr::memory_resource {
 public:
  std::size_t bytes() const { return bytes_; }

 private:
  void* do_allocate(std::size_t size, std::size_t alignment) override {
    void* memory = std::pmr::new_delete_resource()->allocate(size, alignment);
    bytes_ += size;
    return memory;
  }
  void do_deallocate(void* memory, std::size_t size, std::size_t alignment) override {
    bytes_ -= size;
    std::pmr::new_delete_resource()->deallocate(memory, size, alignment);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  std::size_t bytes_ = 0;
};

}  // namespace soak
