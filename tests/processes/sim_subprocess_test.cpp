// SPDX-License-Identifier: BSL-1.0
// sim_subprocess_test.cpp - children in a simulated world: coroutines under the names of programs.
#include <rondo/backends/sim.hpp>
#include <rondo/subprocess.hpp>

#include <csignal>

#include "backends/network.hpp"

using namespace network;

namespace {

// --- programs --------------------------------------------------------------------------------------------------------

Coro<int> cat(sim::Child child) {
  for (;;) {
    const std::string text = co_await child.std_in.read(1000);
    if (text.empty()) co_return 0;
    child.std_out.write(text);
    co_await child.std_out.drain();
  }
}
Coro<int> exit_with(sim::Child child) { co_return std::stoi(child.arguments.at(1)); }
Coro<int> sleep_long(sim::Child) {
  co_await sleep(1000s);
  co_return 0;
}
Coro<int> talk(sim::Child child) {
  child.std_out.write("out");
  child.std_err.write("err");
  co_await sleep(2s);
  child.std_out.write("more");
  co_return 3;
}
Coro<int> crash(sim::Child child) {
  child.std_out.write("before");
  co_await sleep(1s);
  throw std::runtime_error("the program crashes");
}
Coro<int> reveal(sim::Child child) {
  for (const std::string& word : child.arguments) child.std_out.write(word + " ");
  child.std_out.write("in " + child.directory + " with");
  if (child.environment) {
    for (const std::string& variable : *child.environment) child.std_out.write(" " + variable);
  }
  co_return 0;
}
Coro<int> answer(sim::Child child) {
  const std::string line = co_await child.channel.reader.readline();
  child.channel.writer.write("got " + line);
  co_return 0;
}
Coro<int> stubborn(sim::Child child) {
  try {
    co_await sleep(1000s);
  } catch (const CancelledError&) {
    child.std_out.write("nobody reads this");
  }
  co_return 0;
}
Coro<int> wait_at_random(sim::Child child) {
  co_await sleep(Duration(child.oracle->choose("program", 8) * 1'000'000));
  child.std_out.write("done");
  co_return 5;
}
Coro<int> deaf(sim::Child) { co_return 0; }
Coro<int> parent(sim::Child child) {
  Process process = co_await create_subprocess_exec(Command("cat"), {.std_in = Stdio::pipe, .std_out = Stdio::pipe});
  const ProcessOutput written = co_await process.communicate("grandchild");
  child.std_out.write(written.std_out);
  co_return 0;
}

const sim::Programs& programs() {
  static const sim::Programs all = [] {
    sim::Programs made;
    made.add("cat", cat);
    made.add("exit", exit_with);
    made.add("sleep", sleep_long);
    made.add("talk", talk);
    made.add("crash", crash);
    made.add("reveal", reveal);
    made.add("answer", answer);
    made.add("stubborn", stubborn);
    made.add("random", wait_at_random);
    made.add("deaf", deaf);
    made.add("parent", parent);
    return made;
  }();
  return all;
}

// --- runs --------------------------------------------------------------------------------------------------------------

int next_handle(sim::SimBackend& backend) {
  PipeEnds ends;
  Output output;
  output.kind = OperationKind::pipe;
  output.pipe_ends = &ends;
  backend.submit(std::span(&output, 1));
  static_cast<void>(backend.reap(Instant::min()));
  return ends.read;
}

/// Runs `main`, whose reports are told in `reports`; afterwards no handle is open.
template <class T>
T simulated(Coro<T> main, std::uint64_t seed = 0, std::vector<std::string>* reports = nullptr) {
  sim::SimBackend backend({.seed = seed, .programs = &programs()});
  struct AtEnd {
    sim::SimBackend& backend;
    ~AtEnd() { CHECK(next_handle(backend) == 3); }
  } const at_end{backend};
  Runner runner(backend);
  runner.loop().set_exception_handler([reports](const ErrorContext& context) {
    const std::string text = context.message + ": " + context.subject + ": " + describe(context.exception);
    if (reports) {
      reports->push_back(text);
    } else {
      FAIL_CHECK(text);
    }
  });
  return runner.run(std::move(main));
}

/// Checks that it ends the same way with each of many seeds.
template <class F>
void always(F body, const std::string& expected, std::uint64_t seeds = 50) {
  for (std::uint64_t seed = 0; seed <= seeds; ++seed) {
    INFO("seed " << seed);
    const std::string got = simulated(body(), seed);
    CHECK(got == expected);
    if (got != expected) return;
  }
}

SubprocessOptions all_pipes() {
  SubprocessOptions options;
  options.std_in = options.std_out = options.std_err = Stdio::pipe;
  return options;
}
Coro<Process> start(std::string name) { return create_subprocess_exec(Command(std::move(name)), all_pipes()); }

Duration now() { return this_loop().time() - Instant(); }

}  // namespace

// --- starting and ending -------------------------------------------------------------------------------------------------

TEST_CASE("sim: a program runs under its name, and its value is the returncode") {
  const auto body = []() -> Coro<std::string> {
    std::string story;
    for (const std::string code : {"0", "7", "255", "256", "-1"}) {
      const Process process = co_await create_subprocess_exec(Command("exit", code));
      story += std::to_string(co_await process.wait()) + " ";
    }
    co_return story;
  };
  always(body, "0 7 255 0 255 ");
}

