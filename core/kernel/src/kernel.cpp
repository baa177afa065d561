// SPDX-License-Identifier: BSL-1.0
// kernel.cpp - time, inputs and misuse. What runs is in step.cpp, cancelling in cancel.cpp, ends in last_handle.cpp.
#include <rondo/kernel/kernel.hpp>

#include <algorithm>
#include <string>

#include <rondo/kernel/call_core.hpp>
#include <rondo/kernel/text.hpp>
#include <rondo/kernel/words.hpp>

namespace rondo {

constinit thread_local ThreadSlot thread_slot;

void throw_no_loop(const char* what) {
  throw_error<RuntimeError>({what, ": no loop runs on this thread"});
}

void refuse_foreign_thread(const char* what, std::string_view object) {
  throw_error<RuntimeError>({what, ": ", object,
                             " belongs to a loop that runs on another thread; let it do this there, with "
                             "call_soon_threadsafe"});
}

void refuse_foreign_thread(const char* what, const FutureCore& future) {
  // Only what does not change may be read here.
  const bool task = future.kind() == WaitableKind::task;
  const Place made =
      task ? static_cast<const TaskCore&>(future).created() : static_cast<const FutureBlock&>(future).created();
  refuse_foreign_thread(what, text_of({task ? "the task" : "the future", " made at ", made}));
}

void refuse_foreign_thread(const char* what, const CallCore& call) {
  refuse_foreign_thread(what, text_of({"the callback made at ", call.created()}));
}

Kernel::Kernel(std::pmr::memory_resource& resource, Owner& owner)
    : pool_(resource), timers_(&resource), operations_(&resource, wakeup_), owner_(&owner) {}

// --- time and inputs -------------------------------------------------------------------------------------------------

void Kernel::advance(Instant now) {
  if (now < now_) {
    ++clamped_;
    return;
  }
  now_ = now;
}

Instant Kernel::place(Instant now) {
  take_later(now - now_);
  return answer(now_).deadline;
}

void Kernel::take_later(Duration later) {
  if (later > Duration::zero()) mix(static_cast<std::uint64_t>(later.count()));
  timers_.place(std::max(later, Duration::zero()));
}

void Kernel::feed(const Input& input) {
  mix(static_cast<std::uint64_t>(input.type) << 33 | static_cast<std::uint64_t>(input.more) << 32 | input.id.slot);
  mix(static_cast<std::uint64_t>(input.id.generation) << 32 | static_cast<std::uint32_t>(input.result));
  if (input.type == Input::Type::post) return input.call->post_to(*this);
  Operation* operation = operations_.complete(input);
  if (operation && !static_cast<Entry*>(operation)->linked()) ready_.push_back(*operation);
}

void Operation::wake_task(Hook& hook) {
  auto& operation = static_cast<Operation&>(hook);
  operation.task()->kernel().wake(operation);
}

// --- futures that are done, and awaits that are wrong ----------------------------------------------------------------

void Kernel::publish_to(Hook& hook, FutureCore& future) {
  if (hook.entry_kind() == EntryKind::call) {
    static_cast<CallCore&>(hook).due(future);
  } else {
    post(hook);
  }
}

/// A task that awaits itself, or a future of another loop: the error comes a hop later, at the await.
void Kernel::refuse(TaskCore& task, FutureCore& future) {
  task.deliveries_ |= TaskCore::deliver_misuse;
  future.self_awaited_ = &future == static_cast<FutureCore*>(&task);
  fire<machines::task::Event::misuse>(task);
}

TaskCore* Kernel::find_task(std::uint32_t id) {
  if (found_.id == id && found_.ids == ids_ && found_.alive == tasks_alive_) return found_.task;
  found_ = {id, ids_, tasks_alive_, nullptr};
  for (TaskCore* task = tasks_.front(); task && !found_.task; task = tasks_.after(*task)) {
    if (task->id() == id) found_.task = task;
  }
  return found_.task;
}

template struct NoArrow<machines::frame::Event>;

}  // namespace rondo
