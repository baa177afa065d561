// SPDX-License-Identifier: BSL-1.0
// dump.hpp - who awaits whom, where, and since when.
#pragma once

#include <cstddef>
#include <string>

#include <rondo/kernel/task_tree.hpp>
#include <rondo/kernel/words.hpp>
#include <rondo/loop.hpp>

namespace rondo {

/// A tree of all tasks of the loop that are not done: below each task stand the tasks that await it; each line says
/// what the task waits for, through which awaits (file:line, innermost first), and since when. Tasks that wait for each
/// other in a circle are named in a line of their own. At most `most` tasks are listed, the others counted. O(tasks).
/// For people; the format may change.
inline std::string dump_tasks(Loop& loop, std::size_t most = most_listed_tasks) { return task_tree(loop.kernel(), most); }
/// The same for the running loop.
inline std::string dump_tasks(std::size_t most = most_listed_tasks) { return dump_tasks(this_loop(), most); }

}  // namespace rondo
