// SPDX-License-Identifier: BSL-1.0
// epoll_contract_test.cpp - the backend's side of the contract, driven by hand through submit() and reap().
#include <rondo/backends/epoll.hpp>

#include <sys/resource.h>

#include <atomic>
#include <cerrno>
#include <map>
#include <vector>

#include "catch.hpp"
#include "open_descriptors.hpp"
#include "support.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

/// Submits operations as a loop would, and keeps the terminal completions of each.
struct Hand {
  OperationId start(OperationKind kind, int handle, Job* job = nullptr, Executor* executor = nullptr) {
    if (kind == OperationKind::job) facilities::jobs();
    facilities::readiness();
    facilities::signal_handlers();
    Output output;
    output.kind = kind;
    output.handle = handle;
    output.id = {next++, 1};
    output.job = job;
    output.executor = executor;
    started.push_back(output);
    backend.submit(std::span(&started.back(), 1));
    return output.id;
  }
  void cancel(OperationId id) {
    Output output = started.at(id.slot);
    output.verb = Output::Verb::cancel;
    backend.submit(std::span(&output, 1));
  }
  /// Takes what there is; waits at most `wait` for the first.
  std::size_t reap(Duration wait = Duration::zero()) {
    const auto inputs = backend.reap(backend.now() + wait);
    for (const Input& input : inputs) {
      (input.more ? arrivals : results)[input.id.slot].push_back(input.result);
    }
    return inputs.size();
  }
  std::vector<std::int32_t> of(OperationId id) { return results[id.slot]; }

  EpollBackend backend;
  std::uint32_t next = 0;
  std::vector<Output> started;
  std::map<std::uint32_t, std::vector<std::int32_t>> results;   // terminal completions by slot
  std::map<std::uint32_t, std::vector<std::int32_t>> arrivals;  // those with `more`
};

using Results = std::vector<std::int32_t>;

/// A wait throws where a backend's memory may end.
struct ThrowingWait final : Seam {
  bool armed = false;
  Fault before(SystemCall call) override {
    if (call == SystemCall::wait && std::exchange(armed, false)) throw std::bad_alloc();
    return {};
  }
};

struct EmptyJob final : Job {
  void run() noexcept override { ++runs; }
  std::atomic<int> runs = 0;
};

/// Runs a job inside submit(), the earliest moment that there is, and counts what it is asked.
struct InlineExecutor final : Executor {
  void submit(Job& job, OperationId id, JobSink& sink) noexcept override {
    job.run();
    sink.job_done(id, 0);
  }
  void cancel(OperationId, JobSink&) noexcept override { ++cancels; }
  int cancels = 0;
};

}  // namespace

TEST_CASE("C1: a wait that is ready, cancelled or impossible has exactly one terminal completion") {
  const Ends pipe;
  Hand hand;
  const OperationId ready = hand.start(OperationKind::readable, pipe.first());
  const OperationId cancelled = hand.start(OperationKind::readable, pipe.first());
  const OperationId impossible = hand.start(OperationKind::readable, -1);
  hand.cancel(cancelled);
  hand.cancel(impossible);
  write_one(pipe.second());
  for (int i = 0; i < 3; ++i) hand.reap();
  CHECK(hand.of(ready) == Results{0});
  CHECK(hand.of(cancelled) == Results{-ECANCELED});
  CHECK(hand.of(impossible) == Results{-EBADF});
}

TEST_CASE("C1: a cancel that meets readiness adds no completion and takes none away") {
  for (const bool write_first : {true, false}) {
    for (const bool reap_first : {true, false}) {
      const Ends pipe;
      Hand hand;
      const OperationId id = hand.start(OperationKind::readable, pipe.first());
      if (write_first) write_one(pipe.second());
      if (reap_first) hand.reap();
      hand.cancel(id);
      if (!write_first) write_one(pipe.second());
      for (int i = 0; i < 3; ++i) hand.reap();
      CHECK(hand.of(id) == (write_first && reap_first ? Results{0} : Results{-ECANCELED}));
    }
  }
}

TEST_CASE("C1: readers and writers of one descriptor each have their own completion, whatever is cancelled between") {
  const Ends sockets(Ends::Kind::sockets);
  Hand hand;
  std::vector<OperationId> readers;
  for (int i = 0; i < 5; ++i) readers.push_back(hand.start(OperationKind::readable, sockets.first()));
  const OperationId writer = hand.start(OperationKind::writable, sockets.first());
  hand.cancel(readers[1]);
  hand.cancel(readers[3]);
  for (int i = 0; i < 2; ++i) hand.reap();  // the first finds what was cancelled, and need not look further
  CHECK(hand.of(writer) == Results{0});
  CHECK(hand.of(readers[0]).empty());
  write_one(sockets.second());
  for (int i = 0; i < 3; ++i) hand.reap();
  for (const std::size_t i : {0U, 2U, 4U}) CHECK(hand.of(readers[i]) == Results{0});
  for (const std::size_t i : {1U, 3U}) CHECK(hand.of(readers[i]) == Results{-ECANCELED});
}

TEST_CASE("C1: a signal is reported as often as it arrives, and ends once, when it is cancelled") {
  Hand hand;
  const OperationId first = hand.start(OperationKind::signal, SIGURG);
  std::raise(SIGURG);
  std::raise(SIGURG);
  hand.reap();
  CHECK(hand.arrivals[first.slot] == Results{0, 0});
  CHECK(hand.of(first).empty());
  hand.cancel(first);
  hand.reap();
  std::raise(SIGURG);
  hand.reap();
  CHECK(hand.of(first) == Results{-ECANCELED});
  CHECK(hand.arrivals[first.slot].size() == 2);
}

