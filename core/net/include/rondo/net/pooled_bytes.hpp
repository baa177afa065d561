// SPDX-License-Identifier: BSL-1.0
// pooled_bytes.hpp - bytes that come at the end and go at the front, in memory of the loop's pool.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

#include <rondo/kernel/kernel.hpp>

namespace rondo {

/// Owns memory only while it holds bytes: a connection that has nothing to send costs none, and those that have take
/// turns with the same blocks.
class PooledBytes {
 public:
  explicit PooledBytes(Kernel& kernel) : kernel_(&kernel) {}
  PooledBytes(const PooledBytes&) = delete;
  PooledBytes& operator=(const PooledBytes&) = delete;
  ~PooledBytes() { clear(); }

  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  const std::byte* data() const { return memory_ + begin_; }

  /// May throw std::bad_alloc, and then has done nothing. What data() has given is gone.
  void append(std::string_view bytes) {
    if (bytes.size() > capacity_ - end_) make_room(bytes.size());
    std::memcpy(memory_ + end_, bytes.data(), bytes.size());
    end_ += bytes.size();
  }
  /// The first `size` bytes go.
  void consume(std::size_t size) noexcept {
    begin_ += size;
    if (begin_ == end_) clear();
  }
  /// All go, and the memory with them.
  void clear() noexcept {
    if (memory_) kernel_->deallocate(std::exchange(memory_, nullptr), capacity_);
    begin_ = end_ = capacity_ = 0;
  }
  /// Of the same loop.
  void swap(PooledBytes& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  static constexpr std::size_t least = 128;
  [[gnu::noinline]] void make_room(std::size_t more) {
    const std::size_t held = size();
    std::size_t wanted = capacity_ == 0 ? least : capacity_;
    while (wanted < held + more) wanted *= 2;
    auto* const memory = static_cast<std::byte*>(kernel_->allocate(wanted));
    if (held > 0) std::memcpy(memory, data(), held);
    clear();
    memory_ = memory;
    end_ = held;
    capacity_ = wanted;
  }

  Kernel* kernel_;
  std::byte* memory_ = nullptr;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace rondo
