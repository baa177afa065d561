// SPDX-License-Identifier: BSL-1.0
// words.cpp - see words.hpp.
#include <rondo/kernel/words.hpp>

#include <string_view>

namespace rondo {

std::string describe(Place place) {
  std::string_view file = place.file;
  if (const auto slash = file.rfind('/'); slash != std::string_view::npos) file.remove_prefix(slash + 1);
  if (file.empty()) return "?";
  return std::string(file) + ":" + std::to_string(place.line);
}

std::string describe(const FutureCore& future) {
  if (future.kind() == WaitableKind::task) {
    const auto& task = static_cast<const TaskCore&>(future);
    return "Task '" + task.name() + "' (made at " + describe(task.created()) + ")";
  }
  const auto& block = static_cast<const FutureBlock&>(future);
  const char* what = future.kind() == WaitableKind::fork ? "gather " : "Future ";
  return what + std::to_string(future.id()) + " (made at " + describe(block.created()) + ")";
}

std::string describe(const CallCore& call) { return "callback (made at " + describe(call.created()) + ")"; }

}  // namespace rondo
