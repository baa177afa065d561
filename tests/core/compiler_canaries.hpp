// SPDX-License-Identifier: BSL-1.0
// compiler_canaries.hpp - what the canaries share: values that count themselves, and what to say of a known bug.
//
// compiler_canaries_*_test.cpp list what compilers are known to get wrong about coroutines, and show that rondo's ways
// are right. Each case names the bug and says what rondo does about it. Where a compiler is known to be wrong, the
// wrong way is compiled and run, too: everything is counted, nothing is owned, so that a double destruction does no
// harm here. When it stops being wrong, a warning says that the way round it can go. docs/gcc-12.md is the same for
// users.
//
// Catch2's CHECK writes its expression out twice for GCC, and a coroutine runs it twice then: no co_await is in one.
#pragma once

#include "hops.hpp"

#include "catch.hpp"

namespace canaries {

using namespace rondo;
using namespace std::chrono_literals;

/// Counts those that live. The test looks for 0 in the end: more is a leak, less is a double destruction.
class Counted {
 public:
  explicit Counted(int* alive) : alive_(alive) { ++*alive_; }
  Counted(const Counted& other) : alive_(other.alive_) { ++*alive_; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --*alive_; }
  int value() const { return 7; }

 private:
  int* alive_;
};

/// Knows its own address, so it notices when it is copied as mere bytes.
class Placed {
 public:
  Placed() = default;
  Placed(const Placed&) noexcept {}
  Placed& operator=(const Placed&) noexcept { return *this; }
  bool in_place() const { return self_ == this; }

 private:
  const Placed* self_ = this;
};

/// Throws where it is copied or moved; `left` says how often that goes well.
struct Reluctant {
  explicit Reluctant(int copies) : left(copies) {}
  Reluctant(const Reluctant& other) : left(other.left - 1) {
    if (other.left == 0) throw std::runtime_error("not again");
  }
  int left;
};

inline Coro<Counted> give(int* alive) {
  co_await sleep(0s);
  co_return Counted(alive);
}
inline Coro<int> take(Counted counted) {
  co_await sleep(0s);
  co_return counted.value();
}
inline Coro<bool> truth(bool value) {
  co_await sleep(0s);
  co_return value;
}
inline Coro<std::string> text(std::string value) {
  co_await sleep(0s);
  co_return value;
}

/// Runs `main(&alive)` and gives how many Counted are left.
template <class Main>
int left_by(Main main) {
  int alive = 0;
  sim::run(main(&alive));
  return alive;
}

/// The wrong way: 0 where the compiler is right; -1 is known of GCC 12.
inline void expect_wrong(int left, const char* bug) {
  CAPTURE(bug);
  if (!closures_are_destroyed_twice) {
    CHECK(left == 0);
  } else if (left == 0) {
    WARN(bug << " is not to be seen any more: the way round it can go");
  }
}

}  // namespace canaries
