// SPDX-License-Identifier: BSL-1.0
// frame_pool_test.cpp - blocks that are given back come again; large ones, up to a bound.
#include <rondo/kernel/frame_pool.hpp>

#include <cstdlib>
#include <vector>

#include "catch.hpp"

using namespace rondo;

namespace {

/// Counts what is out.
class Counting final : public std::pmr::memory_resource {
 public:
  std::size_t blocks = 0;
  std::size_t bytes = 0;

 private:
  void* do_allocate(std::size_t size, std::size_t) override {
    ++blocks;
    bytes += size;
    return std::malloc(size);
  }
  void do_deallocate(void* memory, std::size_t size, std::size_t) override {
    --blocks;
    bytes -= size;
    std::free(memory);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

}  // namespace

TEST_CASE("a block that was given back is the next one of its size") {
  Counting resource;
  FramePool pool(resource);
  for (const std::size_t size : {8UL, 16UL, 160UL, 176UL, 1024UL, 1025UL, 5000UL, 65536UL}) {
    void* const first = pool.allocate(size);
    void* const second = pool.allocate(size);
    CHECK(first != second);
    CHECK(pool.live() == 2);
    pool.deallocate(first, size);
    CHECK(pool.allocate(size) == first);
    pool.deallocate(second, size);
    pool.deallocate(first, size);
    CHECK(pool.allocate(size) == first);
    CHECK(pool.allocate(size) == second);
    pool.deallocate(first, size);
    pool.deallocate(second, size);
    CHECK(pool.live() == 0);
  }
}

TEST_CASE("sizes of one kilobyte of large blocks share what is free") {
  Counting resource;
  FramePool pool(resource);
  void* const block = pool.allocate(3000);
  pool.deallocate(block, 3000);
  CHECK(pool.allocate(2049) == block);
  void* const smaller = pool.allocate(2048);
  CHECK(smaller != block);
  pool.deallocate(smaller, 2048);
  pool.deallocate(block, 2049);
}

TEST_CASE("free large blocks are kept up to a bound, and larger ones not at all") {
  Counting resource;
  FramePool pool(resource);
  constexpr std::size_t size = FramePool::largest_kept;
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < FramePool::most_kept / size + 10; ++i) blocks.push_back(pool.allocate(size));
  CHECK(resource.bytes == blocks.size() * size);
  for (void* block : blocks) pool.deallocate(block, size);
  CHECK(resource.bytes == FramePool::most_kept);
  void* const larger = pool.allocate(size + 1);
  CHECK(resource.bytes == FramePool::most_kept + size + 1);
  pool.deallocate(larger, size + 1);
  CHECK(resource.bytes == FramePool::most_kept);
}

TEST_CASE("a pool gives all of its memory back in the end") {
  Counting resource;
  {
    FramePool pool(resource);
    for (const std::size_t size : {64UL, 500UL, 2000UL, 70000UL}) pool.deallocate(pool.allocate(size), size);
    CHECK(resource.blocks > 0);
  }
  CHECK(resource.blocks == 0);
  CHECK(resource.bytes == 0);
}
