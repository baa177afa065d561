// SPDX-License-Identifier: BSL-1.0
// subprocess_start_test.cpp - starting children: commands, directories, environments, groups; and what is refused.
#include <rondo/subprocess.hpp>

#include <csignal>
#include <cstdlib>

#include "backends/support.hpp"
#include "process_run.hpp"

using namespace processes;

namespace {

/// What it writes. `options` lacks a pipe for that.
Coro<std::string> output(Command command, SubprocessOptions options = {}) {
  options.std_out = Stdio::pipe;
  Process process = co_await create_subprocess_exec(std::move(command), options);
  ProcessOutput written = co_await process.communicate();
  co_return std::move(written.std_out);
}
Coro<std::string> shell_output(std::string line, SubprocessOptions options = {}) {
  return output(Command("sh", "-c", std::move(line)), options);
}

/// What is thrown, also before there is anything to await.
Coro<std::string> failure(Command command, SubprocessOptions options = {}) {
  try {
    const Process process = co_await create_subprocess_exec(std::move(command), options);
  } catch (const std::system_error& error) {
    co_return std::to_string(error.code().value()) + " " + error.what();
  } catch (const std::invalid_argument& error) {
    co_return std::string("invalid: ") + error.what();
  }
  co_return "started";
}
bool begins(const std::string& text, const std::string& with) { return text.rfind(with, 0) == 0; }

}  // namespace

// --- commands --------------------------------------------------------------------------------------------------------

TEST_CASE("a command's words reach the program as they are") {
  CHECK(here(output(Command("printf", "[%s]", "a b", "", "$HOME", "*", "'", "\n"))) == "[a b][][$HOME][*]['][\n]");
}

TEST_CASE("a command may be a vector of words") {
  std::vector<std::string> words;
  words.emplace_back("echo");
  for (int i = 0; i < 3; ++i) words.push_back(std::to_string(i));
  CHECK(here(output(Command(words))) == "0 1 2\n");
}

TEST_CASE("a program with a slash in its name is not looked for in PATH") {
  CHECK(here(output(Command("/bin/echo", "here"))) == "here\n");
}

TEST_CASE("a shell runs a line") {
  const auto body = []() -> Coro<std::string> {
    Process process = co_await create_subprocess_shell("for i in 1 2 3; do printf $i; done | cat; exit 2",
                                                       {.std_out = Stdio::pipe});
    const ProcessOutput written = co_await process.communicate();
    co_return written.std_out + " " + std::to_string(process.returncode().value());
  };
  CHECK(here(body()) == "123 2");
}

// --- where and with what ---------------------------------------------------------------------------------------------

TEST_CASE("a child begins in the directory that was asked for, else in this process's") {
  CHECK(here(output(Command("pwd"), {.cwd = "/"})) == "/\n");
  char directory[4096];
  REQUIRE(::getcwd(directory, sizeof directory) != nullptr);
  CHECK(here(output(Command("/bin/pwd"))) == std::string(directory) + "\n");
}

TEST_CASE("a child has the environment that was asked for, and nothing else of this process's") {
  const Environment variables = {{"EMPTY", ""}, {"GREETING", "a=b c"}};
  CHECK(here(output(Command("/usr/bin/env"), {.env = &variables})) == "EMPTY=\nGREETING=a=b c\n");
  const Environment none;
  CHECK(here(output(Command("/usr/bin/env"), {.env = &none})).empty());
}

TEST_CASE("a child has this process's environment by default, as it is at the start") {
  ::setenv("RONDO_TEST_VARIABLE", "first", 1);
  CHECK(here(shell_output("echo $RONDO_TEST_VARIABLE")) == "first\n");
  ::setenv("RONDO_TEST_VARIABLE", "second", 1);
  CHECK(here(shell_output("echo $RONDO_TEST_VARIABLE")) == "second\n");
  ::unsetenv("RONDO_TEST_VARIABLE");
}

TEST_CASE("what the options point to is read during the call") {
  const auto body = []() -> Coro<std::string> {
    Coro<Process> starting = [] {
      const Environment variables = {{"A", "1"}};
      const std::string directory = "/usr";
      SubprocessOptions options;
      options.std_out = Stdio::pipe;
      options.env = &variables;
      options.cwd = directory;
      return create_subprocess_exec(Command("/bin/sh", "-c", "echo $A; pwd"), options);
    }();
    Process process = co_await std::move(starting);
    ProcessOutput written = co_await process.communicate();
    co_return std::move(written.std_out);
  };
  CHECK(here(body()) == "1\n/usr\n");
}

TEST_CASE("a child may be in a process group of its own, and its group is signalled by its number") {
  const auto body = []() -> Coro<std::string> {
    const Process process = co_await create_subprocess_exec(Command("sleep", "1000"), {.process_group = 0});
    std::string story = ::getpgid(process.pid()) == process.pid() ? "own group" : "another group";
    story += ::getsid(process.pid()) == ::getsid(0) ? ", our session" : ", another session";
    ::kill(-process.pid(), SIGTERM);
    story += ", " + std::to_string(co_await process.wait());
    co_return story;
  };
  CHECK(here(body()) == "own group, our session, -15");
}

