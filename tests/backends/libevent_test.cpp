// SPDX-License-Identifier: BSL-1.0
// libevent_test.cpp - what only the libevent backend has: an event_base that belongs to somebody else.
#include <rondo/backends/libevent.hpp>

#include <event2/event.h>

#include <memory>

#include "catch.hpp"
#include "support.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

struct FreeBase {
  void operator()(event_base* base) const { event_base_free(base); }
};
using Base = std::unique_ptr<event_base, FreeBase>;

void count_up(evutil_socket_t, short, void* counter) { ++*static_cast<int*>(counter); }

/// One call of `count_up` in a millisecond.
void count_soon(event_base& base, int& counter) {
  const timeval soon{0, 1000};
  event_base_once(&base, -1, EV_TIMEOUT, count_up, &counter, &soon);
}

Coro<> until(const int* counter, int value) {
  while (*counter < value) co_await sleep(1ms);
}

}  // namespace

TEST_CASE("libevent: on the caller's event_base the caller's events run while the loop waits") {
  const Base base(event_base_new());
  LibeventBackend backend(*base);
  CHECK(&backend.base() == base.get());
  int calls = 0;
  count_soon(*base, calls);
  rondo::run(backend, until(&calls, 1));
  CHECK(calls == 1);
}

TEST_CASE("libevent: the caller's event_base works on when the backend is gone, also with a wait left over") {
  const Base base(event_base_new());
  const Ends pipe;
  int calls = 0;
  {
    LibeventBackend backend(*base);
    const auto body = [](int descriptor) -> Coro<std::string> { co_return co_await ending(wait_for(readable(descriptor), 1ms)); };
    CHECK(rondo::run(backend, body(pipe.first())) == "TimeoutError");
  }
  write_one(pipe.second());
  count_soon(*base, calls);
  event_base_dispatch(base.get());
  CHECK(calls == 1);
  CHECK(read_some(pipe.first()) == "x");
}

TEST_CASE("libevent: one event_base carries two backends, one after the other") {
  const Base base(event_base_new());
  for (int i = 0; i < 2; ++i) {
    LibeventBackend backend(*base);
    const auto body = []() -> Coro<int> {
      co_await sleep(1ms);
      co_return co_await to_thread([] { return 7; });
    };
    CHECK(rondo::run(backend, body()) == 7);
  }
}
