// SPDX-License-Identifier: BSL-1.0
// awaiter.cpp - what a resumed await throws, and the refusals of futures.
#include <rondo/awaiter.hpp>

#include <cxxabi.h>

#include <string>
#include <typeinfo>

#include <rondo/async_generator.hpp>
#include <rondo/dump.hpp>
#include <rondo/loop.hpp>
#include <rondo/task.hpp>

namespace rondo {

// The reason is decided by the step, not by who posted it (asyncio A10): a cancellation replaces value and error, unless
// what was awaited ended with a cancellation of its own, whose message is then the one delivered.
void Awaiter::deliver(FutureCore& awaited) {
  if (auto cancelled = pending_cancel(awaited)) throw CancelledError(std::move(*cancelled));
  if (awaited.pending()) std::rethrow_exception(misuse(awaited));
  inherit_await_stack(awaited);
}

std::optional<Message> Awaiter::pending_cancel(FutureCore& awaited) {
  TaskCore& task = current();
  const std::uint8_t deliveries = task.take_deliveries();
  if (!(deliveries & TaskCore::deliver_cancel)) return std::nullopt;
  if (awaited.pending()) return task.message();
  if (awaited.ended_by_cancel()) return std::nullopt;
  awaited.mark_retrieved();
  return task.message();
}

std::exception_ptr Awaiter::misuse(FutureCore& awaited) {
  TaskCore* task = here.kernel ? here.kernel->current() : nullptr;
  std::string text = task ? describe(static_cast<FutureCore&>(*task)) : "a coroutine that is not rondo's";
  if (static_cast<FutureCore*>(task) == &awaited) {
    text += " cannot await itself";
  } else if (awaited.refuses_awaits()) {
    text += " cannot await " + describe(awaited) + ", which has awaited itself";
  } else {
    text += " cannot await " + describe(awaited) + " of another loop";
  }
  return std::make_exception_ptr(RuntimeError(text));
}

std::optional<Message> Awaiter::pending_cancel() {
  TaskCore& task = current();
  const std::uint8_t deliveries = task.take_deliveries();
  if (deliveries == 0) return std::nullopt;
  return task.delivered_message(deliveries);
}

void Awaiter::throw_cancelled(TaskCore& task) {
  const std::uint8_t deliveries = task.take_deliveries();
  throw CancelledError(task.delivered_message(deliveries));
}

void Awaiter::throw_foreign_await() {
  throw RuntimeError("co_await outside a rondo task: only a Coro or an AsyncGenerator can await this");
}

void throw_empty_handle() { throw RuntimeError("the handle is empty: it was default-constructed or moved from"); }

void throw_empty_coro() {
  throw RuntimeError("the Coro is empty: it was awaited or made a task before, moved from, or default-constructed");
}

void check_settable(FutureCore& core, const char* what) {
  if (core.kind() == WaitableKind::task) {
    throw RuntimeError(std::string(what) + ": " + describe(core) + " sets its own result");
  }
  if (core.done()) throw InvalidStateError(std::string(what) + ": " + describe(core) + " is done already");
}

void raise_unless_value(FutureCore& core) {
  if (core.state() == future::State::returned) return;
  if (core.pending()) throw InvalidStateError(describe(core) + " is not done: it has no result yet");
  std::rethrow_exception(core.retrieve());
}

void inherit_await_stack(FutureCore& core) noexcept {
  if (core.state() != future::State::failed || core.kind() != WaitableKind::task || !here.kernel) return;
  const TaskCore::Details* from = static_cast<TaskCore&>(core).details();
  TaskCore* task = here.kernel->current();
  if (!from || !task || from->error != core.result_core().error) return;
  try {
    TaskCore::Details& to = task->make_details();
    to.error = from->error;
    to.await_stack = from->await_stack;
  } catch (...) {
  }
}

void note_failure(FrameCore& frame, ResultCore& result) noexcept {
  result.error = std::current_exception();
  const std::type_info* type = abi::__cxa_current_exception_type();
  const bool cancelled = type && *type == typeid(CancelledError);
  result.kind = cancelled ? ResultCore::Kind::cancelled : ResultCore::Kind::error;
  if (cancelled || !here.kernel || !here.kernel->current()) return;
  here.kernel->current()->note_error(result.error, frame.place());
}

Handle attach_callback(FutureCore& core, CallCore& call) {
  call.set_id(core.kernel().next_id());
  if (core.done()) {
    call.keep(core);
    fire<handle::diagram, handle::Event::post>(call);
  } else {
    fire<handle::diagram, handle::Event::attach>(call);
    core.add_waiter(call);
  }
  return Handle(call);
}

bool remove_callback(FutureCore&, const Handle& handle) {
  CallCore* call = handle.core();
  if (!call || call->state() != handle::State::attached) return false;
  Handle(handle).cancel();
  return true;
}

AnyTask current_task() {
  TaskCore* task = running_kernel("current_task").current();
  return task ? AnyTask(*task) : AnyTask();
}

std::vector<AnyTask> all_tasks() {
  auto& list = running_kernel("all_tasks").tasks();
  std::vector<AnyTask> tasks;
  for (TaskCore* task = list.front(); task; task = list.after(*task)) tasks.emplace_back(*task);
  return tasks;
}

std::vector<Place> await_stack() {
  TaskCore* task = running_kernel("await_stack").current();
  if (!task || !task->details()) return {};
  return task->details()->await_stack;
}

}  // namespace rondo
