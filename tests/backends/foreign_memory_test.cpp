// SPDX-License-Identifier: BSL-1.0
// foreign_memory_test.cpp - blocks that one thread takes and another frees: where they go, also when threads have
// ended.
#include <rondo/backends/foreign_memory.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include <rondo/backends/epoll.hpp>

#include "catch.hpp"
#include "support.hpp"

using namespace rondo;

namespace {

using Blocks = std::vector<void*>;

unsigned char mark_of(std::size_t number, std::size_t owner) {
  return static_cast<unsigned char>((number + 61 * owner) % 251);
}

/// Each filled, so that a block given twice would be seen.
Blocks taken(std::size_t count, std::size_t size, std::size_t owner = 0) {
  Blocks blocks;
  for (std::size_t i = 0; i < count; ++i) {
    blocks.push_back(allocate_foreign(size));
    std::memset(blocks.back(), mark_of(i, owner), size);
  }
  return blocks;
}

bool untouched(const Blocks& blocks, std::size_t size, std::size_t owner = 0) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto* bytes = static_cast<const unsigned char*>(blocks[i]);
    if (!std::all_of(bytes, bytes + size, [&](unsigned char byte) { return byte == mark_of(i, owner); })) return false;
  }
  return true;
}

void free_all(const Blocks& blocks) {
  for (void* const block : blocks) free_foreign(block);
}

/// As large as a block of a shelf is.
Blocks heap_blocks(std::size_t count) {
  Blocks blocks;
  for (std::size_t i = 0; i < count; ++i) blocks.push_back(::operator new(256));
  return blocks;
}

void free_elsewhere(const Blocks& blocks) { std::thread([&] { free_all(blocks); }).join(); }

Blocks sorted(Blocks blocks) {
  std::sort(blocks.begin(), blocks.end());
  return blocks;
}

/// Posts when its thread has ended, as far as the thread's other objects are concerned.
struct PostsAtTheEnd {
  Loop* loop = nullptr;
  std::atomic<int>* calls = nullptr;
  ~PostsAtTheEnd() {
    if (!loop) return;
    loop->call_soon_threadsafe([calls = calls, loop = loop] {
      ++*calls;
      loop->stop();
    });
  }
};

struct ThrowsWhenMovedTwice {
  int moves = 0;
  ThrowsWhenMovedTwice() = default;
  ThrowsWhenMovedTwice(const ThrowsWhenMovedTwice&) = default;
  ThrowsWhenMovedTwice(ThrowsWhenMovedTwice&& other) : moves(other.moves + 1) {
    if (moves == 2) throw std::runtime_error("cannot be moved");
  }
  void operator()() const {}
};

}  // namespace

TEST_CASE("a thread gets the blocks back that others have freed") {
  std::thread([] {
    const Blocks first = taken(100, 200);
    free_elsewhere(first);
    const Blocks second = taken(100, 200);
    CHECK(sorted(first) == sorted(second));
    free_all(second);
  }).join();
}

TEST_CASE("foreign blocks are aligned, apart from each other, and of any size") {
  const std::size_t size = GENERATE(1u, 16u, 239u, 240u, 241u, 5000u);
  const Blocks blocks = taken(300, size);
  for (const void* const block : blocks) {
    CHECK(reinterpret_cast<std::uintptr_t>(block) % __STDCPP_DEFAULT_NEW_ALIGNMENT__ == 0);
  }
  CHECK(untouched(blocks, size));
  free_elsewhere(blocks);
  free_all(taken(300, size));
}

TEST_CASE("a shelf keeps a bounded number of blocks, and the heap gets the others") {
  std::thread([] {
    std::set<void*> seen;
    const Blocks first = taken(5000, 100);
    CHECK(untouched(first, 100));
    seen.insert(first.begin(), first.end());
    free_elsewhere(first);
    const Blocks held = heap_blocks(5000);  // so that the heap does not give the same addresses again
    const Blocks second = taken(5000, 100);
    CHECK(untouched(second, 100));
    CHECK(std::count_if(second.begin(), second.end(), [&](void* block) { return seen.contains(block); }) <= 1024);
    free_elsewhere(second);
    for (void* const block : held) ::operator delete(block);
  }).join();
}

TEST_CASE("blocks may be freed when the thread that took them has ended") {
  for (int i = 0; i < 3; ++i) {  // the second thread has the shelf of the first
    Blocks blocks;
    std::thread([&] { blocks = taken(50, 64); }).join();
    CHECK(untouched(blocks, 64));
    free_all(blocks);
  }
}

TEST_CASE("blocks go round between many threads, and none is given twice") {
  std::atomic<int> spoilt = 0;
  std::vector<std::jthread> threads;
  for (std::size_t owner = 0; owner < 4; ++owner) {
    threads.emplace_back([&spoilt, owner] {
      for (int round = 0; round < 100; ++round) {
        const Blocks blocks = taken(40, 100, owner);
        const Blocks kept(blocks.begin(), blocks.begin() + 20);
        const Blocks given(blocks.begin() + 20, blocks.end());
        const std::jthread other([&] { free_all(given); });
        if (!untouched(kept, 100, owner)) ++spoilt;
        free_all(kept);
      }
    });
  }
  threads.clear();
  CHECK(spoilt == 0);
}

TEST_CASE("an object of a thread may post a call when it is destroyed") {
  EpollBackend backend;
  Loop loop;
  loop.attach(backend);
  std::atomic<int> calls = 0;
  const OutsideSource source = loop.open_source();
  std::thread([&] {
    static thread_local PostsAtTheEnd last;
    last.loop = &loop;
    last.calls = &calls;
    loop.call_soon_threadsafe([&calls] { ++calls; });
  }).join();
  drive(loop, backend);
  CHECK(calls == 2);
}

TEST_CASE("a callable that throws when it is moved is not posted, and its block is not lost") {
  EpollBackend backend;
  Loop loop;
  loop.attach(backend);
  std::thread([&] {
    void* const block = allocate_foreign(64);
    free_foreign(block);
    CHECK_THROWS_WITH(loop.call_soon_threadsafe(ThrowsWhenMovedTwice()), "cannot be moved");
    void* const again = allocate_foreign(64);
    CHECK(again == block);
    free_foreign(again);
  }).join();
}
