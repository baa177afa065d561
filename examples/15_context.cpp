// SPDX-License-Identifier: BSL-1.0
// 15_context.cpp - ContextVar: a value that follows a task into whatever it calls, spawns or posts.
//
// Expected output:
//   [alice] asking
//   [bob] asking
//   [alice] on a thread
//   [alice] answered
//   [bob] on a thread
//   [bob] answered
//   [nobody] done
#include <chrono>
#include <iostream>
#include <string>

#include "run_example.hpp"

using namespace std::chrono_literals;

const rondo::ContextVar<std::string> user(std::string("nobody"));

void say(const char* what) { std::cout << '[' << user.get() << "] " << what << '\n' << std::flush; }

rondo::Coro<> answer() {
  co_await rondo::to_thread([] { say("on a thread"); });  // the job sees a copy of the caller's variables
  say("answered");
}

rondo::Coro<> handle(std::string name, rondo::Duration delay) {
  user.set(name);  // for this task and what it starts from now on, for nobody else
  say("asking");
  co_await rondo::sleep(delay);
  co_await rondo::create_task(answer());  // a new task begins with a copy
}

rondo::Coro<> async_main() {
  co_await rondo::gather(handle("alice", 100ms), handle("bob", 1s));
  say("done");
}

int main(int argc, char** argv) { return run_example(argc, argv, async_main()); }
