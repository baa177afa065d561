// SPDX-License-Identifier: BSL-1.0
// process_worker.hpp - the other end of a process pool: what main() begins with.
#pragma once

#include <rondo/kernel/language.hpp>

#include <optional>

namespace rondo {

/// Nothing in the program itself. In a worker of a process pool, which is the same program started again, this runs
/// what the pool asks for until it asks for nothing more, and gives what main() must return:
///
///     int main(int argc, char** argv) {
///       if (const auto code = rondo::process_worker_main(argc, argv)) return *code;
///
/// First in main(), before anything that a worker should not do. A worker ignores Ctrl-C, which reaches it from the
/// terminal as well, and ends within a second when the pool's process is gone, whatever it does at the time.
std::optional<int> process_worker_main(int argc, const char* const* argv);

}  // namespace rondo
