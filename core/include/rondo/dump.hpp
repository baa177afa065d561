// SPDX-License-Identifier: BSL-1.0
// dump.hpp - who awaits whom, where, and since when.
#pragma once

#include <string>

#include <rondo/call.hpp>
#include <rondo/task_core.hpp>

namespace rondo {

class Loop;

/// "Task 'name' (made at file:line)", and the same for futures and callbacks: how errors name their subject.
std::string describe(const FutureCore& future);
std::string describe(const CallCore& call);
std::string describe(Place place);
/// What an operation waits for: "bytes from socket 7".
std::string describe(const Output& output);

/// A tree of all tasks of the loop that are not done: below each task stand the tasks that await it; each line says
/// what the task waits for, through which awaits (file:line, innermost first), and since when. Tasks that wait for each
/// other in a circle are named in a line of their own. For people; the format may change.
std::string dump_tasks(Loop& loop);
/// The same for the running loop.
std::string dump_tasks();

}  // namespace rondo
