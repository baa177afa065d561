// SPDX-License-Identifier: BSL-1.0
// poll_conformance_test.cpp - the backend of examples/poll_backend.hpp passes what every backend passes that has
// descriptors and nothing else.
#include <pthread.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <iterator>
#include <thread>

#include "poll_backend.hpp"
#include "desk.hpp"
#include "needs.hpp"
#include "support.hpp"

namespace {
struct World {
  static constexpr const char* name = "poll";
  static constexpr rondo::Features claims = {.descriptors = true};
  PollBackend backend;
  void raise(int signal) { std::raise(signal); }
  /// The open descriptors of this process.
  static std::size_t open() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }
};
}  // namespace

#define CONFORMANCE(sentence) TEST_CASE("poll: " sentence)
#include "conformance.hpp"
#include "process_deadlines.hpp"
#include "process_delays.hpp"
#include "readiness.hpp"

using by_hand::Desk;

TEST_CASE("poll: a descriptor that is closed while somebody waits for it ends the wait with EBADF, once") {
  World world;
  Ends pipe;
  Desk desk(world.backend);
  const auto id = desk.start(Desk::of(OperationKind::readable, pipe.first()));
  desk.take(0ms);
  pipe.close_first();
  CHECK(desk.wait(id) == -EBADF);
  desk.cancel(id);
  desk.check_single();
}

TEST_CASE("poll: a signal that comes during the wait ends no operation, and every later wait is as ever") {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {};  // and no SA_RESTART
  sigaction(SIGUSR1, &action, &before);
  {
    World world;
    const Ends pipe;
    Desk desk(world.backend);
    const auto id = desk.start(Desk::of(OperationKind::readable, pipe.first()));
    std::jthread thread([&pipe, loop = pthread_self()] {
      for (int i = 0; i < 5; ++i) {
        std::this_thread::sleep_for(1ms);
        pthread_kill(loop, SIGUSR1);
      }
      write_one(pipe.second());
    });
    CHECK(desk.wait(id) == 0);
    thread.join();
    const Instant deadline = world.backend.now() + 2ms;
    while (world.backend.now() < deadline) CHECK(world.backend.reap(deadline).empty());
    desk.check_single();
  }
  sigaction(SIGUSR1, &before, nullptr);
}

TEST_CASE("poll: more waits than the process may have descriptors are told by reap, and end when some are cancelled") {
  CHECK(in_a_child([] {
          World world;
          const Ends pipe;
          const rlimit few{20, 20};
          ::setrlimit(RLIMIT_NOFILE, &few);
          std::vector<Output> outputs(40, Desk::of(OperationKind::readable, pipe.first()));
          for (std::uint32_t i = 0; i < outputs.size(); ++i) outputs[i].id = {i, 1};
          world.backend.submit(outputs);
          try {
            static_cast<void>(world.backend.reap(Instant::min()));
            return 1;
          } catch (const std::system_error&) {
          }
          outputs.resize(30);
          for (Output& output : outputs) output.verb = Output::Verb::cancel;
          world.backend.submit(outputs);
          if (world.backend.reap(Instant::min()).size() != 30) return 2;
          write_one(pipe.second());
          return world.backend.reap(Instant::min()).size() == 10 ? 0 : 3;
        }) == "exit 0");
}
