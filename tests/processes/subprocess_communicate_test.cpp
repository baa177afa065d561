// SPDX-License-Identifier: BSL-1.0
// subprocess_communicate_test.cpp - talking to a child and waiting for its end, in one await.
#include <rondo/subprocess.hpp>

#include <csignal>

#include "process_run.hpp"

using namespace processes;

namespace {

Coro<Process> cat() {
  return create_subprocess_exec(Command("cat"), {.std_in = Stdio::pipe, .std_out = Stdio::pipe});
}

}  // namespace

TEST_CASE("communicate writes the input, reads the outputs and waits for the end") {
  const auto body = []() -> Coro<std::string> {
    SubprocessOptions options;
    options.std_in = options.std_out = options.std_err = Stdio::pipe;
    Process process = co_await create_subprocess_shell("cat; echo err >&2; exit 3", options);
    const ProcessOutput written = co_await process.communicate("input ");
    co_return written.std_out + written.std_err + std::to_string(process.returncode().value());
  };
  CHECK(here(body()) == "input err\n3");
}

TEST_CASE("communicate without any pipe just waits") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await create_subprocess_shell("exit 9");
    const ProcessOutput written = co_await process.communicate();
    co_return written.std_out + written.std_err + std::to_string(process.returncode().value());
  };
  CHECK(here(body()) == "9");
}

TEST_CASE("communicate with one pipe reads that one") {
  const auto body = [](bool error) -> Coro<std::string> {
    SubprocessOptions options;
    (error ? options.std_err : options.std_out) = Stdio::pipe;
    (error ? options.std_out : options.std_err) = Stdio::devnull;
    Process process = co_await create_subprocess_shell("echo out; echo err >&2", options);
    const ProcessOutput written = co_await process.communicate();
    co_return written.std_out + "|" + written.std_err;
  };
  CHECK(here(body(false)) == "out\n|");
  CHECK(here(body(true)) == "|err\n");
}

TEST_CASE("communicate without input closes std_in, so that a child which reads to the end ends") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await cat();
    const ProcessOutput written = co_await process.communicate();
    co_return "[" + written.std_out + "]" + std::to_string(process.returncode().value());
  };
  CHECK(here(body()) == "[]0");
}

TEST_CASE("communicate goes on behind what was written and read before") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await cat();
    process.std_in.write("first\nsecond\n");
    std::string text = co_await process.std_out.readline();
    const ProcessOutput written = co_await process.communicate("third\n");
    co_return text + "|" + written.std_out;
  };
  CHECK(here(body()) == "first\n|second\nthird\n");
}

TEST_CASE("communicate moves megabytes both ways at once, more than any pipe holds") {
  const auto body = []() -> Coro<bool> {
    Process process = co_await cat();
    const std::string text = pattern(10'000'000);
    const ProcessOutput written = co_await process.communicate(text);
    co_return written.std_out == text;
  };
  CHECK(here(body()));
}

TEST_CASE("communicate takes a hundred megabytes of output") {
  const auto body = []() -> Coro<std::size_t> {
    Process process = co_await create_subprocess_exec(Command("head", "-c", "100000000", "/dev/zero"),
                                                      {.std_out = Stdio::pipe});
    const ProcessOutput written = co_await process.communicate();
    co_return written.std_out.size();
  };
  CHECK(here(body()) == 100'000'000);
}

TEST_CASE("a child that does not read its input is no error") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await create_subprocess_shell("echo deaf", {.std_in = Stdio::pipe, .std_out = Stdio::pipe});
    const ProcessOutput written = co_await process.communicate(std::string(10'000'000, 'x'));
    co_return written.std_out + std::to_string(process.returncode().value());
  };
  CHECK(here(body()) == "deaf\n0");
}

TEST_CASE("a child that closes its input early and goes on is no error either") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await create_subprocess_shell("exec <&-; sleep 0.02; echo went on",
                                                       {.std_in = Stdio::pipe, .std_out = Stdio::pipe});
    const ProcessOutput written = co_await process.communicate(std::string(1'000'000, 'x'));
    co_return written.std_out + std::to_string(process.returncode().value());
  };
  CHECK(here(body()) == "went on\n0");
}

