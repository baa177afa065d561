// SPDX-License-Identifier: BSL-1.0
// process_pool_start_test.cpp - workers that do not begin, and programs that are their own workers by mistake.
#include <rondo/executors/process_pool.hpp>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "pool_run.hpp"

using namespace processes;

namespace work {

int nested_by_mistake() {
  ProcessPoolExecutor pool;
  return 1;
}
Coro<int> nested_main() {
  ProcessPoolExecutor pool({.max_workers = 1, .in_worker = true});
  const int number = co_await pool.run<&twice>(21);
  co_await pool.shutdown();
  co_return number;
}
int nested_on_purpose() { return rondo::run(nested_main()); }
void note_and_loop(const std::string& path) {
  note(path, std::to_string(pid()));
  loop();
}
Coro<> nested_loop(std::string path) {
  ProcessPoolExecutor pool({.max_workers = 1, .in_worker = true});
  co_await pool.run<&note_and_loop>(path);
}
void nested_for_ever(const std::string& path) { rondo::run(nested_loop(path)); }
void begin_by_turns(const std::string& path) {
  note(path, "begun");
  std::ifstream file(path);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto lines = std::count(text.begin(), text.end(), '\n');
  if (lines > 1) ::_exit(5);
}

}  // namespace work

namespace {

ProcessPoolOptions with_program(std::string program) { return {.max_workers = 1, .program = std::move(program)}; }

/// How two jobs end on a pool whose workers do not begin; "X, both" if the same way.
Coro<std::string> two_jobs(ProcessPoolExecutor& pool) {
  const auto first = pool.run<&work::pid>();
  const auto second = pool.run<&work::pid>();
  std::string story = without_pids(co_await ending(first));
  const std::string other = without_pids(co_await ending(second));
  const std::string later = without_pids(co_await ending(pool.run<&work::pid>()));
  if (other == story && later == story) co_return story;
  co_return story + "|" + other + "|" + later;
}

constexpr auto no_hello =
    "worker rondo-0 (pid N) of the process pool did not say that it is there (does main() begin "
    "with process_worker_main(argc, argv)?): ";

/// What the program beside the tests writes.
Coro<std::string> output_of_program(std::string what, std::string starts) {
  Environment environment{
      {"RONDO_POOL_PROGRAM", what  },
      {"RONDO_POOL_STARTS",  starts}
  };
  SubprocessOptions options;
  options.std_out = Stdio::pipe;
  options.std_err = Stdio::pipe;
  options.env = &environment;
  Process process = co_await create_subprocess_exec(Command(RONDO_POOL_PROGRAM_PATH), options);
  ProcessOutput written = co_await process.communicate();
  co_return written.std_out + written.std_err + "exit " + std::to_string(process.returncode().value());
}

}  // namespace

// --- workers that do not begin ---------------------------------------------------------------------------------------

TEST_CASE("a program that does not exist breaks the pool") {
  const std::string story = on_pool(with_program("/does/not/exist"), two_jobs);
  CHECK(contains(story, "a worker of the process pool cannot be started: "));
  CHECK(contains(story, "/does/not/exist"));
  CHECK_FALSE(contains(story, "|"));
}

TEST_CASE("a program that ends without a word breaks the pool, which tells what main() lacks") {
  const std::string story = on_pool(with_program("/bin/true"), two_jobs);
  CHECK(contains(story, no_hello));
  CHECK(contains(story, "; it exited with code 0"));
  CHECK_FALSE(contains(story, "|"));
}

TEST_CASE("a program that complains breaks the pool with its last line of stderr") {
  const std::string story = on_pool(with_program("/bin/cat"), two_jobs);
  CHECK(contains(story, no_hello));
  CHECK(contains(story, "; it exited with code 1; its last line of stderr: 'Try "));
}

TEST_CASE("a program that never says that it is there is killed after start_timeout") {
  static const TemporaryFile script("#!/bin/sh\nexec sleep 1000\n", 0700);
  ProcessPoolOptions options = with_program(script.path());
  options.start_timeout = 50ms;
  const std::string story = on_pool(options, two_jobs);
  CHECK(contains(story, no_hello));
  CHECK(contains(story, "; it was killed by signal 9 (Killed)"));
  CHECK_FALSE(contains(story, "|"));
}

TEST_CASE("a program that says something else is killed") {
  static const TemporaryFile script("#!/bin/sh\nyes garbage >&3\nexec sleep 1000\n", 0700);
  const std::string story = on_pool(with_program(script.path()), two_jobs);
  CHECK(contains(story, "wrote garbage on its channel"));
  CHECK_FALSE(contains(story, "|"));
}

TEST_CASE("a worker of another build is refused, and both builds are told") {
  const std::string story = on_pool(with_program(RONDO_POOL_PROGRAM_PATH), two_jobs);
  CHECK(contains(story, "worker rondo-0 (pid N) of the process pool is of another build: it is 'build "));
  CHECK(contains(story, "', this is '" + FunctionRegistry::instance().identity() + "'"));
  CHECK_FALSE(contains(story, "|"));
}

