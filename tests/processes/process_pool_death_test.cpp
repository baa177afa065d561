// SPDX-License-Identifier: BSL-1.0
// process_pool_death_test.cpp - workers that die: at a job, between jobs, by themselves and by others.
#include <rondo/executors/process_pool.hpp>

#include <sys/resource.h>

#include "pool_run.hpp"

using namespace processes;

namespace work {

void without_core_file() {
  const rlimit none{};
  ::setrlimit(RLIMIT_CORE, &none);
}
void aborts() {
  without_core_file();
  write_line("first line");
  write_line("the reactor is too hot");
  ::abort();
}
void is_killed() { ::raise(SIGKILL); }
void exits(int code) { std::exit(code); }
void exits_at_once(int code) { ::_exit(code); }
void throws_out_of_noexcept() noexcept {
  without_core_file();
  const std::function<void()> throwing = [] { throw std::runtime_error("out of noexcept"); };
  throwing();
}
void dies_with(const std::string& text) {
  static_cast<void>(!::write(2, text.data(), text.size()));
  ::_exit(9);
}

void writes_garbage(int size) {
  const std::string garbage(static_cast<std::size_t>(size), 'g');
  static_cast<void>(!::write(3, garbage.data(), garbage.size()));
  ::usleep(5'000'000);
}
void writes_garbage_and_exits(int size) {
  const std::string garbage(static_cast<std::size_t>(size), 'g');
  static_cast<void>(!::write(3, garbage.data(), garbage.size()));
  ::_exit(0);
}
void closes_its_channel() { ::close(3); }
void closes_its_errors() { ::close(2); }
void leaves_a_child_and_dies(int duration) {
  if (::fork() == 0) {
    ::close(1);  // or who runs the tests would wait for it
    sleep_ms(duration);
    ::_exit(0);
  }
  ::_exit(4);
}
void starts_a_program_and_dies() {
  static_cast<void>(!std::system("sleep 40 >/dev/null 2>&1 &"));
  ::_exit(4);
}

}  // namespace work

namespace {

/// How a job ended, and whether the next one runs.
template <auto F, class... Arguments>
Coro<std::string> death(ProcessPoolExecutor& pool, Arguments... arguments) {
  std::string story;
  try {
    co_await pool.run<F>(arguments...);
    story = "no death";
  } catch (const BrokenProcessPool& broken) {
    story = broken.what();
  }
  const int next = co_await pool.run<&work::twice>(1);
  co_return without_pids(story) + (next == 2 ? "; and on" : "; and wrong");
}

constexpr auto worker_text = "worker rondo-0 (pid N) of the process pool ";

/// Kills the only worker, and waits until it is dead.
Coro<> kill_the_worker(ProcessPoolExecutor& pool) {
  const int process = pool.pids().at(0);
  ::kill(process, SIGKILL);
  static_cast<void>(co_await until([process] { return !runs(process); }));
}

}  // namespace

// --- at a job --------------------------------------------------------------------------------------------------------

TEST_CASE("a worker that aborts fails its job, which tells the signal, the function and its last line of stderr") {
  const std::string told =
      on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> { co_return co_await death<&work::aborts>(pool); });
  CHECK(told == std::string(worker_text) +
                    "was killed by signal 6 (Aborted) while it ran work::aborts; "
                    "its last line of stderr: 'the reactor is too hot'; and on");
}

TEST_CASE("a worker that is killed fails its job, and another takes its place") {
  const std::string told =
      on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> { co_return co_await death<&work::is_killed>(pool); });
  CHECK(told == std::string(worker_text) + "was killed by signal 9 (Killed) while it ran work::is_killed; and on");
}

TEST_CASE("a function that exits ends its worker, also with 0") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::string story = co_await death<&work::exits>(pool, 0);
    story += "\n" + co_await death<&work::exits>(pool, 3);
    story += "\n" + co_await death<&work::exits_at_once>(pool, 255);
    co_return story;
  });
  CHECK(told == std::string(worker_text) + "exited with code 0 while it ran work::exits; and on\n" + worker_text +
                    "exited with code 3 while it ran work::exits; and on\n" + worker_text +
                    "exited with code 255 while it ran work::exits_at_once; and on");
}

TEST_CASE("an exception that leaves a noexcept function ends its worker, and what it said is told") {
  const std::string story = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_return co_await death<&work::throws_out_of_noexcept>(pool);
  });
  CHECK(contains(story, "killed by signal 6 (Aborted) while it ran work::throws_out_of_noexcept"));
  CHECK(contains(story, "'  what():  out of noexcept'"));
}

