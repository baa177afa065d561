// SPDX-License-Identifier: BSL-1.0
// sync_primitive.cpp - names, and the end of a primitive that is still needed.
#include <rondo/sync/sync_primitive.hpp>

#include <rondo/guard.hpp>
#include <rondo/kernel/words.hpp>

namespace rondo {

GuardLink::GuardLink(SyncPrimitive& primitive)
    : primitive_(&primitive), task_id_(thread_slot.task ? thread_slot.task->id() : 0) {
  primitive.guards_.push_back(*this);
}

GuardLink::GuardLink(GuardLink&& other) noexcept : primitive_(other.primitive_), task_id_(other.task_id_) {
  if (primitive_) primitive_->guards_.push_back(*this);
  other.detach();
}

WaitWords Waiter::waits(const Parking& parking) {
  const auto& waiter = static_cast<const Waiter&>(parking);
  if (!waiter.primitive_) return "waits for something that is gone";
  WaitWords words("waits for " + waiter.primitive_->describe(waiter.task()->kernel()));
  words.holder = waiter.primitive_->holder();
  return words;
}

SyncPrimitive::~SyncPrimitive() {
  while (!watches_.empty()) watches_.pop_front();
  if (waiters_.empty() && guards_.empty()) return;
  Kernel* kernel = thread_slot.kernel;
  for (Waiter* waiter = waiters_.front(); waiter; waiter = waiters_.after(*waiter)) {
    kernel = &waiter->task()->kernel();
    waiter->primitive_ = nullptr;
  }
  if (kernel) report_end(*kernel, needed_by(*kernel));
  while (!waiters_.empty()) wake(waiters_.pop_front());
  while (!guards_.empty()) guards_.pop_front().primitive_ = nullptr;
}

/// Called by a destructor: without memory there are no names.
std::string SyncPrimitive::needed_by(Kernel& kernel) const try {
  NameList names;
  for (const Waiter* waiter = waiters_.front(); waiter; waiter = waiters_.after(*waiter)) {
    names.add([&] { return rondo::describe(static_cast<const FutureCore&>(*waiter->task())) + " waits for it"; });
  }
  std::string text = names.text();
  const std::string who = holders(kernel);
  if (!who.empty()) text += (text.empty() ? "held by a guard of " : ", held by a guard of ") + who;
  return text;
} catch (...) {
  return {};
}

void SyncPrimitive::report_end(Kernel& kernel, const std::string& by) const noexcept {
  if (kernel.ending()) return;  // the loop destroys its frames one after the other
  try {
    kernel.report(
        {title() + " was destroyed while it was needed: " + by, nullptr, title()});
  } catch (...) {  // no memory for the report; the tasks get their error all the same
  }
}

std::string SyncPrimitive::title() const {
  if (!name_.empty()) return std::string(what_) + " '" + name_ + "'";
  return std::string(what_) + " (made at " + rondo::describe(created_) + ")";
}

std::string SyncPrimitive::holders(Kernel& kernel) const {
  NameList names;
  for (const GuardLink* guard = guards_.front(); guard; guard = guards_.after(*guard)) {
    names.add([&] { return describe_holder(kernel, guard->task_id()); });
  }
  return names.text();
}

void SyncPrimitive::refuse_loop() const {
  throw RuntimeError(title() + " is waited for by tasks of another loop: each loop needs its own");
}

void SyncPrimitive::refuse_thread(const char* what, const Kernel& kernel) const {
  if (kernel.is_foreign_here()) refuse_foreign_thread(what, title());
}

std::string describe_holder(Kernel& kernel, std::uint32_t task_id) {
  if (task_id == 0) return "a callback";
  if (const TaskCore* task = kernel.find_task(task_id)) return "Task '" + task->name() + "'";
  return "a task that is done (number " + std::to_string(task_id) + ")";
}

void throw_primitive_gone() { throw RuntimeError("what this task waited for was destroyed meanwhile"); }

void throw_guard_released() {
  throw RuntimeError("the guard holds nothing: it was released, moved from, or what it held is gone");
}

void report_guard(const char* text) noexcept {
  if (!thread_slot.kernel || thread_slot.kernel->ending()) return;
  try {
    thread_slot.kernel->report({std::string("a guard could not release: ") + text, nullptr, "guard"});
  } catch (...) {  // no memory for the report
  }
}

}  // namespace rondo
