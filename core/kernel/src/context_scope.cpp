// SPDX-License-Identifier: BSL-1.0
// context_scope.cpp - changing the context of what runs, and changing it back.
#include <rondo/kernel/context_scope.hpp>

#include <utility>

#include <rondo/error.hpp>

namespace rondo {

Context& current_context() {
  Context* context = context_here();
  if (!context) {
    throw RuntimeError("ContextVar: no task, callback or job runs on this thread, so there is no context to set it in; "
                       "set it in one of them, or in copy_context().run(...)");
  }
  return *context;
}

ContextScope::ContextScope(Context& context) : here_(context_here()), other_(context.shared()) {
  if (here_) {
    std::swap(*here_, other_);
  } else {
    thread_slot.context = &other_;
  }
}

ContextScope::~ContextScope() {
  if (here_) {
    std::swap(*here_, other_);
  } else {
    thread_slot.context = nullptr;
  }
}

ContextIdentity ContextIdentity::here() {
  ContextIdentity identity;
  const Context& context = current_context();
  identity.context_ = &context;
  if (context.is(context)) identity.cell_ = context;
  if (thread_slot.task) identity.task_ = thread_slot.task->id();
  return identity;
}

bool operator==(const ContextIdentity& a, const ContextIdentity& b) {
  return a.cell_.is(b.cell_) || (!a.cell_.is(a.cell_) && a.context_ == b.context_ && a.task_ == b.task_);
}

}  // namespace rondo
