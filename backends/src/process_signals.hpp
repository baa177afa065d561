// SPDX-License-Identifier: BSL-1.0
// process_signals.hpp - the actions of the process's signals: taken when the first listener wants a signal, and given
// back when the last one leaves.
//
// There is one action for each signal in the process, and any number of backends. All of them share one handler, which
// tells every listener. What was there before the first comes back after the last, unless the program has set an action
// of its own meanwhile: then that one stays.
#pragma once

#include <cstdint>

namespace rondo {

/// Those that a program can handle, as a Features::signal_mask.
std::uint64_t signals_to_handle() noexcept;

/// One more operation that hears `signal`: 0, or why not. From any thread.
int begin_handling(int signal);
/// For each begin_handling() that gave 0.
void end_handling(int signal);

/// One more run that watches Ctrl-C; false if the program handles or ignores SIGINT by itself, apart from backends.
bool begin_watching();
/// For each begin_watching() that gave true.
void end_watching();

}  // namespace rondo
