// SPDX-License-Identifier: BSL-1.0
// subprocess_faults_test.cpp - starts that fail or are cancelled on the way leave no pipe and no child.
#include <rondo/subprocess.hpp>

#include <csignal>

#include "process_run.hpp"

using namespace processes;

namespace {

SubprocessOptions all_pipes() {
  SubprocessOptions options;
  options.std_in = options.std_out = options.std_err = Stdio::pipe;
  options.channel = true;
  return options;
}

Coro<Process> start(std::string line = "sleep 1000") { return create_subprocess_shell(std::move(line), all_pipes()); }

/// A start that fails, and one that does not.
Coro<std::string> fail_then_run() {
  std::string story = co_await ending(start());
  const Process process = co_await start("exit 4");
  story += ", " + std::to_string(co_await process.wait());
  co_return story;
}

/// The children of this process, as the system has them.
int count_children() {
  const std::string path = "/proc/self/task/" + std::to_string(::getpid()) + "/children";
  std::string text(10'000, '\0');
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const ssize_t size = ::read(descriptor, text.data(), text.size());
  ::close(descriptor);
  int count = 0;
  for (ssize_t i = 0; i < size; ++i) count += text[static_cast<std::size_t>(i)] == ' ' ? 1 : 0;
  return count;
}

Coro<std::string> no_children() {
  for (int i = 0; i < 2000 && count_children() > 0; ++i) co_await sleep(1ms);
  co_return count_children() == 0 ? "none left" : "some left";
}

}  // namespace

TEST_CASE("a child whose pipes cannot be made is not started: too many files are open") {
  for (int skipped = 0; skipped < 4; ++skipped) {  // three pipes and the channel
    Failing seam(SystemCall::pipe, EMFILE, 1, skipped);
    CHECK(here(fail_then_run(), &seam) == system_error_text(EMFILE) + ", 4");
  }
}

TEST_CASE("a child that the system has no memory or no number for is an error, and its pipes are closed") {
  for (const int error : {ENOMEM, EAGAIN, EMFILE}) {
    Failing seam(SystemCall::spawn, error);
    CHECK(here(fail_then_run(), &seam) == system_error_text(error) + ", 4");
  }
}

TEST_CASE("a child whose pipes cannot be watched is killed, reaped, and an error") {
  for (int skipped = 0; skipped < 8; ++skipped) {
    Failing seam(SystemCall::watch, ENOSPC, 1, skipped);
    const auto body = []() -> Coro<std::string> {
      std::string story = "ended";
      const auto outcome = co_await as_outcome(start("exit 4"));
      if (outcome.error()) story = ending_of(outcome.error());
      co_return story;
    };
    std::string how;
    try {
      how = here(body(), &seam);
    } catch (const std::system_error&) {
      how = "no backend";  // the seam has refused what the backend itself needs
    }
    INFO("skipped " << skipped);
    CHECK((how == "ended" || how == "no backend" || how == system_error_text(ENOSPC)));
  }
}

TEST_CASE("a child whose end cannot be watched is not taken for one that has ended") {
  // The fifth is the pidfd's: four streams come before. Backends that watch in other ways do not notice.
  for (int skipped = 4; skipped < 8; ++skipped) {
    Failing seam(SystemCall::watch, ENOSPC, 1, skipped);
    const auto body = []() -> Coro<std::string> {
      Process process;
      try {
        process = co_await start("exit 4");
      } catch (const std::system_error&) {
        co_return "4";
      }
      co_return std::to_string(co_await process.wait());
    };
    std::string how = "4";
    try {
      how = here(body(), &seam);
    } catch (const std::system_error&) {
    }
    INFO("skipped " << skipped);
    CHECK(how == "4");
  }
}

TEST_CASE("a start that is cancelled before it begins starts nothing") {
  const auto body = []() -> Coro<std::string> {
    const auto task = create_task(start());
    task.cancel();
    std::string story = co_await ending(task);
    story += count_children() == 0 ? ", none" : ", some";
    co_return story;
  };
  CHECK(here(body()) == "cancelled, none");
}

TEST_CASE("a start that is cancelled at any moment leaves no child") {
  const auto body = [](int turns) -> Coro<std::string> {
    std::string story;
    {
      const auto task = create_task(start());
      for (int i = 0; i < turns; ++i) co_await sleep(0s);
      task.cancel();
      const auto outcome = co_await as_outcome(task);
      story = outcome.cancelled() || outcome.has_value() ? "" : ending_of(outcome.exception());
    }
    story += co_await no_children();
    co_return story;
  };
  for (int turns = 0; turns < 6; ++turns) CHECK(here(body(turns)) == "none left");
}

TEST_CASE("a start with a limit of time that is over leaves no child") {
  const auto body = []() -> Coro<std::string> {
    std::string story = co_await ending(wait_for(start(), 0s));
    story += ", " + co_await no_children();
    co_return story;
  };
  CHECK(here(body()) == "TimeoutError, none left");
}

TEST_CASE("a loop that ends while a child is being started leaves no child") {
  const auto body = [](int turns) -> Coro<> {
    static_cast<void>(create_task(start()));
    for (int i = 0; i < turns; ++i) co_await sleep(0s);
  };
  for (int turns = 0; turns < 4; ++turns) here(body(turns));
}
