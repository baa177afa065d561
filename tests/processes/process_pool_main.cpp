// SPDX-License-Identifier: BSL-1.0
// process_pool_main.cpp - main() of tests whose workers are the program itself.
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#include <rondo/executors/process_worker.hpp>

int main(int argc, char** argv) {
  if (const auto code = rondo::process_worker_main(argc, argv)) return *code;
  return Catch::Session().run(argc, argv);
}
