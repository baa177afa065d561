// SPDX-License-Identifier: BSL-1.0
// subprocess_test.cpp - children: how they end, who waits, signals, what becomes of a handle.
#include <rondo/subprocess.hpp>

#include <csignal>

#include "process_run.hpp"

using namespace processes;

namespace {

/// Its returncode.
Coro<int> shell(std::string line) {
  const Process process = co_await create_subprocess_shell(std::move(line));
  co_return co_await process.wait();
}
Coro<Process> sleeper() { return create_subprocess_exec(Command("sleep", "1000")); }

/// Until /proc knows it no more.
Coro<std::string> gone(int process) {
  for (int i = 0; i < 2000 && exists(process); ++i) co_await sleep(1ms);
  co_return exists(process) ? "still there" : "gone";
}

}  // namespace

// --- how it ended ----------------------------------------------------------------------------------------------------

TEST_CASE("the returncode of a child is what it exits with") {
  CHECK(here(shell("exit 0")) == 0);
  CHECK(here(shell("exit 7")) == 7);
  CHECK(here(shell("exit 255")) == 255);
}

TEST_CASE("the returncode of a child that a signal has ended is -signal") {
  CHECK(here(shell("kill -TERM $$")) == -SIGTERM);
  CHECK(here(shell("kill -KILL $$")) == -SIGKILL);
  CHECK(here(shell("ulimit -c 0; kill -ABRT $$")) == -SIGABRT);
}

TEST_CASE("there is no returncode before the loop has heard of the end, then there is, also after wait()") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await create_subprocess_shell("exit 3");
    std::string story = process.returncode() ? "early" : "none yet";
    static_cast<void>(co_await process.wait());
    story += ", " + std::to_string(process.returncode().value_or(-1000));
    story += ", " + std::to_string(co_await process.wait());
    co_return story;
  };
  CHECK(here(body()) == "none yet, 3, 3");
}

TEST_CASE("the loop hears of the end though nobody waits") {
  const auto body = []() -> Coro<int> {
    const Process process = co_await create_subprocess_exec(Command("true"));
    for (int i = 0; i < 5000 && !process.returncode(); ++i) co_await sleep(1ms);
    co_return process.returncode().value_or(-1000);
  };
  CHECK(here(body()) == 0);
}

TEST_CASE("a child has a number that the system knows") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await create_subprocess_shell("echo $$", {.std_out = Stdio::pipe});
    std::string line = co_await process.std_out.readline();
    static_cast<void>(co_await process.wait());
    co_return line == std::to_string(process.pid()) + "\n" ? "the same" : line;
  };
  CHECK(here(body()) == "the same");
}

// --- waiting ---------------------------------------------------------------------------------------------------------

TEST_CASE("any number of tasks may wait for one child") {
  const auto body = []() -> Coro<int> {
    const Process process = co_await create_subprocess_shell("read x; exit 5", {.std_in = Stdio::pipe});
    std::vector<Coro<int>> waiting;
    for (int i = 0; i < 10; ++i) waiting.push_back(process.wait());
    const auto all = gather(std::move(waiting));
    co_await a_moment();
    process.std_in.close();
    int sum = 0;
    const auto codes = co_await all;
    for (const int code : codes) sum += code;
    co_return sum;
  };
  CHECK(here(body()) == 50);
}

TEST_CASE("a cancelled or timed-out wait leaves the child alone, and others wait on") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await sleeper();
    const auto other = create_task(process.wait());
    std::string story = co_await ending(wait_for(process.wait(), 2ms));
    const auto task = create_task(process.wait());
    co_await sleep(0s);
    task.cancel();
    story += ", " + co_await ending(task);
    story += exists(process.pid()) && !process.returncode() ? ", lives" : ", dead";
    process.kill();
    story += ", " + co_await ending(other);
    co_return story;
  };
  CHECK(here(body()) == "TimeoutError, cancelled, lives, -9");
}

TEST_CASE("a wait outlives the handle that it was asked of") {
  const auto body = []() -> Coro<int> {
    Process process = co_await sleeper();
    const auto waiting = create_task(process.wait());
    co_await sleep(0s);
    process = Process();
    co_return co_await waiting;
  };
  CHECK(here(body()) == -SIGKILL);
}

// --- signals ---------------------------------------------------------------------------------------------------------

TEST_CASE("kill, terminate and send_signal end a child that does not handle them") {
  const auto body = [](int signal) -> Coro<int> {
    const Process process = co_await sleeper();
    if (signal == SIGKILL) {
      process.kill();
    } else if (signal == SIGTERM) {
      process.terminate();
    } else {
      process.send_signal(signal);
    }
    co_return co_await process.wait();
  };
  for (const int signal : {SIGKILL, SIGTERM, SIGUSR1}) CHECK(here(body(signal)) == -signal);
}

