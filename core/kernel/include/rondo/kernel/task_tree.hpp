// SPDX-License-Identifier: BSL-1.0
// task_tree.hpp - who awaits whom, where, and since when: the text behind dump_tasks().
#pragma once

#include <cstddef>
#include <string>

#include <rondo/kernel/kernel.hpp>

namespace rondo {

/// In errors, and where nobody says how many.
inline constexpr std::size_t most_listed_tasks = 1000;

/// At most `most` tasks are listed, the others counted. O(tasks).
std::string task_tree(Kernel& kernel, std::size_t most);

}  // namespace rondo
