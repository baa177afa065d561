// SPDX-License-Identifier: BSL-1.0
// compiler_canaries_values_test.cpp - values that are carried: as parameters, results, and in awaitables.
#include "compiler_canaries.hpp"

#include <memory_resource>

using namespace canaries;

// PR 107288 (GCC 11: small strings moved as bytes), llvm 130326 (a parameter destroyed twice), and relatives.
TEST_CASE("values that know their address are in place as parameters, locals, results and yielded values") {
  const auto carries = [](Placed parameter) -> Coro<Placed> {
    const Placed local;
    co_await sleep(0s);
    CHECK(parameter.in_place());
    CHECK(local.in_place());
    co_return parameter;
  };
  const auto yields = [](Placed parameter) -> AsyncGenerator<Placed> {
    for (int i = 0; i < 2; ++i) {
      co_yield parameter;
      co_await sleep(0s);
      CHECK(parameter.in_place());
    }
  };
  const auto main = [carries, yields]() -> Coro<> {
    const Placed awaited = co_await carries(Placed());
    CHECK(awaited.in_place());
    const Placed of_task = co_await create_task(carries(awaited));
    CHECK(of_task.in_place());
    const Placed slept = co_await sleep(0s, Placed());
    CHECK(slept.in_place());
    const Placed limited = co_await wait_for(carries(slept), 1s);
    CHECK(limited.in_place());
    const auto both = co_await gather(carries(slept), sleep(1s, limited));
    CHECK(std::get<0>(both).in_place());
    CHECK(std::get<1>(both).in_place());
    const auto outcome = co_await as_outcome(carries(Placed()));
    CHECK(outcome.value().in_place());
    auto generator = yields(Placed());
    while (const auto value = co_await generator.next()) CHECK(value->in_place());
  };
  sim::run(main());
}

TEST_CASE("values inside awaitables are destroyed once: sleeps, outcomes, limits, groups of tasks, jobs") {
  CHECK(left_by([](int* alive) -> Coro<> {
          const Counted slept = co_await sleep(1s, Counted(alive));
          static_cast<void>(co_await as_outcome(sleep(0s, slept)));
          static_cast<void>(co_await as_outcome(give(alive)));
          static_cast<void>(co_await wait_for(give(alive), 1s));
          static_cast<void>(co_await as_outcome(wait_for(sleep(2s, slept), 1s)));
          static_cast<void>(co_await gather(give(alive), sleep(1s, slept)));
          static_cast<void>(co_await gather(return_exceptions, give(alive), sleep(1s, slept)));
          static_cast<void>(co_await shield(give(alive)));
          static_cast<void>(co_await create_task(give(alive)));
          static_cast<void>(co_await take(co_await give(alive)));
          static_cast<void>(co_await to_thread([](Counted counted) { return counted; }, slept));
          auto completed = as_completed(std::vector{create_task(give(alive)), create_task(give(alive))});
          while (auto next = completed.next()) static_cast<void>(co_await std::move(*next));
        }) == 0);
}

// PR 95599, PR 95615 (a throw before the first suspension leaks the frame or what was made of it), llvm 199627.
// rondo's coroutines suspend before they begin, so only copying a parameter can throw before that.
TEST_CASE("a parameter that throws while it is copied leaves nothing behind: no frame, no other parameter") {
  class Bytes final : public std::pmr::memory_resource {
   public:
    std::size_t held = 0;

   private:
    void* do_allocate(std::size_t size, std::size_t alignment) override {
      held += size;
      return std::pmr::new_delete_resource()->allocate(size, alignment);
    }
    void do_deallocate(void* memory, std::size_t size, std::size_t alignment) override {
      held -= size;
      std::pmr::new_delete_resource()->deallocate(memory, size, alignment);
    }
    bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
  };
  const auto coro = [](Counted one, Reluctant, Counted two) -> Coro<int> { co_return one.value() + two.value(); };
  const auto generator = [](Counted one, Reluctant, Counted) -> AsyncGenerator<int> { co_yield one.value(); };
  Bytes bytes;
  int alive = 0;
  int thrown = 0;
  {
    Loop loop({.resource = &bytes});
    const Loop::Scope scope(loop);
    const Counted counted(&alive);
    for (const int copies : {0, 1, 2}) {
      const Reluctant reluctant(copies);
      try {
        static_cast<void>(coro(counted, reluctant, counted));
      } catch (const std::runtime_error&) {
        ++thrown;
      }
      try {
        static_cast<void>(generator(counted, reluctant, counted));
      } catch (const std::runtime_error&) {
        ++thrown;
      }
    }
  }
  CHECK(thrown == 4);  // into the parameter, into the frame; two copies are enough
  CHECK(alive == 0);
  CHECK(bytes.held == 0);
}

namespace {

template <class Promise>
using ReturnObject = decltype(std::declval<Promise&>().get_return_object());

}  // namespace

// llvm 61900 and 57339: an unhandled_exception() that throws, and the frame destroyed after that: locals die twice.
// llvm 220915: a promise whose constructor throws. CWG 2563: a return object that is converted.
TEST_CASE("promises store what is thrown, never throw themselves, and make the very return type") {
  const auto checked = []<class Promise>(const Promise*) {
    static_assert(noexcept(std::declval<Promise&>().unhandled_exception()));
    static_assert(noexcept(std::declval<Promise&>().initial_suspend()));
    static_assert(noexcept(std::declval<Promise&>().final_suspend()));
    static_assert(std::is_same_v<decltype(std::declval<Promise&>().initial_suspend()), std::suspend_always>);
  };
  checked(static_cast<CoroPromise<int>*>(nullptr));
  checked(static_cast<CoroPromise<void>*>(nullptr));
  checked(static_cast<GeneratorPromise<int>*>(nullptr));
  static_assert(std::is_nothrow_default_constructible_v<CoroPromise<int>>);
  static_assert(std::is_nothrow_default_constructible_v<CoroPromise<void>>);
  static_assert(std::is_same_v<ReturnObject<CoroPromise<int>>, Coro<int>>);
  static_assert(std::is_same_v<ReturnObject<GeneratorPromise<int>>, AsyncGenerator<int>>);
  CHECK(left_by([](int* alive) -> Coro<> {
          const auto throws = [](Counted parameter, bool first) -> Coro<int> {
            const Counted local = parameter;
            if (!first) co_await sleep(0s);
            throw std::runtime_error("no");
          };
          const auto yields = [](Counted parameter) -> AsyncGenerator<int> {
            const Counted local = parameter;
            co_yield local.value();
            throw std::runtime_error("no");
          };
          for (const bool first : {true, false}) {
            const auto awaited = co_await as_outcome(throws(Counted(alive), first));
            const auto of_task = co_await as_outcome(create_task(throws(Counted(alive), first)));
            CHECK(awaited.failed());
            CHECK(of_task.failed());
          }
          auto generator = yields(Counted(alive));
          co_await generator.next();
          const auto outcome = co_await as_outcome(generator.next());
          CHECK(outcome.failed());
        }) == 0);
}
