// SPDX-License-Identifier: BSL-1.0
// sim_subprocess_test.cpp - children in a simulated world: coroutines under the names of programs.
#include "sim_programs.hpp"

using namespace simulated_programs;

// --- starting and ending ---------------------------------------------------------------------------------------------

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

// --- talking ---------------------------------------------------------------------------------------------------------

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