TEST_CASE("the last line of stderr may have no end, and may be long") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const std::string unfinished = "whole\nunfinished";
    std::string story = co_await death<&work::dies_with>(pool, unfinished);
    const std::string blank = "kept\n\n\n";
    story += "\n" + co_await death<&work::dies_with>(pool, blank);
    const std::string long_text(100'000, 'x');
    const std::string long_story = co_await death<&work::dies_with>(pool, long_text);
    story += long_story.size() > 1000 && long_story.size() < 1200 ? "\ncut" : "\nwhole: " + long_story;
    co_return story;
  });
  CHECK(told == std::string(worker_text) +
                    "exited with code 9 while it ran work::dies_with; its last line of stderr: "
                    "'unfinished'; and on\n" +
                    worker_text +
                    "exited with code 9 while it ran work::dies_with; its last line of stderr: 'kept'; and on\ncut");
}

TEST_CASE("what waits when a worker dies runs in the next one") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const auto first = pool.run<&work::is_killed>();
    std::vector<Future<int>> rest;
    for (int i = 0; i < 5; ++i) rest.push_back(pool.run<&work::twice>(i));
    std::string story = contains(co_await ending(first), "signal 9") ? "killed" : "lives";
    for (const auto& job : rest) story += " " + co_await ending(job);
    co_return story;
  });
  CHECK(told == "killed 0 2 4 6 8");
}

TEST_CASE("others go on when a worker dies") {
  static const TemporaryFile file;
  const std::string told = on_pool({.max_workers = 2}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_await pool.run<&work::without_core_file>();
    const auto slow = pool.run<&work::await_note>(file.path());
    const std::string first = co_await ending(pool.run<&work::is_killed>());
    std::string story = contains(first, "rondo-1") && !slow.done() ? "one dead, " : first;
    work::note(file.path(), "enough");
    story += co_await ending(slow);
    co_return story;
  });
  CHECK(told == "one dead, void");
}

// --- what is no answer -----------------------------------------------------------------------------------------------

TEST_CASE("a worker that writes garbage on its channel is killed, and its job fails") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::string story = co_await death<&work::writes_garbage>(pool, 32);
    story += "\n" + co_await death<&work::writes_garbage>(pool, 10'000);
    story += "\n" + co_await death<&work::writes_garbage_and_exits>(pool, 10);
    co_return story;
  });
  CHECK(told ==
        std::string(worker_text) +
            "wrote garbage on its channel; it was killed by signal 9 (Killed) while it ran "
            "work::writes_garbage; and on\n" +
            worker_text +
            "wrote garbage on its channel; it was killed by signal 9 (Killed) while it ran work::writes_garbage; "
            "and on\n" +
            worker_text + "exited with code 0 while it ran work::writes_garbage_and_exits; and on");
}

TEST_CASE("a function that closes its worker's channel ends the worker when it returns") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_return co_await death<&work::closes_its_channel>(pool);
  });
  CHECK(told == std::string(worker_text) + "exited with code 1 while it ran work::closes_its_channel; and on");
}

TEST_CASE("a worker may close its stderr, and lives on") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const int before = co_await pool.run<&work::pid>();
    co_await pool.run<&work::closes_its_errors>();
    co_await sleep(20ms);
    const int after = co_await pool.run<&work::pid>();
    co_return before == after ? "the same" : "another";
  });
  CHECK(told == "the same");
}

TEST_CASE("the death of a worker is noticed though a program that it has started lives") {
  const auto begin = std::chrono::steady_clock::now();
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_return co_await death<&work::starts_a_program_and_dies>(pool);
  });
  CHECK(told == std::string(worker_text) + "exited with code 4 while it ran work::starts_a_program_and_dies; and on");
  CHECK(std::chrono::steady_clock::now() - begin < 20s);
}

TEST_CASE("the death of a worker is noticed though a child that it has forked lives") {
  const auto begin = std::chrono::steady_clock::now();
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_return co_await death<&work::leaves_a_child_and_dies>(pool, 40'000);
  });
  CHECK(told == std::string(worker_text) + "exited with code 4 while it ran work::leaves_a_child_and_dies; and on");
  CHECK(std::chrono::steady_clock::now() - begin < 20s);
}

// --- between jobs ----------------------------------------------------------------------------------------------------

TEST_CASE("a job that comes when its worker is dead, and nobody knows, is not lost") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::string story;
    for (int i = 0; i < 20; ++i) {
      const int before = co_await pool.run<&work::pid>();
      ::kill(before, SIGKILL);
      if (i % 2 == 0) ::usleep(3000);  // it is dead, and the loop has not looked
      const int after = co_await pool.run<&work::pid>();
      story += before != after ? "n" : "o";
    }
    co_return story;
  });
  CHECK(told == "nnnnnnnnnnnnnnnnnnnn");
}

