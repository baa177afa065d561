// SPDX-License-Identifier: BSL-1.0
// context_scope.hpp - which context variables the code that runs now sees, and another context for a while.
#pragma once

#include <cstdint>

#include <rondo/kernel/context.hpp>
#include <rondo/kernel/task_core.hpp>
#include <rondo/kernel/thread_slot.hpp>

namespace rondo {

/// The context variables of what runs now, null if nothing does.
inline Context* context_here() {
  TaskCore* task = thread_slot.task;
  return task ? &task->context() : thread_slot.context;
}
/// What a new task, callback or job gets that was told nothing.
inline Context context_or_empty() {
  const Context* context = context_here();
  return context ? context->inherited() : Context();
}
inline Context context_for(Context* chosen) { return chosen ? chosen->shared() : context_or_empty(); }
/// The context of the code that runs now: its task's, its callback's or its job's.
/// Throws RuntimeError where no loop and no job runs.
Context& current_context();

/// As long as it exists, `context` is the one that is here.
class ContextScope {
 public:
  explicit ContextScope(Context& context);
  ~ContextScope();
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;

 private:
  Context* here_;
  Context other_;  // which was here before; or, where none was, the one that is
};

/// Where a variable was set: in which context, of which task.
class ContextIdentity {
 public:
  ContextIdentity() = default;
  /// That of the code that runs now.
  static ContextIdentity here();
  friend bool operator==(const ContextIdentity& a, const ContextIdentity& b);

 private:
  const Context* context_ = nullptr;
  std::uint32_t task_ = 0;
  Context cell_;  // else empty
};

}  // namespace rondo
