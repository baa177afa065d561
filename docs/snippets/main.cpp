// SPDX-License-Identifier: BSL-1.0
// main.cpp - runs every snippet of the documents; fails if one throws.
#include "snippets.hpp"

#include <exception>
#include <iostream>

#include <rondo/error.hpp>
#include <rondo/executors/process_worker.hpp>

// [main]
int main(int argc, char** argv) {
  if (const auto code = rondo::process_worker_main(argc, argv)) return *code;
  // [/main]
  int failed = 0;
  for (const Snippet& snippet : snippets()) {
    try {
      snippet.run();
      std::cout << "ok      " << snippet.name << std::endl;
    } catch (...) {
      ++failed;
      std::cout << "FAILED  " << snippet.name << ": " << rondo::describe(std::current_exception()) << std::endl;
    }
  }
  return failed == 0 ? 0 : 1;
}
