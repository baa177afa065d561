// SPDX-License-Identifier: BSL-1.0
// subprocess_children_test.cpp - many children, and what is left of them: nothing.
#include <rondo/subprocess.hpp>

#include <csignal>

#include "backends/support.hpp"
#include "descriptors.hpp"
#include "process_run.hpp"

using namespace processes;

namespace {

Coro<int> run_true() {
  const Process process = co_await create_subprocess_exec(Command("/bin/true"));
  co_return co_await process.wait();
}

Coro<int> in_a_row(int count) {
  int good = 0;
  for (int i = 0; i < count; ++i) {
    const int code = co_await run_true();
    good += code == 0 ? 1 : 0;
  }
  co_return good;
}

Coro<int> at_once(int count) {
  std::vector<Coro<int>> running;
  for (int i = 0; i < count; ++i) running.push_back(run_true());
  const auto codes = co_await gather(std::move(running));
  int good = 0;
  for (const int code : codes) good += code == 0 ? 1 : 0;
  co_return good;
}

/// Each exits with its own code.
Coro<int> with_codes(int count) {
  const auto one = [](int code) -> Coro<bool> {
    const Process process = co_await create_subprocess_shell("exit " + std::to_string(code));
    const int exited = co_await process.wait();
    co_return exited == code;
  };
  std::vector<Coro<bool>> running;
  for (int i = 0; i < count; ++i) running.push_back(one(i));
  const auto right = co_await gather(std::move(running));
  int good = 0;
  for (const bool each : right) good += each ? 1 : 0;
  co_return good;
}

}  // namespace

TEST_CASE("a thousand children in a row leave nothing behind") { CHECK(here(in_a_row(1000)) == 1000); }

TEST_CASE("a hundred children at once are each told of") { CHECK(here(at_once(100)) == 100); }

TEST_CASE("each of many children has its own returncode") { CHECK(here(with_codes(50)) == 50); }

TEST_CASE("where the system has no pidfd, children are heard of by SIGCHLD") {
  Failing seam(SystemCall::pidfd, ENOSYS, 1'000'000);
  CHECK(here(with_codes(30), &seam) == 30);
  CHECK(here(in_a_row(100), &seam) == 100);
  CHECK(seam.calls() == 130);
}

TEST_CASE("children without a pidfd that end at the same moment are all told of") {
  Failing seam(SystemCall::pidfd, ENOSYS, 1'000'000);
  const auto body = [](int count) -> Coro<int> {
    TwoEnds input = blocking_pipe();
    SubprocessOptions options;
    options.std_in = Stdio::descriptor(input.first.number());
    std::vector<Process> all;
    for (int i = 0; i < count; ++i) {
      Process process = co_await create_subprocess_exec(Command("cat"), options);
      all.push_back(std::move(process));
    }
    std::vector<Coro<int>> waiting;
    for (const Process& process : all) waiting.push_back(process.wait());
    input.second.close();
    const auto codes = co_await wait_for(gather(std::move(waiting)), 10s);
    co_return static_cast<int>(codes.size());
  };
  for (int i = 0; i < 40; ++i) REQUIRE(here(body(20), &seam) == 20);
}

TEST_CASE("without a pidfd a child that is killed, or whose handle goes, is reaped as well") {
  Failing seam(SystemCall::pidfd, ENOSYS, 1'000'000);
  const auto body = []() -> Coro<std::string> {
    int number = 0;
    {
      const Process process = co_await create_subprocess_exec(Command("sleep", "1000"));
      number = process.pid();
    }
    for (int i = 0; i < 2000 && exists(number); ++i) co_await sleep(1ms);
    std::string story = exists(number) ? "zombie" : "gone";
    const Process other = co_await create_subprocess_exec(Command("sleep", "1000"));
    other.terminate();
    story += ", " + std::to_string(co_await other.wait());
    const Process last = co_await create_subprocess_exec(Command("sleep", "1000"));
    co_return story;
  };
  CHECK(here(body(), &seam) == "gone, -15");
}

TEST_CASE("some children with a pidfd and some without live side by side") {
  Failing seam(SystemCall::pidfd, EMFILE, 10, 10);
  CHECK(here(with_codes(30), &seam) == 30);
}

TEST_CASE("a child that somebody else has reaped is told of with 255, since nobody knows how it ended") {
  const auto body = []() -> Coro<int> {
    const Process process = co_await create_subprocess_shell("exit 3");
    ::waitpid(process.pid(), nullptr, 0);
    co_return co_await process.wait();
  };
  CHECK(here(body()) == 255);
}

TEST_CASE("where the program ignores SIGCHLD its children are told of all the same") {
  struct sigaction before {};
  struct sigaction ignoring {};
  ignoring.sa_handler = SIG_IGN;
  ::sigaction(SIGCHLD, &ignoring, &before);
  CHECK(here(run_true()) == 255);
  ::sigaction(SIGCHLD, &before, nullptr);
}

TEST_CASE("children of several loops at once do not get in each other's way") {
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&good] {
      const auto backend = make_test_backend();
      good += rondo::run(*backend, in_a_row(50));
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 200);
  CHECK(children() == "none");
  CHECK(open_descriptors() == before);
}

TEST_CASE("two hundred children that run when the loop ends are killed and reaped") {
  const auto body = [](std::vector<Process>* kept) -> Coro<> {
    for (int i = 0; i < 200; ++i) {
      kept->push_back(co_await create_subprocess_exec(Command("sleep", "1000")));
    }
  };
  std::vector<Process> kept;
  here(body(&kept));
  for (const Process& process : kept) CHECK_FALSE(exists(process.pid()));
}
