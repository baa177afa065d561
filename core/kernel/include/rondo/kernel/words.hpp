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

}  // namespace rondo
