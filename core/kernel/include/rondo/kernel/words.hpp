// SPDX-License-Identifier: BSL-1.0
// words.hpp - how errors, reports and dumps name their subject.
#pragma once

#include <string>

#include <rondo/kernel/call_core.hpp>

namespace rondo {

/// "Task 'name' (made at file:line)", and the same for futures and callbacks.
std::string describe(const FutureCore& future);
std::string describe(const CallCore& call);
std::string describe(Place place);
/// How the error of `failed` came up; an empty one if nobody knows.
Story story_of(const FutureCore& failed) noexcept;
AwaitStack stack_of(const FutureCore& failed);
/// How `error` came up through the frames of this task, as far as it has come.
Story story_of(const TaskCore& task, const std::exception_ptr& error) noexcept;
/// The function that the place is in, by its name alone; "" if the compiler does not say.
std::string function_of(Place place);

}  // namespace rondo