TEST_CASE("a child may join the process group of another") {
  const auto body = []() -> Coro<bool> {
    const Process first = co_await create_subprocess_exec(Command("sleep", "1000"), {.process_group = 0});
    const Process second = co_await create_subprocess_exec(Command("sleep", "1000"), {.process_group = first.pid()});
    co_return ::getpgid(second.pid()) == first.pid();
  };
  CHECK(here(body()));
}

TEST_CASE("a child may be in a session of its own") {
  const auto body = []() -> Coro<bool> {
    const Process process = co_await create_subprocess_exec(Command("sleep", "1000"), {.start_new_session = true});
    co_return ::getsid(process.pid()) == process.pid() && ::getpgid(process.pid()) == process.pid();
  };
  CHECK(here(body()));
}

TEST_CASE("a child does not ignore SIGPIPE though this process does") {
  struct sigaction before {};
  struct sigaction ignoring {};
  ignoring.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignoring, &before);
  const auto body = []() -> Coro<std::string> {
    // yes ends by SIGPIPE when head has gone; with EPIPE it would complain.
    co_return co_await shell_output("(yes; echo survived >&2) 2>&1 | head -n 1; kill -PIPE $$; echo ignored");
  };
  CHECK(here(body()) == "y\n");
  ::sigaction(SIGPIPE, &before, nullptr);
}

// --- what cannot be started ------------------------------------------------------------------------------------------

TEST_CASE("a program that is not there is no_such_file_or_directory, and the error names it") {
  for (const std::string program : {"rondo-no-such-program", "/no/such/program", "./no-such-program"}) {
    const std::string why = here(failure(Command(program)));
    CHECK(begins(why, std::to_string(ENOENT)));
    CHECK(contains(why, program));
  }
}

TEST_CASE("a program that cannot be started leaves no pipe and no child") {
  SubprocessOptions options;
  options.std_in = options.std_out = options.std_err = Stdio::pipe;
  options.channel = true;
  CHECK(begins(here(failure(Command("/no/such/program"), options)), std::to_string(ENOENT)));
}

TEST_CASE("a directory that is not there is an error that names the program and the directory") {
  const std::string why = here(failure(Command("true"), {.cwd = "/no/such/directory"}));
  CHECK(begins(why, std::to_string(ENOENT)));
  CHECK(contains(why, "true"));
  CHECK(contains(why, "/no/such/directory"));
  CHECK(begins(here(failure(Command("true"), {.cwd = "/dev/null"})), std::to_string(ENOTDIR)));
}

TEST_CASE("a file that may not be executed is permission_denied") {
  CHECK(begins(here(failure(Command("/etc/passwd"))), std::to_string(EACCES)));
  CHECK(begins(here(failure(Command("/"))), std::to_string(EACCES)));
}

TEST_CASE("an empty command is refused") {
  CHECK(begins(here(failure(Command())), "invalid: subprocess: the command is empty"));
  CHECK(begins(here(failure(Command(""))), "invalid: subprocess: the command is empty"));
  CHECK(begins(here(failure(Command("", "a"))), "invalid: subprocess: the command is empty"));
  CHECK(begins(here(failure(Command(std::vector<std::string>()))), "invalid: subprocess: the command is empty"));
}

TEST_CASE("a null byte in a command, a directory or the environment is refused, since the system would cut there") {
  const std::string null("a\0b", 3);
  CHECK(begins(here(failure(Command(null))), "invalid: "));
  CHECK(begins(here(failure(Command("echo", null))), "invalid: "));
  CHECK(begins(here(failure(Command("echo"), {.cwd = null})), "invalid: "));
  Environment variables = {{"A", null}};
  CHECK(begins(here(failure(Command("echo"), {.env = &variables})), "invalid: "));
  variables = {{null, "a"}};
  CHECK(begins(here(failure(Command("echo"), {.env = &variables})), "invalid: "));
}

TEST_CASE("a variable's name is not empty and has no '='") {
  Environment variables = {{"A=B", "c"}};
  CHECK(contains(here(failure(Command("echo"), {.env = &variables})), "'A=B'"));
  variables = {{"", "c"}};
  CHECK(begins(here(failure(Command("echo"), {.env = &variables})), "invalid: "));
}

TEST_CASE("merge is refused for std_in and std_out") {
  CHECK(begins(here(failure(Command("echo"), {.std_in = Stdio::merge})), "invalid: subprocess: Stdio::merge"));
  CHECK(begins(here(failure(Command("echo"), {.std_out = Stdio::merge})), "invalid: subprocess: Stdio::merge"));
}

TEST_CASE("a descriptor that is not open cannot be a child's stream, nor passed on") {
  const int closed[] = {700};
  CHECK(begins(here(failure(Command("true"), {.std_in = Stdio::descriptor(700)})), std::to_string(EBADF)));
  CHECK(begins(here(failure(Command("true"), {.std_in = Stdio::descriptor(-1)})), std::to_string(EBADF)));
  CHECK(begins(here(failure(Command("true"), {.pass_fds = closed})), std::to_string(EBADF)));
}

TEST_CASE("after a child that could not be started the next one can") {
  const auto body = []() -> Coro<std::string> {
    std::string story = co_await failure(Command("/no/such/program"));
    story.resize(1);
    co_return story + ", " + co_await output(Command("echo", "works"));
  };
  CHECK(here(body()) == "2, works\n");
}