TEST_CASE("a worker that can be started another time is: a broken start breaks only the pool that it was for") {
  static std::string program;
  program = "/does/not/exist";
  const auto body = [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const std::string first = co_await ending(pool.run<&work::pid>());
    ProcessPoolExecutor another({.max_workers = 1});
    std::string story = std::to_string(co_await another.run<&work::twice>(4));
    co_await another.shutdown();
    co_return story;
  };
  CHECK(on_pool(with_program(program), body) == "8");
}

TEST_CASE("where one worker is there, another that cannot begin breaks nothing, and is not started over and over") {
  static const TemporaryFile file;
  const std::string told =
      on_pool({.max_workers = 2, .initializer = remote_call<&work::begin_by_turns>(file.path())},
              [](ProcessPoolExecutor& pool) -> Coro<std::string> {
                static_cast<void>(co_await pool.run<&work::pid>());
                std::vector<Future<int>> jobs;
                for (int i = 0; i < 4; ++i) jobs.push_back(pool.run<&work::sleep_ms>(60));
                std::string story;
                for (const auto& job : jobs) story += co_await ending(job) + " ";
                const std::string text = file.text();
                const auto starts = std::count(text.begin(), text.end(), '\n');
                co_return story + (starts <= 5 ? "few starts" : std::to_string(starts) + " starts");
              });
  CHECK(told == "60 60 60 60 few starts");
}

TEST_CASE("a worker that somebody kills while it starts is started again") {
  static const TemporaryFile flag;
  static const std::string me = std::filesystem::read_symlink("/proc/self/exe");
  static const TemporaryFile script(
      "#!/bin/sh\nif [ -e " + flag.path() + " ]; then rm " + flag.path() + "; kill -9 $$; fi\nexec " + me + " \"$@\"\n",
      0700);
  const std::string told = on_pool(with_program(script.path()), [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_return co_await ending(pool.run<&work::twice>(4));
  });
  CHECK(told == "8");
}

TEST_CASE("what workers write to stdout and stderr is written by the program") {
  const std::string story = here(output_of_program("speaks", ""));
  CHECK(contains(story, "out of a worker\n"));
  CHECK(contains(story, "error of a worker\n"));
  CHECK(contains(story, "exit 0"));
}

// --- pools in workers ------------------------------------------------------------------------------------------------

TEST_CASE("a worker that makes a pool meets an error that says what may be wrong") {
  const std::string story = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const auto outcome = co_await as_outcome(pool.run<&work::nested_by_mistake>());
    try {
      outcome.raise();
    } catch (const RuntimeError& error) {
      co_return error.what();
    }
    co_return "no error";
  });
  CHECK(contains(story, "a process pool inside of a worker of a process pool: set ProcessPoolOptions::in_worker"));
}

TEST_CASE("a worker may have a pool of its own with in_worker") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_return std::to_string(co_await pool.run<&work::nested_on_purpose>());
  });
  CHECK(told == "42");
}

TEST_CASE("the workers of a worker go with it") {
  static const TemporaryFile file;
  const std::string told =
      on_pool({.max_workers = 1, .kill_on_cancel = true}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
        const auto job = pool.run<&work::nested_for_ever>(file.path());
        const bool begun = co_await until([] { return file.text().ends_with("\n"); });
        const int inner = begun ? std::stoi(file.text()) : 0;
        std::string story = inner > 0 && runs(inner) ? "there, " : "not there, ";
        job.cancel();
        const bool gone = co_await until([inner] { return !runs(inner); });
        co_return story + (gone ? "gone" : "and not gone");
      });
  CHECK(told == "there, gone");
}

TEST_CASE(
    "a program that does not call process_worker_main ends with an error, and does not start itself over and over") {
  static const TemporaryFile starts;
  const std::string story = here(output_of_program("forgetful", starts.path()));
  CHECK(contains(without_pids(story), no_hello));
  CHECK(contains(story, "main() does not begin with process_worker_main(argc, argv)'"));
  CHECK(contains(story, "\nexit 0"));
  const std::string text = starts.text();
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
}

TEST_CASE("workers end within a second when their parent is killed, also if they loop for ever") {
  const auto body = []() -> Coro<std::string> {
    Environment environment{
        {"RONDO_POOL_PROGRAM", "orphans"}
    };
    SubprocessOptions options;
    options.std_out = Stdio::pipe;
    options.env = &environment;
    const Process process = co_await create_subprocess_exec(Command(RONDO_POOL_PROGRAM_PATH), options);
    std::istringstream line(co_await process.std_out.readline());
    int first = 0;
    int second = 0;
    line >> first >> second;
    std::string story = first > 0 && second > 0 && runs(first) && runs(second) ? "run, " : "do not run, ";
    process.kill();
    static_cast<void>(co_await process.wait());
    const Instant begin = this_loop().time();
    static_cast<void>(co_await until([=] { return !runs(first) && !runs(second); }));
    co_return story + (this_loop().time() - begin < (sanitized ? 5s : 1s) ? "gone" : "late");
  };
  CHECK(here(body()) == "run, gone");
}
