// SPDX-License-Identifier: BSL-1.0
// subprocess_streams_test.cpp - what a child's standard streams are, its channel, and the descriptors that it sees.
#include <rondo/pipe.hpp>
#include <rondo/subprocess.hpp>

#include <csignal>

#include "descriptors.hpp"
#include "process_run.hpp"

using namespace processes;

namespace {

/// Both streams of a child that has ended, and its returncode.
Coro<std::string> all_of(Process process) {
  const ProcessOutput written = co_await process.communicate();
  co_return written.std_out + "|" + written.std_err + "|" + std::to_string(process.returncode().value());
}
Coro<std::string> shell(std::string line, SubprocessOptions options) {
  Process process = co_await create_subprocess_shell(std::move(line), options);
  co_return co_await all_of(std::move(process));
}

}  // namespace

// --- pipes -----------------------------------------------------------------------------------------------------------

TEST_CASE("std_in and std_out of a child are streams") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await create_subprocess_exec(Command("cat"), {.std_in = Stdio::pipe,
                                                                             .std_out = Stdio::pipe});
    process.std_in.write("some data");
    co_await process.std_in.drain();
    process.std_in.close();
    std::string text = co_await process.std_out.read();
    text += " " + std::to_string(co_await process.wait());
    co_return text;
  };
  CHECK(here(body()) == "some data 0");
}

TEST_CASE("std_out and std_err of a child are apart") {
  CHECK(here(shell("echo out; echo err >&2; exit 7", {.std_out = Stdio::pipe, .std_err = Stdio::pipe})) ==
        "out\n|err\n|7");
}

TEST_CASE("merge sends std_err where std_out goes") {
  CHECK(here(shell("echo out; echo err >&2", {.std_out = Stdio::pipe, .std_err = Stdio::merge})) == "out\nerr\n||0");
}

TEST_CASE("merge follows std_out to a descriptor and to /dev/null, too") {
  const TwoEnds pipe = blocking_pipe();
  SubprocessOptions options;
  options.std_out = Stdio::descriptor(pipe.second.number());
  options.std_err = Stdio::merge;
  CHECK(here(shell("echo out; echo err >&2", options)) == "||0");
  char bytes[20];
  CHECK(::read(pipe.first.number(), bytes, sizeof bytes) == 8);
  CHECK(here(shell("echo out; echo err >&2", {.std_out = Stdio::devnull, .std_err = Stdio::merge})) == "||0");
}

TEST_CASE("output that a child has left is read after its end") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await create_subprocess_exec(Command("echo", "left"), {.std_out = Stdio::pipe});
    static_cast<void>(co_await process.wait());
    co_await a_moment();
    co_return co_await process.std_out.read();
  };
  CHECK(here(body()) == "left\n");
}

TEST_CASE("a stream that is no pipe is empty, and says so when it is used") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await create_subprocess_exec(Command("true"), {.std_out = Stdio::devnull});
    std::string story = process.std_in || process.std_out || process.std_err || process.channel.reader ? "?" : "empty";
    try {
      process.std_in.write("x");
    } catch (const RuntimeError&) {
      story += ", refused";
    }
    static_cast<void>(co_await process.wait());
    co_return story;
  };
  CHECK(here(body()) == "empty, refused");
}

TEST_CASE("a write to a child that is dead gives broken_pipe at drain") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await create_subprocess_exec(Command("sleep", "1000"), {.std_in = Stdio::pipe});
    process.kill();
    static_cast<void>(co_await process.wait());
    process.std_in.write(std::string(1'000'000, 'x'));
    co_return co_await ending(process.std_in.drain());
  };
  CHECK(here(body()) == system_error_text(EPIPE));
}

TEST_CASE("a writer to a child that reads slowly is held back by drain") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await create_subprocess_shell("read x; wc -c", {.std_in = Stdio::pipe,
                                                                               .std_out = Stdio::pipe});
    process.std_in.write(std::string(500'000, 'x'));
    std::string story = co_await ending(wait_for(process.std_in.drain(), 20ms));
    process.std_in.write("\nrest");
    process.std_in.close();
    story = story == "TimeoutError" || story == "void" ? "" : story;  // the shell reads the line byte by byte
    story += co_await process.std_out.read();
    static_cast<void>(co_await process.wait());
    co_return story;
  };
  CHECK(here(body()) == "4\n");
}

TEST_CASE("the limits of a child's streams are those of its options") {
  const auto body = []() -> Coro<std::string> {
    SubprocessOptions options;
    options.std_out = Stdio::pipe;
    options.limits.line = 10;
    const Process process = co_await create_subprocess_shell("echo 12345678901234567890", options);
    std::string how = "no error";
    try {
      static_cast<void>(co_await process.std_out.readline());
    } catch (const LimitOverrunError&) {
      how = "too long";
    }
    co_return how;
  };
  CHECK(here(body()) == "too long");
}

// --- other streams ---------------------------------------------------------------------------------------------------

TEST_CASE("devnull is an empty input, and an output that goes nowhere") {
  CHECK(here(shell("cat; echo lost", {.std_in = Stdio::devnull, .std_out = Stdio::devnull, .std_err = Stdio::pipe})) ==
        "||0");
  CHECK(here(shell("wc -c", {.std_in = Stdio::devnull, .std_out = Stdio::pipe})) == "0\n||0");
}

