// SPDX-License-Identifier: BSL-1.0
// sim_subprocess_end_test.cpp - signals, cancellations and ends of simulated children, whatever the seed.
#include <csignal>

#include "sim_programs.hpp"

using namespace simulated_programs;

// --- signals ---------------------------------------------------------------------------------------------------------

TEST_CASE("sim: a program is killed before it starts, while it runs, and after it has ended") {
  const auto body = []() -> Coro<std::string> {
    const Process early = co_await start("sleep");
    early.kill();
    std::string story = std::to_string(co_await early.wait());
    const Process running = co_await start("sleep");
    co_await sleep(1s);
    running.terminate();
    story += ", " + std::to_string(co_await running.wait());
    const Process late = co_await start("deaf");
    static_cast<void>(co_await late.wait());
    try {
      late.kill();
    } catch (const std::system_error& error) {
      story += error.code() == std::errc::no_such_process ? ", no such process" : ", ?";
    }
    co_return story;
  };
  always(body, "-9, -15, no such process");
}

TEST_CASE("sim: a kill takes effect at once, whatever the program does with its cancellation") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await start("stubborn");
    co_await sleep(1s);
    process.kill();
    const ProcessOutput written = co_await process.communicate();
    co_return "[" + written.std_out + "]" + std::to_string(process.returncode().value()) +
        (now() < 100s ? " soon" : " late");
  };
  always(body, "[]-9 soon");
}

TEST_CASE("sim: signals that end nobody, and signal 0, are harmless; a number that is none is an error of nobody") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await start("cat");
    for (const int signal : {0, SIGCHLD, SIGWINCH, SIGCONT}) process.send_signal(signal);
    co_await sleep(1s);
    process.std_in.write("lives");
    process.std_in.close();
    co_return co_await process.std_out.read();
  };
  always(body, "lives");
}

TEST_CASE("sim: what waits for a killed program's bytes meets the end") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await start("sleep");
    const auto reading = create_task(process.std_out.read());
    co_await sleep(1s);
    process.kill();
    const std::string text = co_await reading;
    co_return "[" + text + "]" + std::to_string(co_await process.wait());
  };
  always(body, "[]-9");
}

// --- waiting, cancelling, leaving ------------------------------------------------------------------------------------

TEST_CASE("sim: many tasks wait for one program; a cancelled wait leaves it alone") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await start("talk");
    const auto first = create_task(process.wait());
    const auto second = create_task(process.wait());
    co_await sleep(1s);
    first.cancel();
    std::string story = co_await ending(first);
    story += ", " + std::to_string(co_await second);
    co_return story;
  };
  always(body, "cancelled, 3");
}

TEST_CASE("sim: a communicate that is cancelled leaves the program") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await start("sleep");
    std::string story = co_await ending(wait_for(process.communicate(), 1s));
    story += process.returncode() ? ", dead" : ", lives";
    process.kill();
    story += ", " + std::to_string(co_await process.wait());
    co_return story;
  };
  always(body, "TimeoutError, lives, -9");
}

TEST_CASE("sim: a start that is cancelled at any moment leaves no program and no handle") {
  const auto body = []() -> Coro<std::string> {
    for (int turns = 0; turns < 6; ++turns) {
      const auto task = create_task(start("sleep"));
      for (int i = 0; i < turns; ++i) co_await sleep(0s);
      task.cancel();
      static_cast<void>(co_await as_outcome(task));
    }
    co_return now() < 100s ? "soon" : "late";
  };
  always(body, "soon");
}

TEST_CASE("sim: a handle that goes kills its program") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await start("sleep");
    const StreamReader output = process.std_out;
    process = Process();
    const std::string text = co_await output.read();
    co_return "[" + text + (now() < 100s ? "] soon" : "] late");
  };
  always(body, "[] soon");
}

TEST_CASE("sim: a program whose handle is detached goes on") {
  const auto body = []() -> Coro<std::string> {
    StreamReader output;
    {
      const Process process = co_await start("talk");
      process.detach();
      output = process.std_out;
    }
    co_return co_await output.read();
  };
  always(body, "outmore");
}

TEST_CASE("sim: a loop that ends does not wait for a program whose handle is detached") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await start("sleep");
    process.detach();
    if (process.pid() > 2) co_await sleep(1s);
    co_return "ended";
  };
  always(body, "ended");
}

TEST_CASE("sim: a loop that ends while programs run leaves no task and no handle") {
  const auto body = [](std::vector<Process>* kept) -> Coro<int> {
    for (const char* name : {"sleep", "stubborn", "cat", "talk"}) kept->push_back(co_await start(name));
    if (kept->size() == 4) co_await sleep(1s);
    kept->push_back(co_await start("sleep"));  // has not begun when the loop ends
    co_return 1;
  };
  for (std::uint64_t seed = 0; seed <= 20; ++seed) {
    INFO("seed " << seed);
    std::vector<Process> kept;
    CHECK(simulated(body(&kept), seed) == 1);
  }
}

TEST_CASE("sim: a program that waits for a parent that never closes its input is a deadlock, told with its name") {
  const auto body = []() -> Coro<int> {
    const Process process = co_await start("cat");
    co_return co_await process.wait();
  };
  std::string text;
  try {
    static_cast<void>(simulated(body()));
  } catch (const DeadlockError& error) {
    text = error.what();
  }
  CHECK(contains(text, "cat"));
}

// --- seeds -----------------------------------------------------------------------------------------------------------

TEST_CASE("sim: with the same seed programs run the same way, and from their tape") {
  struct Run {
    std::string story;
    std::uint64_t hash;
    sim::Tape tape;
    bool operator==(const Run&) const = default;
  };
  const auto body = []() -> Coro<std::string> {
    const Process first = co_await start("random");
    const Process second = co_await start("random");
    const Process third = co_await start("cat");
    const auto one = create_task(first.wait());
    const auto two = create_task(second.wait());
    third.std_in.write(pattern(2000));
    third.std_in.close();
    static_cast<void>(co_await third.std_out.read());
    std::string story = std::to_string(now().count());
    static_cast<void>(co_await gather(one, two));
    story += " " + std::to_string(now().count());
    co_return story;
  };
  const auto run = [&](const sim::SimOptions& options) {
    sim::SimBackend backend(options);
    Runner runner(backend);
    std::string story = runner.run(body());
    return Run{std::move(story), runner.loop().kernel().hash(), backend.oracle().tape()};
  };
  std::map<std::string, int> stories;
  for (std::uint64_t seed = 0; seed <= 200; ++seed) {
    INFO("seed " << seed);
    const Run first = run({.seed = seed, .programs = &programs()});
    ++stories[first.story];
    REQUIRE(run({.seed = seed, .programs = &programs()}) == first);
    if (seed < 20) REQUIRE(run({.replay = &first.tape, .programs = &programs()}) == first);
  }
  CHECK(stories.size() > 10);
}
