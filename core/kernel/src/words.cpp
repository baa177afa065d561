// SPDX-License-Identifier: BSL-1.0
// words.cpp - see words.hpp.
#include <rondo/kernel/words.hpp>

#include <string_view>

#include <rondo/kernel/text.hpp>

namespace rondo {

void append(std::string& text, Place place) {
  std::string_view file = place.file();
  if (const auto slash = file.rfind('/'); slash != std::string_view::npos) file.remove_prefix(slash + 1);
  if (file.empty()) return append(text, {"?"});
  append(text, {file, ":", place.line()});
}

/// The compilers write "void (anonymous namespace)::f(int)", "auto main()::(anonymous class)::operator()() const" and
/// "C {anonymous}::f(f(int)::_Z1fi.Frame*)".
std::string function_of(Place place) {
  std::string text = place.function();
  for (const std::string_view unnamed : {"(anonymous namespace)::", "{anonymous}::"}) {
    for (auto at = text.find(unnamed); at != std::string::npos; at = text.find(unnamed)) text.erase(at, unnamed.size());
  }
  std::size_t begin = 0;
  std::size_t end = 0;
  int depth = 0;
  for (; end < text.size() && (depth > 0 || text[end] != '('); ++end) {
    if (text[end] == '<') ++depth;
    if (text[end] == '>') --depth;
    if (text[end] == ' ' && depth == 0) begin = end + 1;
  }
  const std::string name = text.substr(begin, end - begin);
  depth = 0;
  do {  // behind the parameters
    if (end < text.size() && text[end] == '(') ++depth;
    if (end < text.size() && text[end] == ')') --depth;
    ++end;
  } while (end < text.size() && depth > 0);
  const bool lambda = end < text.size() && text.compare(end, 2, "::") == 0;  // something inside of this function
  return lambda ? text_of({"a lambda in ", name}) : name;
}

Story story_of(const TaskCore& task, const std::exception_ptr& error) noexcept {
  const TaskCore::Details* const details = task.details();
  return details && details->error == error ? details->story : Story();
}

Story story_of(const FutureCore& failed) noexcept {
  if (failed.kind() != WaitableKind::task) return static_cast<const FutureBlock&>(failed).story();
  return story_of(static_cast<const TaskCore&>(failed), failed.result_core().error);
}

AwaitStack stack_of(const FutureCore& failed) { return story_of(failed).places(); }

void append(std::string& text, const FutureCore& future) {
  if (future.kind() == WaitableKind::task) {
    const auto& task = static_cast<const TaskCore&>(future);
    return append(text, {"Task '", task.name(), "' (made at ", task.created(), ")"});
  }
  const auto& block = static_cast<const FutureBlock&>(future);
  const char* what = future.kind() == WaitableKind::fork ? "gather " : "Future ";
  append(text, {what, future.id(), " (made at ", block.created(), ")"});
}

void append(std::string& text, const CallCore& call) { append(text, {"callback (made at ", call.created(), ")"}); }

}  // namespace rondo
