// SPDX-License-Identifier: BSL-1.0
// process.cpp - standard error and the environment.
#include <rondo/backends/process.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

#include <rondo/error.hpp>
#include <rondo/loop.hpp>

namespace rondo {

void prepare_for_process(Loop& loop) {
  loop.set_exception_handler([](const ErrorContext& context) {
    std::string text = "rondo: " + context.message + ": " + context.subject;
    if (context.exception) text += ": " + describe(context.exception);
    std::fprintf(stderr, "%s\n", text.c_str());
  });
  const char* debug = std::getenv("RONDO_DEBUG");
  if (debug && *debug && *debug != '0') loop.set_debug(true);
}

}  // namespace rondo
