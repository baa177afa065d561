// SPDX-License-Identifier: BSL-1.0
// peers.cpp - standalone Asio and libev, doing what rondo's rows do.
#include "peers.hpp"

#include "posts.hpp"
#include "rondo_rows.hpp"

#ifdef RONDO_BENCH_LIBEV
#include <ev.h>
#endif
#ifdef RONDO_BENCH_ASIO
#include <asio.hpp>
#include <asio/experimental/channel.hpp>
#endif

#include <cstdint>
#include <memory>
#include <thread>

namespace bench {
namespace {

constexpr std::int64_t million = 1'000'000;

#ifdef RONDO_BENCH_LIBEV
std::uint64_t next_random(std::uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

void ignore(struct ev_loop*, ev_timer*, int) {}

/// Stops one of `outstanding` timers and starts it again. The loop is not run: only its timer heap is measured.
double libev_churn(std::size_t outstanding, std::int64_t times) {
  struct ev_loop* loop = ev_loop_new(EVFLAG_AUTO);
  const std::unique_ptr<ev_timer[]> timers(new ev_timer[outstanding]);
  std::uint64_t random = 88172645463325252ULL;
  const auto when = [&] { return static_cast<double>(next_random(random) % 60'000'000'000) * 1e-9; };
  for (std::size_t i = 0; i < outstanding; ++i) {
    ev_timer_init(&timers[i], ignore, when(), 0.);
    ev_timer_start(loop, &timers[i]);
  }
  const double ns = per_operation(times, [&] {
    for (std::int64_t i = 0; i < times; ++i) {
      ev_timer& timer = timers[next_random(random) % outstanding];
      ev_timer_stop(loop, &timer);
      ev_timer_set(&timer, when(), 0.);
      ev_timer_start(loop, &timer);
    }
  });
  for (std::size_t i = 0; i < outstanding; ++i) ev_timer_stop(loop, &timers[i]);
  ev_loop_destroy(loop);
  return ns;
}
#endif

#ifdef RONDO_BENCH_ASIO
asio::awaitable<void> asio_yielder(std::int64_t times) {
  const auto executor = co_await asio::this_coro::executor;
  for (std::int64_t i = 0; i < times; ++i) co_await asio::post(executor, asio::use_awaitable);
}

double asio_yield(std::size_t tasks, std::int64_t yields) {
  asio::io_context context(1);
  const std::int64_t each = yields / static_cast<std::int64_t>(tasks);
  for (std::size_t i = 0; i < tasks; ++i) asio::co_spawn(context, asio_yielder(each), asio::detached);
  return per_operation(each * static_cast<std::int64_t>(tasks), [&] { context.run(); });
}

asio::awaitable<std::int64_t> asio_child(std::int64_t x) { co_return x + 1; }

asio::awaitable<void> asio_parent(std::int64_t awaits) {
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < awaits; ++i) sum += co_await asio_child(i);
  keep(sum);
}

double asio_await(std::int64_t awaits) {
  asio::io_context context(1);
  asio::co_spawn(context, asio_parent(awaits), asio::detached);
  return per_operation(awaits, [&] { context.run(); });
}

asio::awaitable<void> asio_spawner(std::int64_t tasks) {
  const auto executor = co_await asio::this_coro::executor;
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < tasks; ++i) sum += co_await asio::co_spawn(executor, asio_child(i), asio::use_awaitable);
  keep(sum);
}

double asio_spawn_join(std::int64_t tasks) {
  asio::io_context context(1);
  asio::co_spawn(context, asio_spawner(tasks), asio::detached);
  return per_operation(tasks, [&] { context.run(); });
}

double asio_spawn_batches(std::int64_t batch, std::int64_t batches) {
  asio::io_context context(1);
  std::int64_t sum = 0;
  return per_operation(batch * batches, [&] {
    for (std::int64_t b = 0; b < batches; ++b) {
      for (std::int64_t i = 0; i < batch; ++i) {
        asio::co_spawn(context, asio_child(i), [&](std::exception_ptr, std::int64_t value) { sum += value; });
      }
      context.run();
      context.restart();
    }
    keep(sum);
  });
}

using AsioChannel = asio::experimental::channel<void(std::error_code, std::int64_t)>;

asio::awaitable<void> asio_produce(AsioChannel& channel, std::int64_t items) {
  for (std::int64_t i = 0; i < items; ++i) co_await channel.async_send(std::error_code(), i, asio::use_awaitable);
}

asio::awaitable<void> asio_consume(AsioChannel& channel, std::int64_t items) {
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < items; ++i) sum += co_await channel.async_receive(asio::use_awaitable);
  keep(sum);
}

double asio_channel(std::int64_t items) {
  asio::io_context context(1);
  AsioChannel channel(context, 1);
  asio::co_spawn(context, asio_produce(channel, items), asio::detached);
  asio::co_spawn(context, asio_consume(channel, items), asio::detached);
  return per_operation(items, [&] { context.run(); });
}

double asio_posts(std::int64_t posts) {
  asio::io_context context(1);
  const auto work = asio::make_work_guard(context);
  std::int64_t left = posts;
  return per_operation(posts, [&] {
    std::thread producer([&] {
      for (std::int64_t i = 0; i < posts; ++i) {
        asio::post(context, [&] {
          if (--left == 0) context.stop();
        });
      }
    });
    context.run();
    producer.join();
  });
}

double asio_churn(std::size_t outstanding, std::int64_t times) {
  asio::io_context context(1);
  std::vector<asio::steady_timer> timers;
  timers.reserve(outstanding);
  std::uint64_t random = 88172645463325252ULL;
  const auto draw = [&] {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return random;
  };
  const auto delay = [&] { return std::chrono::nanoseconds(draw() % 60'000'000'000); };
  for (std::size_t i = 0; i < outstanding; ++i) {
    timers.emplace_back(context, delay());
    timers.back().async_wait([](std::error_code) {});
  }
  const double ns = per_operation(times, [&] {
    for (std::int64_t i = 0; i < times; ++i) {
      auto& timer = timers[draw() % outstanding];
      timer.expires_after(delay());
      timer.async_wait([](std::error_code) {});
      if (i % 1024 == 0) context.poll();
    }
  });
  for (auto& timer : timers) timer.cancel();
  context.poll();
  return ns;
}
#endif

}  // namespace

void add_peer_rows(std::vector<Row>& rows) {
#ifdef RONDO_BENCH_LIBEV
  rows.push_back({"timer: cancel and arm, 10k", "libev", [] { return libev_churn(10'000, 3 * million); }, "rondo",
                  [] { return timer_churn(10'000, 3 * million); }, 0.5});
  rows.push_back({"timer: cancel and arm, 1m", "libev", [] { return libev_churn(1'000'000, 3 * million); }, "rondo",
                  [] { return timer_churn(1'000'000, 3 * million); }, 0.5});
#endif
#ifdef RONDO_BENCH_ASIO
  rows.push_back({"yield, 1000 tasks, Asio", "asio co_spawn, post", [] { return asio_yield(1000, million); }, "rondo",
                  [] { return yield(1000, 10 * million); }});
  rows.push_back({"yield, 100000 tasks, Asio", "asio co_spawn, post", [] { return asio_yield(100'000, million); },
                  "rondo", [] { return yield(100'000, 10 * million); }});
  rows.push_back({"await a child, Asio", "asio awaitable", [] { return asio_await(2 * million); }, "rondo",
                  [] { return await_child(5 * million); }});
  rows.push_back({"spawn and join, Asio", "asio co_spawn", [] { return asio_spawn_join(300'000); }, "rondo",
                  [] { return spawn_join_one(3 * million); }});
  rows.push_back({"spawn and join, 1000s, Asio", "asio co_spawn", [] { return asio_spawn_batches(1000, 300); }, "rondo",
                  [] { return spawn_join_batches(1000, 3000); }});
  rows.push_back({"item through a queue of one, Asio", "asio channel", [] { return asio_channel(500'000); }, "rondo",
                  [] { return channel(5 * million); }});
  rows.push_back({"post a callable from a thread, Asio", "asio post", [] { return asio_posts(million); },
                  "call_soon_threads.", [] { return threadsafe_calls(million); }});
  rows.push_back({"timer: cancel and arm, Asio", "asio steady_timer", [] { return asio_churn(10'000, million); },
                  "rondo", [] { return timer_churn(10'000, 3 * million); }});
#endif
  static_cast<void>(rows);
  static_cast<void>(million);
}

}  // namespace bench
