// SPDX-License-Identifier: BSL-1.0
// libevent_test.cpp - what only the libevent backend has: an event_base that belongs to somebody else.
#include <rondo/backends/libevent.hpp>

#include <event2/event.h>

#include <memory>

#include "catch.hpp"
#include "support.hpp"
#include "wall_time.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

struct FreeBase {
  void operator()(event_base* base) const { event_base_free(base); }
};
using Base = std::unique_ptr<event_base, FreeBase>;

struct FreeEvent {
  void operator()(event* event) const { event_free(event); }
};

void count_up(evutil_socket_t, short, void* counter) { ++*static_cast<int*>(counter); }

/// One call of `count_up` in a millisecond.
void count_soon(event_base& base, int& counter) {
  const timeval soon{0, 1000};
  event_base_once(&base, -1, EV_TIMEOUT, count_up, &counter, &soon);
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

TEST_CASE("libevent: on the caller's event_base sleeps are as exact as on epoll, whatever clock the base reads") {
  const Base base(event_base_new());  // without EVENT_BASE_FLAG_PRECISE_TIMER: it counts in ticks of the kernel
  LibeventBackend backend(*base);
  CHECK(wall_time::multiple_of_epoll(backend, 100, 1ms) <= 1.5);
  CHECK(wall_time::multiple_of_epoll(backend, 200, 100us) <= 1.5);
}

TEST_CASE("libevent: on the caller's event_base sleeps are exact while the caller's timers and callbacks run") {
  const Base base(event_base_new());
  LibeventBackend backend(*base);
  int calls = 0;
  const std::unique_ptr<event, FreeEvent> often(event_new(base.get(), -1, EV_PERSIST, count_up, &calls));
  const timeval every{0, 700};
  event_add(often.get(), &every);
  CHECK(wall_time::multiple_of_epoll(backend, 100, 1ms) <= 1.5);
  CHECK(calls > 0);
}

TEST_CASE("libevent: on an event_base without edges sleeps are exact, too") {
  event_config* const config = event_config_new();
  event_config_avoid_method(config, "epoll");
  const Base base(event_base_new_with_config(config));
  event_config_free(config);
  REQUIRE(base);
  LibeventBackend backend(*base);
  CHECK((event_base_get_features(base.get()) & EV_FEATURE_ET) == 0);
  CHECK(wall_time::multiple_of_epoll(backend, 100, 1ms) <= 1.5);
}
