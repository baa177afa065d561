// SPDX-License-Identifier: BSL-1.0
// words.hpp - how errors, reports and dumps name their subject.
#pragma once

#include <string>

#include <rondo/kernel/call_core.hpp>
#include <rondo/kernel/text.hpp>

namespace rondo {

/// "Task 'name' (made at file:line)", and the same for futures and callbacks.
void append(std::string& text, const FutureCore& future);
void append(std::string& text, const CallCore& call);
void append(std::string& text, Place place);
inline std::string describe(const FutureCore& future) { return text_of({future}); }
inline std::string describe(const CallCore& call) { return text_of({call}); }
inline std::string describe(Place place) { return text_of({place}); }
/// How the error of `failed` came up; an empty one if nobody knows.
Story story_of(const FutureCore& failed) noexcept;
AwaitStack stack_of(const FutureCore& failed);
/// How `error` came up through the frames of this task, as far as it has come.
Story story_of(const TaskCore& task, const std::exception_ptr& error) noexcept;
/// The function that the place is in, by its name alone; "" if the compiler does not say.
std::string function_of(Place place);

}  // namespace rondo