TEST_CASE("C1: a signal that nobody can handle is refused once") {
  Hand hand;
  const OperationId kill = hand.start(OperationKind::signal, SIGKILL);
  const OperationId none = hand.start(OperationKind::signal, 4711);
  hand.cancel(kill);
  hand.reap();
  CHECK(hand.of(kill) == Results{-EINVAL});
  CHECK(hand.of(none) == Results{-EINVAL});
}

TEST_CASE("C1: jobs that race with their cancellation have one completion each") {
  std::vector<EmptyJob> jobs(50);
  Hand hand;
  std::vector<OperationId> ids;
  for (EmptyJob& job : jobs) ids.push_back(hand.start(OperationKind::job, -1, &job));
  for (std::size_t i = 0; i < ids.size(); i += 2) hand.cancel(ids[i]);
  const OperationId closed = hand.start(OperationKind::close_executor, -1);
  while (hand.of(closed).empty()) hand.reap();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    CHECK(hand.of(ids[i]) == (jobs[i].runs == 1 ? Results{0} : Results{-ECANCELED}));
  }
}

TEST_CASE("C12: even what is answered inside submit is an input of the next reap, and of no other") {
  EmptyJob job;
  InlineExecutor executor;
  const Ends pipe;
  Hand hand;
  const auto inputs = hand.backend.reap(Instant::min());
  hand.start(OperationKind::readable, -1);
  hand.start(OperationKind::job, -1, &job, &executor);
  hand.cancel(hand.start(OperationKind::readable, pipe.first()));
  CHECK(inputs.empty());
  CHECK(hand.reap(10s) == 3);  // does not wait
  CHECK(hand.reap() == 0);
}

TEST_CASE("a job that has ended is forgotten: its executor may be gone when a late cancel comes") {
  for (const bool reap_first : {true, false}) {
    EmptyJob job;
    InlineExecutor executor;
    Hand hand;
    const OperationId id = hand.start(OperationKind::job, -1, &job, &executor);
    if (reap_first) hand.reap();
    hand.cancel(id);
    hand.reap();
    CHECK(executor.cancels == 0);
    CHECK(hand.of(id) == Results{0});
  }
}

TEST_CASE("between waits a descriptor is silent: what nobody waits for does not wake the loop") {
  const Ends pipe;
  Hand hand;
  hand.start(OperationKind::readable, pipe.first());
  write_one(pipe.second());
  REQUIRE(hand.reap(1s) == 1);
  write_one(pipe.second());
  const Instant deadline = hand.backend.now() + 2ms;
  int reaps = 0;
  for (; hand.backend.now() < deadline && reaps < 100; ++reaps) CHECK(hand.backend.reap(deadline).empty());
  CHECK(reaps <= 3);  // a signal may end one
  const OperationId again = hand.start(OperationKind::readable, pipe.first());
  hand.reap(1s);
  CHECK(hand.of(again) == Results{0});
}

TEST_CASE("a hundred backends with waits, timers, jobs and signals leave no descriptor open") {
  const auto body = [](const Ends* pipe) -> Coro<> {
    this_loop().add_signal_handler(SIGURG, [] {});
    const auto left = create_task(ending(readable(pipe->first())));
    co_await writable(pipe->second());
    co_await sleep(10us);
    co_await to_thread([] {});
    this_loop().remove_signal_handler(SIGURG);
  };
  const Ends pipe;
  const auto before = open_descriptors();
  for (int i = 0; i < 100; ++i) {
    EpollBackend backend;
    rondo::run(backend, body(&pipe));
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("a backend that gets too few descriptors throws std::system_error, and gives back those it got") {
  const auto before = open_descriptors();
  const int lowest_free = ::dup(0);
  REQUIRE(lowest_free >= 0);
  ::close(lowest_free);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  for (int more = 0; more < 5; ++more) {  // epoll, eventfd, timerfd and a pipe: five
    const rlimit few{static_cast<rlim_t>(lowest_free + more), limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    int code = 0;
    try {
      const EpollBackend backend;
    } catch (const std::system_error& error) {
      code = error.code().value();
    }
    setrlimit(RLIMIT_NOFILE, &limit);
    CHECK(code == EMFILE);
    CHECK(open_descriptors() == before);
  }
}

TEST_CASE("a reap that throws has given out nothing, and the next one gives all of it") {
  ThrowingWait seam;
  EpollBackend backend({.seam = &seam});
  std::string order;
  int thrown = 0;
  const auto reap = [&] {
    try {
      for (const Input& input : backend.reap(Instant::min())) {
        order += input.type == Input::Type::post ? "c" : std::to_string(input.result);
        if (input.type == Input::Type::post) input.call->release();
      }
    } catch (const std::bad_alloc&) {
      ++thrown;
    }
  };
  std::string posted;
  for (int i = 0; i < 40; ++i) {
    const auto nothing = [] {};
    backend.poster().post(
        Call<decltype(nothing)>::make_foreign(backend.poster(), nothing, Context(), Place::here()));
    posted += "c";
    seam.armed = true;
    reap();
  }
  seam.armed = false;
  reap();
  CHECK(thrown >= 2);
  CHECK(order == posted);
}