TEST_CASE("input for a child whose std_in is no pipe, or was closed by communicate, is refused") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await create_subprocess_exec(Command("true"));
    std::string story;
    try {
      static_cast<void>(co_await process.communicate("input"));
    } catch (const std::invalid_argument& error) {
      story = contains(error.what(), "std_in is no pipe") ? "refused" : error.what();
    }
    Process other = co_await cat();
    static_cast<void>(co_await other.communicate("once"));
    try {
      static_cast<void>(co_await other.communicate("twice"));
    } catch (const std::invalid_argument&) {
      story += ", refused";
    }
    co_return story;
  };
  CHECK(here(body()) == "refused, refused");
}

TEST_CASE("a second communicate finds nothing more, and the same end") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await cat();
    static_cast<void>(co_await process.communicate("once"));
    const ProcessOutput again = co_await process.communicate();
    co_return "[" + again.std_out + "]" + std::to_string(process.returncode().value());
  };
  CHECK(here(body()) == "[]0");
}

TEST_CASE("a communicate that is cancelled leaves the child, which can be killed") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await create_subprocess_exec(Command("sleep", "1000"), {.std_in = Stdio::pipe,
                                                                                 .std_out = Stdio::pipe});
    const auto task = create_task(process.communicate(std::string(1'000'000, 'x')));
    co_await a_moment();
    task.cancel();
    std::string story = co_await ending(task);
    story += process.returncode() ? ", dead" : ", lives";
    process.kill();
    story += ", " + std::to_string(co_await process.wait());
    co_return story;
  };
  CHECK(here(body()) == "cancelled, lives, -9");
}

TEST_CASE("a communicate that was not awaited does nothing but close std_in") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await cat();
    { const Coro<ProcessOutput> unused = process.communicate("never written"); }
    std::string text = co_await process.std_out.read();
    co_return "[" + text + "]" + std::to_string(co_await process.wait());
  };
  CHECK(here(body()) == "[]0");
}

TEST_CASE("a communicate with a limit of time ends in time, though the child does not") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await create_subprocess_exec(Command("sleep", "1000"), {.std_out = Stdio::pipe});
    co_return co_await ending(wait_for(process.communicate(), 5ms));
  };
  CHECK(here(body()) == "TimeoutError");
}

TEST_CASE("a grandchild that keeps the pipe open keeps communicate waiting, for there may be more output") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await create_subprocess_shell("(sleep 0.05; echo late) & echo early",
                                                       {.std_out = Stdio::pipe});
    const int code = co_await process.wait();
    const ProcessOutput written = co_await process.communicate();
    co_return written.std_out + std::to_string(code);
  };
  CHECK(here(body()) == "early\nlate\n0");
}

TEST_CASE("many children are talked to at once") {
  const auto talk = [](int number) -> Coro<bool> {
    Process process = co_await cat();
    const std::string text = std::to_string(number) + pattern(200'000);
    const ProcessOutput written = co_await process.communicate(text);
    co_return written.std_out == text;
  };
  const auto body = [](auto talking) -> Coro<int> {
    std::vector<Coro<bool>> all;
    for (int i = 0; i < 20; ++i) all.push_back(talking(i));
    const auto right = co_await gather(std::move(all));
    int count = 0;
    for (const bool each : right) count += each ? 1 : 0;
    co_return count;
  };
  CHECK(here(body(talk)) == 20);
}

TEST_CASE("communicate beside a task that reads one of the streams is refused when the others have ended") {
  const auto read_line = [](StreamReader reader) -> Coro<std::string> { co_return co_await reader.readline(); };
  const auto body = [](auto reads) -> Coro<std::string> {
    SubprocessOptions options;
    options.std_out = options.std_err = Stdio::pipe;
    Process process = co_await create_subprocess_shell("sleep 0.05; echo out; echo err >&2", options);
    const auto reading = create_task(reads(process.std_err));
    co_await sleep(0s);
    const auto written = co_await as_outcome(process.communicate());
    const std::string line = co_await reading;
    static_cast<void>(co_await process.wait());
    co_return line + (written.error() ? describe(written.error()) : "no error");
  };
  CHECK(contains(here(body(read_line)), "err\nread: another task is reading"));
}
