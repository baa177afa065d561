// SPDX-License-Identifier: BSL-1.0
// foreign_memory.cpp - a shelf of blocks for each thread that posts: it takes from its own, and whoever frees a block
// puts it back where it came from.
#include <rondo/backends/foreign_memory.hpp>

#include <atomic>
#include <mutex>
#include <new>
#include <utility>

#include <rondo/kernel/poison.hpp>

namespace rondo {
namespace {

constexpr std::size_t block_size = 256;    // with its header; what is larger comes from the heap
constexpr std::uint32_t most_returned = 1024;  // what comes back to a shelf that has so many goes to the heap

class Shelf;

struct alignas(__STDCPP_DEFAULT_NEW_ALIGNMENT__) Header {
  Shelf* shelf;  // null: not of a shelf
  Header* next;  // on it
};

class Shelf {
 public:
  /// For the thread that has it. Null if it is empty.
  Header* take() {
    if (!own_) {
      own_ = returned_.exchange(nullptr, std::memory_order_acquire);
      count_.store(0, std::memory_order_relaxed);
    }
    if (!own_) return nullptr;
    unpoison(own_ + 1, block_size - sizeof(Header));
    return std::exchange(own_, own_->next);
  }

  /// For a thread that ends: all go to the heap, and so does what comes back later.
  void close() {
    while (Header* block = take()) ::operator delete(block);
    count_.store(most_returned, std::memory_order_relaxed);
  }

  /// From any thread. False if it is full; those that come back while it is emptied may not have been counted.
  bool put(Header& block) {
    if (count_.fetch_add(1, std::memory_order_relaxed) >= most_returned) return false;
    poison(&block + 1, block_size - sizeof(Header));
    Header* first = returned_.load(std::memory_order_relaxed);
    do {
      block.next = first;
    } while (!returned_.compare_exchange_weak(first, &block, std::memory_order_release, std::memory_order_relaxed));
    return true;
  }

  Shelf* next_idle = nullptr;

 private:
  Header* own_ = nullptr;
  alignas(64) std::atomic<Header*> returned_ = nullptr;  // a line of its own: the loop's thread writes it
  std::atomic<std::uint32_t> count_ = 0;
};

/// The shelves of threads that have ended: blocks may still come back to them, so they are never destroyed, but used
/// again.
class IdleShelves {
 public:
  /// Never destroyed, since threads may outlive main().
  static IdleShelves& all() {
    static auto& shelves = *new IdleShelves;
    return shelves;
  }
  Shelf& take() {
    const std::lock_guard lock(mutex_);
    return first_ ? *std::exchange(first_, first_->next_idle) : *new Shelf;
  }
  void put(Shelf& shelf) {
    const std::lock_guard lock(mutex_);
    shelf.next_idle = std::exchange(first_, &shelf);
  }

 private:
  std::mutex mutex_;
  Shelf* first_ = nullptr;
};

thread_local Shelf* this_shelf = nullptr;
thread_local bool thread_ends = false;

struct Lease {
  Lease() { this_shelf = &IdleShelves::all().take(); }
  ~Lease() {
    this_shelf->close();
    IdleShelves::all().put(*std::exchange(this_shelf, nullptr));
    thread_ends = true;
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
};

/// Null when the thread's own objects are being destroyed.
Shelf* shelf_here() {
  if (!this_shelf && !thread_ends) {
    static thread_local const Lease lease;
    static_cast<void>(lease);
  }
  return this_shelf;
}

}  // namespace

void* allocate_foreign(std::size_t size) {
  const bool fits = size <= block_size - sizeof(Header);
  Shelf* const shelf = fits ? shelf_here() : nullptr;
  Header* block = shelf ? shelf->take() : nullptr;
  if (!block) block = ::new (::operator new(fits ? block_size : size + sizeof(Header))) Header{shelf, nullptr};
  return block + 1;
}

void free_foreign(void* block) noexcept {
  Header& header = *(static_cast<Header*>(block) - 1);
  if (!header.shelf || !header.shelf->put(header)) ::operator delete(&header);
}

}  // namespace rondo