TEST_CASE("a worker that dies while it has nothing to do is missed, and the next job has another") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::string story;
    for (int i = 0; i < 5; ++i) {
      const int before = co_await pool.run<&work::pid>();
      co_await kill_the_worker(pool);
      const bool missed = co_await until([&] { return pool.pids().empty(); });
      const int after = co_await pool.run<&work::pid>();
      story += missed && before != after ? "missed " : "not missed ";
    }
    co_return story;
  });
  CHECK(told == "missed missed missed missed missed ");
}

TEST_CASE("jobs that a dead worker had not begun run elsewhere, in their order") {
  static const TemporaryFile file;
  const std::string told = on_pool({.max_workers = 2}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
    std::string story;
    for (int round = 0; round < 10; ++round) {
      const int all = 2 * (round + 1);  // both workers are there
      static_cast<void>(
          co_await gather(pool.run<&work::meet>(file.path(), all), pool.run<&work::meet>(file.path(), all)));
      for (const int process : pool.pids()) ::kill(process, SIGKILL);
      std::vector<Future<int>> jobs;
      for (int i = 0; i < 6; ++i) jobs.push_back(pool.run<&work::twice>(i));
      for (const auto& job : jobs) story += co_await ending(job);
      story += " ";
    }
    co_return story;
  });
  CHECK(told == "0246810 0246810 0246810 0246810 0246810 0246810 0246810 0246810 0246810 0246810 ");
}

TEST_CASE("a worker that is stopped and killed fails its job") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    co_await pool.run<&work::without_core_file>();
    const auto job = pool.run<&work::loop>();
    co_await sleep(10ms);
    ::kill(pool.pids().at(0), SIGSTOP);
    co_await sleep(10ms);
    std::string story = job.done() ? "done, " : "waits, ";
    ::kill(pool.pids().at(0), SIGKILL);
    story += co_await ending(job);
    co_return without_pids(story);
  });
  CHECK(told == "waits, " + std::string(worker_text) + "was killed by signal 9 (Killed) while it ran work::loop");
}

TEST_CASE("a worker ignores Ctrl-C, which reaches it from the terminal as well") {
  const std::string told = on_pool([](ProcessPoolExecutor& pool) -> Coro<std::string> {
    const int before = co_await pool.run<&work::pid>();
    const auto job = pool.run<&work::sleep_ms>(10);
    for (int i = 0; i < 5; ++i) {
      ::kill(before, SIGINT);
      co_await sleep(5ms);
    }
    std::string story = co_await ending(job);
    const int after = co_await pool.run<&work::pid>();
    co_return story + (before == after ? ", the same" : ", another");
  });
  CHECK(told == "10, the same");
}

// --- Python's way ----------------------------------------------------------------------------------------------------

TEST_CASE("with OnDeath::break_pool a death fails all that runs, waits and comes") {
  static const TemporaryFile file;
  const std::string story =
      on_pool({.max_workers = 2, .on_death = OnDeath::break_pool}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
        static_cast<void>(
            co_await gather(pool.run<&work::meet>(file.path(), 2), pool.run<&work::meet>(file.path(), 2)));
        const auto running = pool.run<&work::loop>();
        const auto dying = pool.run<&work::is_killed>();
        const auto waiting = pool.run<&work::twice>(1);
        const std::string why = co_await ending(dying);
        std::string text = contains(why, "while it ran work::is_killed") ? "dead" : why;
        const std::string first = co_await ending(running);
        const std::string second = co_await ending(waiting);
        const std::string third = co_await ending(pool.run<&work::twice>(1));
        text += first == why && second == why && third == why ? ", all the same" : first + second + third;
        const bool gone = co_await until([&] { return pool.pids().empty(); });
        co_return text + (gone ? ", no workers" : ", workers");
      });
  CHECK(story == "dead, all the same, no workers");
}

TEST_CASE("with OnDeath::break_pool the death of a worker that has nothing to do breaks the pool as well") {
  const std::string told =
      on_pool({.max_workers = 1, .on_death = OnDeath::break_pool}, [](ProcessPoolExecutor& pool) -> Coro<std::string> {
        co_await pool.run<&work::without_core_file>();
        co_await kill_the_worker(pool);
        static_cast<void>(co_await until([&] { return pool.pids().empty(); }));
        co_await sleep(5ms);
        co_return without_pids(co_await ending(pool.run<&work::twice>(1)));
      });
  CHECK(told == std::string(worker_text) + "ended while it had nothing to do; it was killed by signal 9 (Killed)");
}