TEST_CASE("a child may handle a signal") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await create_subprocess_shell(
        "trap 'echo handled; exit 4' USR1; echo ready; while :; do sleep 0.01; done", {.std_out = Stdio::pipe});
    static_cast<void>(co_await process.std_out.readline());
    process.send_signal(SIGUSR1);
    std::string line = co_await process.std_out.readline();
    line += std::to_string(co_await process.wait());
    co_return line;
  };
  CHECK(here(body()) == "handled\n4");
}

TEST_CASE("a signal to a child that has ended is no_such_process, whatever its number means by now") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await create_subprocess_exec(Command("true"));
    static_cast<void>(co_await process.wait());
    std::string story;
    for (const int signal : {SIGTERM, SIGKILL, 0}) {
      try {
        process.send_signal(signal);
        story += "sent ";
      } catch (const std::system_error& error) {
        story += error.code() == std::errc::no_such_process ? "none " : error.what();
      }
    }
    co_return story;
  };
  CHECK(here(body()) == "none none none ");
}

TEST_CASE("a signal to a child that has ended, before the loop has heard of it, does no harm") {
  const auto body = []() -> Coro<int> {
    const Process process = co_await create_subprocess_exec(Command("true"));
    ::usleep(30'000);  // it ends, and the loop does not look
    process.send_signal(SIGTERM);
    process.kill();
    co_return co_await process.wait();
  };
  CHECK(here(body()) == 0);
}

TEST_CASE("a child can be stopped and go on") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await create_subprocess_exec(Command("cat"), {.std_in = Stdio::pipe,
                                                                             .std_out = Stdio::pipe});
    process.send_signal(SIGSTOP);
    process.std_in.write("while asleep\n");
    std::string story = co_await ending(wait_for(process.std_out.readline(), 20ms));
    process.send_signal(SIGCONT);
    story += ", " + co_await process.std_out.readline();
    process.std_in.close();
    story += std::to_string(co_await process.wait());
    co_return story;
  };
  CHECK(here(body()) == "TimeoutError, while asleep\n0");
}

// --- handles ---------------------------------------------------------------------------------------------------------

TEST_CASE("a handle that goes kills its child, and the loop reaps it") {
  const auto body = []() -> Coro<std::string> {
    int number = 0;
    {
      const Process process = co_await sleeper();
      number = process.pid();
    }
    co_return co_await gone(number);
  };
  CHECK(here(body()) == "gone");
}

TEST_CASE("a handle that another is moved into kills the child that it had") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await sleeper();
    const int first = process.pid();
    process = co_await sleeper();
    std::string story = co_await gone(first);
    story += exists(process.pid()) ? ", second lives" : ", second dead";
    Process& same = process;
    process = std::move(same);
    story += exists(process.pid()) ? ", and still" : ", not any more";
    co_return story;
  };
  CHECK(here(body()) == "gone, second lives, and still");
}

TEST_CASE("a child whose handle is detached goes on, and is reaped when it ends") {
  const auto body = []() -> Coro<std::string> {
    int number = 0;
    StreamWriter input;
    {
      Process process = co_await create_subprocess_exec(Command("cat"), {.std_in = Stdio::pipe});
      number = process.pid();
      process.detach();
      input = std::move(process.std_in);
    }
    co_await sleep(20ms);
    std::string story = exists(number) ? "lives, " : "dead, ";
    input.close();
    story += co_await gone(number);
    co_return story;
  };
  CHECK(here(body()) == "lives, gone");
}

TEST_CASE("a detached child outlives the loop; a later loop that starts one reaps it") {
  const auto body = []() -> Coro<int> {
    const Process process = co_await sleeper();
    process.detach();
    co_return process.pid();
  };
  int number = 0;
  {
    const auto backend = make_test_backend();
    number = rondo::run(*backend, body());
  }
  CHECK(exists(number));
  CHECK(children() == "one that runs");
  ::kill(number, SIGKILL);
  siginfo_t ended{};
  ::waitid(P_PID, static_cast<id_t>(number), &ended, WEXITED | WNOWAIT);
  CHECK(here(shell("exit 1")) == 1);
  CHECK_FALSE(exists(number));
}

TEST_CASE("an empty handle says so when it is used") {
  Process process;
  CHECK_THROWS_AS(process.pid(), RuntimeError);
  CHECK_THROWS_AS(process.kill(), RuntimeError);
  CHECK_THROWS_AS(process.wait(), RuntimeError);
  CHECK_THROWS_AS(process.communicate(), RuntimeError);
}

TEST_CASE("a loop that ends kills the children that run, and leaves no zombie") {
  const auto body = [](Process* kept) -> Coro<int> {
    *kept = co_await sleeper();
    static_cast<void>(create_task(kept->wait()));
    co_await sleep(0s);
    co_return kept->pid();
  };
  Process kept;
  const int number = here(body(&kept));
  CHECK_FALSE(exists(number));
}

TEST_CASE("an exception that ends the program kills its children") {
  const auto body = [](int* number) -> Coro<> {
    const Process process = co_await sleeper();
    *number = process.pid();
    throw std::runtime_error("the program fails");
  };
  int number = 0;
  CHECK_THROWS_AS(here(body(&number)), std::runtime_error);
  CHECK_FALSE(exists(number));
}
