// SPDX-License-Identifier: BSL-1.0
// posts.cpp - see posts.hpp.
#include "posts.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <mutex>
#include <thread>
#include <vector>

#include <rondo/backends/epoll.hpp>
#include <rondo/rondo.hpp>

#include "measure.hpp"

namespace bench {

using namespace rondo;

namespace {

double last_wakeups_per_post = 0;

/// A queue of function pointers, as small as it can be.
class RawInbox {
 public:
  struct Call {
    void (*function)(std::int64_t&);
    std::int64_t* argument;
  };

  RawInbox() : wake_(eventfd(0, EFD_CLOEXEC)) {}
  ~RawInbox() { ::close(wake_); }
  void post(Call call) {
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      was_empty = calls_.empty();
      calls_.push_back(call);
    }
    const std::uint64_t one = 1;
    if (was_empty) static_cast<void>(::write(wake_, &one, sizeof one) == 0);
  }
  void run_until(const std::int64_t& count, std::int64_t enough) {
    std::vector<Call> taken;
    while (count < enough) {
      std::uint64_t times = 0;
      static_cast<void>(::read(wake_, &times, sizeof times) == 0);
      taken.clear();
      {
        const std::lock_guard lock(mutex_);
        taken.swap(calls_);
      }
      for (const Call& call : taken) call.function(*call.argument);
    }
  }

 private:
  int wake_;
  std::mutex mutex_;
  std::vector<Call> calls_;
};

/// Counts calls; the last one stops the loop.
struct Counter {
  Loop& loop;
  std::int64_t left;
  void call() {
    if (--left == 0) loop.stop();
  }
};

/// `post(loop, backend, counter)` posts everything, from a thread of its own; `prepare` runs before the clock does.
template <class Prepare, class Post>
double time_posts(std::int64_t posts, Prepare prepare, Post post) {
  EpollBackend backend;
  Loop loop;
  loop.attach(backend);
  Counter counter{loop, posts};
  prepare(backend, counter);
  const OutsideSource source = loop.open_source();
  const double ns = per_operation(posts, [&] {
    std::thread producer([&] { post(loop, backend, counter); });
    drive(loop, backend);
    producer.join();
  });
  last_wakeups_per_post = static_cast<double>(backend.wakeups()) / static_cast<double>(posts);
  return ns;
}

}  // namespace

double raw_posts(std::int64_t posts) {
  RawInbox inbox;
  std::int64_t count = 0;
  return per_operation(posts, [&] {
    std::thread producer([&] {
      for (std::int64_t i = 0; i < posts; ++i) inbox.post({[](std::int64_t& counted) { ++counted; }, &count});
    });
    inbox.run_until(count, posts);
    producer.join();
  });
}

double backend_posts(std::int64_t posts) {
  std::vector<CallCore*> calls;
  const auto prepare = [&](Backend& backend, Counter& counter) {
    const auto call = [&counter] { counter.call(); };
    for (std::int64_t i = 0; i < posts; ++i) {
      calls.push_back(&Call<decltype(call)>::make_foreign(backend.poster(), call, Context(), Place::here()));
    }
  };
  return time_posts(posts, prepare, [&](Loop&, Backend& backend, Counter&) {
    for (CallCore* call : calls) backend.poster().post(*call);
  });
}

double threadsafe_calls(std::int64_t posts) {
  return time_posts(posts, [](Backend&, Counter&) {}, [&](Loop& loop, Backend&, Counter& counter) {
    for (std::int64_t i = 0; i < posts; ++i) loop.call_soon_threadsafe([&counter] { counter.call(); });
  });
}

double wakeups_per_post() { return last_wakeups_per_post; }

}  // namespace bench