TEST_CASE("sim: a program that nobody has added is no_such_file_or_directory") {
  const auto body = []() -> Coro<std::string> {
    std::string story = co_await ending(start("unknown"));
    const Process process = co_await start("/usr/bin/deaf");  // the last part of a path is enough
    story += ", " + std::to_string(co_await process.wait());
    co_return story;
  };
  always(body, system_error_text(ENOENT) + ", 0");
  sim::SimBackend without;
  CHECK(rondo::run(without, ending(start("cat"))) == system_error_text(ENOENT));
}

TEST_CASE("sim: a program is told its arguments, its directory and its environment") {
  const Environment variables = {{"A", "1"}, {"B", "2"}};
  const auto body = [](const Environment* with) -> Coro<std::string> {
    SubprocessOptions options = all_pipes();
    options.env = with;
    options.cwd = "/home";
    Process process = co_await create_subprocess_exec(Command("reveal", "a b", "c"), options);
    ProcessOutput written = co_await process.communicate();
    co_return std::move(written.std_out);
  };
  CHECK(simulated(body(&variables)) == "reveal a b c in /home with A=1 B=2");
  CHECK(simulated(body(nullptr)) == "reveal a b c in /home with");
}

TEST_CASE("sim: processes have numbers of their own, in the order in which they start") {
  const auto body = []() -> Coro<std::string> {
    const Process first = co_await start("deaf");
    const Process second = co_await start("deaf");
    co_return std::to_string(first.pid()) + " " + std::to_string(second.pid());
  };
  CHECK(simulated(body()) == "2 3");
}

TEST_CASE("sim: waiting takes as long as the program sleeps, in virtual time") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await start("sleep");
    const int code = co_await process.wait();
    co_return std::to_string(code) + (now() == 1000s ? " in time" : " late");
  };
  CHECK(simulated(body()) == "0 in time");
}

TEST_CASE("sim: what a program throws is returncode 1 and a report; its output before that is there") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await start("crash");
    const ProcessOutput written = co_await process.communicate();
    co_return written.std_out + std::to_string(process.returncode().value());
  };
  for (std::uint64_t seed = 0; seed <= 50; ++seed) {
    std::vector<std::string> reports;
    REQUIRE(simulated(body(), seed, &reports) == "before1");
    REQUIRE(reports.size() == 1);
    CHECK(contains(reports.at(0), "a simulated program failed"));
    CHECK(contains(reports.at(0), "crash"));
    CHECK(contains(reports.at(0), "the program crashes"));
  }
}

// --- talking ---------------------------------------------------------------------------------------------------------------

TEST_CASE("sim: communicate writes, reads and waits, with each of 200 seeds") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await start("cat");
    const std::string text = pattern(10'000);
    const ProcessOutput written = co_await process.communicate(text);
    co_return (written.std_out == text ? "the same " : "another ") + std::to_string(process.returncode().value());
  };
  always(body, "the same 0", 200);
}

TEST_CASE("sim: std_out and std_err are apart, or one with merge") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await start("talk");
    const ProcessOutput written = co_await process.communicate();
    co_return written.std_out + "|" + written.std_err + "|" + std::to_string(process.returncode().value());
  };
  always(body, "outmore|err|3");
  const auto merged = []() -> Coro<std::string> {
    Process process = co_await create_subprocess_exec(Command("talk"), {.std_out = Stdio::pipe,
                                                                        .std_err = Stdio::merge});
    ProcessOutput written = co_await process.communicate();
    co_return std::move(written.std_out);
  };
  CHECK(simulated(merged()) == "outerrmore");
}

TEST_CASE("sim: a program that does not read its input is no error for communicate") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await start("deaf");
    const ProcessOutput written = co_await process.communicate(std::string(500'000, 'x'));
    co_return "[" + written.std_out + "]";
  };
  always(body, "[]");
}

TEST_CASE("sim: a stream that is no pipe is /dev/null for the program") {
  const auto body = [](Stdio way) -> Coro<std::string> {
    const Process process = co_await create_subprocess_exec(Command("cat"), {.std_in = way, .std_out = way,
                                                                             .std_err = way});
    co_return std::to_string(co_await process.wait());
  };
  CHECK(simulated(body(Stdio::devnull)) == "0");
  CHECK(simulated(body(Stdio::inherit)) == "0");
  CHECK(simulated(ending(body(Stdio::descriptor(5)))) == system_error_text(ENOTSUP));
}

TEST_CASE("sim: a channel is for both ways") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await create_subprocess_exec(Command("answer"), {.channel = true});
    process.channel.writer.write("ping\n");
    std::string text = co_await process.channel.reader.readline();
    text += "[" + co_await process.channel.reader.read() + "]";
    static_cast<void>(co_await process.wait());
    co_return text;
  };
  always(body, "got ping\n[]");
}

TEST_CASE("sim: a program may start programs") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await start("parent");
    ProcessOutput written = co_await process.communicate();
    co_return std::move(written.std_out);
  };
  always(body, "grandchild");
}

// --- signals -----------------------------------------------------------------------------------------------------------------

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

// --- waiting, cancelling, leaving ----------------------------------------------------------------------------------------------

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

// --- seeds -------------------------------------------------------------------------------------------------------------------

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
