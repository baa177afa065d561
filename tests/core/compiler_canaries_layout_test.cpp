// SPDX-License-Identifier: BSL-1.0
// compiler_canaries_layout_test.cpp - where frames and values lie.
#include "compiler_canaries.hpp"

#include <algorithm>
#include <array>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <vector>

using namespace canaries;

// PR 104177, llvm 56671: frames are not aligned for over-aligned locals. rondo's own have none, and results and yielded
// values may not be over-aligned (result.hpp, async_generator.hpp). The core of a frame is found from its address
// alone, which asks that every promise begins with it and that no promise is aligned more than frames are.
TEST_CASE("the core of a frame is where its promise is, and no promise asks for more alignment than frames have") {
  const auto checked = []<class Promise>(const Promise*) {
    static_assert(alignof(Promise) <= alignof(std::max_align_t));
    static_assert(alignof(Promise) <= 2 * sizeof(void*));  // what stands before it in a frame: two addresses
    static_assert(std::is_base_of_v<FrameCore, Promise>);
    alignas(Promise) static std::array<std::byte, sizeof(Promise)> room;
    auto* promise = reinterpret_cast<Promise*>(room.data());
    return static_cast<void*>(static_cast<FrameCore*>(promise)) == static_cast<void*>(promise);
  };
  CHECK(checked(static_cast<CoroPromise<void>*>(nullptr)));
  CHECK(checked(static_cast<CoroPromise<char>*>(nullptr)));
  CHECK(checked(static_cast<CoroPromise<long double>*>(nullptr)));
  CHECK(checked(static_cast<CoroPromise<std::string>*>(nullptr)));
  CHECK(checked(static_cast<GeneratorPromise<char>*>(nullptr)));
  CHECK(checked(static_cast<GeneratorPromise<long double>*>(nullptr)));
  static_assert(alignof(SleepCore) <= alignof(std::max_align_t));
  static_assert(alignof(TaskCore) <= alignof(std::max_align_t));
}

TEST_CASE("the widest ordinary values, such as long double, are aligned in frames, futures and generators") {
  const auto aligned = [](const long double& value) {
    return reinterpret_cast<std::uintptr_t>(&value) % alignof(long double) == 0;
  };
  const auto carries = [aligned](long double parameter) -> Coro<long double> {
    const long double local = parameter + 1;
    co_await sleep(0s);
    CHECK(aligned(parameter));
    CHECK(aligned(local));
    co_return local;
  };
  const auto yields = [](long double parameter) -> AsyncGenerator<long double> { co_yield parameter; };
  const auto main = [carries, yields]() -> Coro<long double> {
    const long double two = co_await carries(1);
    const auto [three, four] = co_await gather(carries(two), carries(two + 1));
    auto generator = yields(three + four);
    const std::optional<long double> seven = co_await generator.next();
    co_return *seven;
  };
  CHECK(sim::run(main()) == 7.0L);
}

namespace {

struct alignas(64) Wide {
  std::array<char, 64> bytes;
};
bool in_place(const void* address) { return reinterpret_cast<std::uintptr_t>(address) % 64 == 0; }

}  // namespace

// No compiler here aligns a frame for its locals, and a library cannot see them.
TEST_CASE("an over-aligned local of a coroutine belongs on the heap, where it is aligned") {
  const auto main = []() -> Coro<bool> {
    const auto wide = std::make_unique<Wide>();
    co_await sleep(0s);
    co_return in_place(wide.get());
  };
  for (int i = 0; i < 16; ++i) CHECK(sim::run(main()));
}

TEST_CASE("an over-aligned value can be referred to by a coroutine") {
  const auto looks = [](const Wide& wide) -> Coro<bool> {
    co_await sleep(0s);
    co_return in_place(&wide);
  };
  static constexpr Wide wide{};
  CHECK(sim::run(looks(wide)));
}

// With GCC the whole frame has their alignment, and is not where it should be: its sanitizer tells of the first access.
#if !defined(__SANITIZE_ADDRESS__)
TEST_CASE("canary: over-aligned locals of coroutines are still not aligned") {
  const auto main = []() -> Coro<bool> {
    Wide wide;
    const void* const before = &wide;
    co_await sleep(0s);
    co_return before == &wide && in_place(&wide);
  };
  std::vector<Coro<bool>> all;
  for (int i = 0; i < 16; ++i) all.push_back(main());
  const auto together = [](std::vector<Coro<bool>> coros) -> Coro<std::vector<bool>> {
    const auto right = co_await gather(std::move(coros));
    co_return std::vector<bool>(right.begin(), right.end());
  };
  const auto right = sim::run(together(std::move(all)));
  if (std::count(right.begin(), right.end(), true) == 16) WARN("over-aligned locals are aligned by this compiler");
}
#endif
