// SPDX-License-Identifier: BSL-1.0
// pool_program.cpp - a program beside the tests, with functions of its own. RONDO_POOL_PROGRAM says what it does:
//
//   forgetful  its main() does not begin with process_worker_main(); a line of the file RONDO_POOL_STARTS for each
//   start orphans    prints the processes of two workers that loop for ever, and waits
//
// Without it it is a worker of another build.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include <rondo/executors/process_pool.hpp>
#include <rondo/rondo.hpp>

namespace {

int number() { return 1; }
void loop() {
  for (;;) ::usleep(1000);
}
void spin() {
  for (volatile unsigned turns = 0;;) turns = turns + 1;
}

rondo::Coro<> forget() {
  rondo::ProcessPoolExecutor pool({.max_workers = 2});
  const auto outcome = co_await rondo::as_outcome(pool.run<&number>());
  std::printf("%s\n", outcome.error() ? rondo::describe(outcome.error()).c_str() : "no error");
  co_await pool.shutdown();
}

void speak() {
  std::puts("out of a worker");
  std::fflush(stdout);
  std::fputs("error of a worker\n", stderr);
}
rondo::Coro<> let_speak() {
  rondo::ProcessPoolExecutor pool({.max_workers = 1});
  co_await pool.run<&speak>();
  co_await pool.shutdown();
}

rondo::Coro<> make_orphans() {
  rondo::ProcessPoolExecutor pool({.max_workers = 2});
  const int first = co_await pool.run<&::getpid>();
  const auto looping = pool.run<&loop>();
  const int second = co_await pool.run<&::getpid>();
  const auto spinning = pool.run<&spin>();
  co_await rondo::sleep(std::chrono::milliseconds(20));
  std::printf("%d %d\n", first, second);
  std::fflush(stdout);
  co_await spinning;
}

}  // namespace

int main(int argc, char** argv) {
  const char* const told = std::getenv("RONDO_POOL_PROGRAM");
  const std::string what = told ? told : "";
  if (what == "forgetful") {
    std::ofstream(std::getenv("RONDO_POOL_STARTS"), std::ios::app) << ::getpid() << "\n";
    rondo::run(forget());
    return 0;
  }
  if (const auto code = rondo::process_worker_main(argc, argv)) return *code;
  if (what == "speaks") rondo::run(let_speak());
  if (what == "orphans") rondo::run(make_orphans());
  return 0;
}