TEST_CASE("a descriptor is a child's stream, and stays the caller's") {
  TwoEnds input = blocking_pipe();
  const TwoEnds output = blocking_pipe();
  REQUIRE(::write(input.second.number(), "given", 5) == 5);
  input.second.close();
  SubprocessOptions options;
  options.std_in = Stdio::descriptor(input.first.number());
  options.std_out = Stdio::descriptor(output.second.number());
  CHECK(here(shell("cat", options)) == "||0");
  CHECK(is_open(input.first.number()));
  CHECK(is_open(output.second.number()));
  char bytes[10];
  CHECK(::read(output.first.number(), bytes, sizeof bytes) == 5);
}

TEST_CASE("std_out and std_err change places where descriptors say so") {
  // As 2>&1 1>&2 in a shell: what is put in place first does not spoil what comes after.
  const auto body = []() -> Coro<std::string> {
    TwoEnds out = blocking_pipe();
    TwoEnds err = blocking_pipe();
    SubprocessOptions options;
    options.std_out = Stdio::descriptor(err.second.number());
    options.std_err = Stdio::descriptor(out.second.number());
    const Process process = co_await create_subprocess_shell("echo to-out; echo to-err >&2", options);
    static_cast<void>(co_await process.wait());
    out.second.close();
    err.second.close();
    const StreamReader from_out = co_await connect_read_pipe(out.first.take());
    const StreamReader from_err = co_await connect_read_pipe(err.first.take());
    std::string text = co_await from_out.read();
    text += co_await from_err.read();
    co_return text;
  };
  CHECK(here(body()) == "to-err\nto-out\n");
}

TEST_CASE("this process's own streams may be given to a child under other numbers") {
  const auto body = [](int number) -> Coro<int> {
    SubprocessOptions options;
    options.std_in = Stdio::descriptor(2);
    options.std_out = Stdio::descriptor(number);
    options.std_err = Stdio::descriptor(0);
    const Process process = co_await create_subprocess_exec(Command("true"), options);
    co_return co_await process.wait();
  };
  CHECK(here(body(1)) == 0);
}

TEST_CASE("a child's pipes block, as programs expect it") {
  // dd reads a pipe that has nothing yet: without blocking it would fail.
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await create_subprocess_shell("dd bs=1 count=3 2>/dev/null", {.std_in = Stdio::pipe,
                                                                                             .std_out = Stdio::pipe});
    for (int i = 0; i < 3; ++i) {
      co_await sleep(5ms);
      process.std_in.write("x");
    }
    std::string text = co_await process.std_out.read();
    text += std::to_string(co_await process.wait());
    co_return text;
  };
  CHECK(here(body()) == "xxx0");
}

// --- the channel -----------------------------------------------------------------------------------------------------

TEST_CASE("a channel is descriptor 3 of the child, for both ways") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await create_subprocess_shell("read x <&3; echo got $x >&3", {.channel = true});
    process.channel.writer.write("ping\n");
    std::string text = co_await process.channel.reader.readline();
    text += "[" + co_await process.channel.reader.read() + "]";
    static_cast<void>(co_await process.wait());
    co_return text;
  };
  CHECK(here(body()) == "got ping\n[]");
}

TEST_CASE("a channel's write_eof leaves the other direction open") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await create_subprocess_shell("cat <&3 >&3; echo end >&3", {.channel = true});
    process.channel.writer.write("question ");
    process.channel.writer.write_eof();
    std::string text = co_await process.channel.reader.read();
    co_return text;
  };
  CHECK(here(body()) == "question end\n");
}

// --- other descriptors -----------------------------------------------------------------------------------------------

TEST_CASE("a child sees no descriptors of this process but its standard streams") {
  const auto body = []() -> Coro<std::string> {
    const Pipe ours = co_await open_pipe();
    const Descriptor inheritable(::open("/dev/null", O_RDONLY));  // without O_CLOEXEC
    // ls has one more, for the directory that it reads.
    co_return co_await shell("ls /proc/self/fd | wc -l; ls /proc/self/fd | head -n 3 | tr '\\n' ' '",
                             {.std_out = Stdio::pipe});
  };
  CHECK(here(body()) == "4\n0 1 2 ||0");
}

TEST_CASE("a child with a channel sees that besides") {
  CHECK(here(shell("ls /proc/self/fd | wc -l", {.std_out = Stdio::pipe, .channel = true})) == "5\n||0");
}

TEST_CASE("pass_fds gives a child descriptors under the numbers that they have") {
  const TwoEnds pipe = blocking_pipe();
  const Descriptor high(::fcntl(pipe.second.number(), F_DUPFD_CLOEXEC, 200));
  const int passed[] = {high.number(), pipe.second.number()};
  // /bin/sh takes no number of two digits in a redirection.
  const std::string by_path = "echo one > /proc/self/fd/" + std::to_string(high.number()) +
                              "; echo two > /proc/self/fd/" + std::to_string(pipe.second.number()) +
                              "; ls /proc/self/fd | wc -l";
  CHECK(here(shell(by_path, {.std_out = Stdio::pipe, .pass_fds = passed})) == "6\n||0");
  char bytes[20];
  CHECK(::read(pipe.first.number(), bytes, sizeof bytes) == 8);
  CHECK(::fcntl(high.number(), F_GETFD) == FD_CLOEXEC);  // here it is as it was
}

TEST_CASE("standard streams and repeated numbers in pass_fds do no harm") {
  const TwoEnds pipe = blocking_pipe();
  const int passed[] = {pipe.first.number(), 1, pipe.first.number(), 0, 2};
  CHECK(here(shell("ls /proc/self/fd | wc -l", {.std_out = Stdio::pipe, .pass_fds = passed})) == "5\n||0");
}
