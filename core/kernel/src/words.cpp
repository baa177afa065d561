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

/// Drops what a compiler calls an unnamed namespace from the front of `text`.
static void drop_unnamed(std::string_view& text) {
  for (const std::string_view unnamed : {"(anonymous namespace)::", "{anonymous}::"}) {
    if (text.starts_with(unnamed)) text.remove_prefix(unnamed.size());
  }
}

/// The compilers write "void (anonymous namespace)::f(int)", "auto main()::(anonymous class)::operator()() const" and
/// "C {anonymous}::f(f(int)::_Z1fi.Frame*)".
std::string function_of(Place place) {
  std::string_view rest = place.function();
  std::string name;
  int depth = 0;  // of template arguments
  for (;;) {
    drop_unnamed(rest);
    if (rest.empty() || (depth == 0 && rest.front() == '(')) break;
    const char next = rest.front();
    rest.remove_prefix(1);
    if (next == '<') ++depth;
    if (next == '>') --depth;
    if (next == ' ' && depth == 0) {
      name.clear();  // that was the type that it returns
    } else {
      name.append(&next, 1);
    }
  }
  do {  // behind the parameters
    if (rest.starts_with('(')) ++depth;
    if (rest.starts_with(')')) --depth;
    rest.remove_prefix(rest.empty() ? 0 : 1);
  } while (!rest.empty() && depth > 0);
  return rest.starts_with("::") ? text_of({"a lambda in ", name}) : name;  // it is something inside of this function
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
