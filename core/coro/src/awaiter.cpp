// SPDX-License-Identifier: BSL-1.0
// awaiter.cpp - what a resumed await throws, and the refusals of futures.
#include <rondo/awaiter.hpp>

#include <cxxabi.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <typeinfo>

#include <rondo/kernel/text.hpp>
#include <rondo/kernel/words.hpp>
#include <rondo/task.hpp>

namespace rondo {

// The reason is decided by the step, not by who posted it (asyncio A10): a cancellation replaces value and error,
// unless what was awaited ended with a cancellation of its own, whose message is then the one delivered.
void Awaiter::deliver(FutureCore& awaited) {
  if (auto cancelled = pending_cancel(awaited)) throw CancelledError(std::move(*cancelled));
  if (awaited.pending()) std::rethrow_exception(misuse_of(awaited));
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

std::exception_ptr misuse_of(FutureCore& awaited) {
  TaskCore* task = thread_slot.task;
  std::string text = task ? describe(static_cast<FutureCore&>(*task)) : "a coroutine that is not rondo's";
  if (static_cast<FutureCore*>(task) == &awaited) {
    text += " cannot await itself";
  } else if (awaited.refuses_awaits()) {
    append(text, {" cannot await ", awaited, ", which has awaited itself"});
  } else {
    append(text, {" cannot await ", awaited, " of another loop"});
  }
  return std::make_exception_ptr(RuntimeError(text));
}

std::optional<Message> Awaiter::pending_cancel() {
  TaskCore& task = current();
  const std::uint8_t deliveries = task.take_deliveries();
  if (deliveries == 0) return std::nullopt;
  return task.delivered_message(deliveries);
}

void Awaiter::throw_cancelled() { throw CancelledError(*pending_cancel()); }

void Awaiter::throw_foreign_await() {
  throw RuntimeError("co_await outside a rondo task: only a Coro or an AsyncGenerator can await this");
}

void throw_empty_handle() { throw RuntimeError("the handle is empty: it was default-constructed or moved from"); }

void throw_empty_coro() {
  throw RuntimeError("the Coro is empty: it was awaited or made a task before, moved from, or default-constructed");
}

void throw_misplaced_frame(const char* function, Place place) {
  throw_error<RuntimeError>({function, " (", place,
                             ") cannot run: GCC 12 lays out its frame wrongly (PR 106188), as it awaits in a condition and "
                             "has no local variable; await into a variable first, see docs/gcc-12.md"});
}

void check_settable(FutureCore& core, const char* what) {
  if (core.kind() == WaitableKind::task) {
    throw_error<RuntimeError>({what, ": ", core, " sets its own result"});
  }
  if (core.done()) throw_error<InvalidStateError>({what, ": ", core, " is done already"});
}

void raise(FutureCore& core) {
  if (core.pending()) throw_error<InvalidStateError>({core, " is not done: it has no result yet"});
  inherit_await_stack(core);
  std::rethrow_exception(core.retrieve());
}

/// Each await begins the story anew, however often the same error is met.
void inherit_await_stack(FutureCore& core) noexcept {
  TaskCore* task = thread_slot.task;
  if (!task || core.state() != machines::future::State::failed) return;
  Story story = story_of(core);
  if (story.empty() && !task->details()) return;
  try {
    TaskCore::Details& to = task->make_details();
    to.error = core.result_core().error;
    to.story = std::move(story);
  } catch (...) {  // no memory for a story: the error itself goes on
  }
}

void note_failure(FrameCore& frame, ResultCore& result) noexcept {
  result.error = std::current_exception();
  const std::type_info* type = abi::__cxa_current_exception_type();
  const bool cancelled = type && *type == typeid(CancelledError);
  result.kind = cancelled ? ResultCore::Kind::cancelled : ResultCore::Kind::error;
  if (!thread_slot.task) return;
  if (cancelled && !thread_slot.kernel->debug()) return;  // a cancellation is ordinary, and a story costs three allocations
  thread_slot.task->note_error(result.error, frame.at);
}

void throw_loop_closed(const FutureCore& core, const char* what) {
  throw_error<RuntimeError>({what, ": the loop of ", core, " is closed"});
}

void check_same_loop(const FutureCore& core, const Kernel& kernel, const char* what) {
  if (&core.kernel() == &kernel) return;
  if (core.kernel().closed()) throw_loop_closed(core, what);
  throw_error<RuntimeError>({what, ": ", core, " is of another loop"});
}

void throw_strange_frame(std::coroutine_handle<> frame, const Kernel& home, const char* what) {
  const bool foreign = home.is_foreign_here();
  if (!foreign) frame.destroy();
  throw_error<RuntimeError>({what, ": the coroutine was made in another loop",
                             foreign ? ", of another thread, so its frame is leaked" : "",
                             "; make it where it will run, as run_coroutine_threadsafe() does"});
}

void drop_unstarted(std::coroutine_handle<> frame) noexcept {
  const Kernel* const home = FrameHead::of(frame.address()).kernel;
  if (home && home->leaks_here()) return home->report_leak("a coroutine that never ran");
  frame.destroy();
}

bool remove_callback(const Handle& handle) {
  CallCore* call = handle.core();
  if (!call || call->state() != machines::handle::State::attached) return false;
  call->cancel();
  return true;
}

AnyTask current_task() {
  running_kernel("current_task");
  TaskCore* task = thread_slot.task;
  return task ? AnyTask(*task) : AnyTask();
}

std::vector<AnyTask> all_tasks() {
  auto& list = running_kernel("all_tasks").tasks();
  std::vector<AnyTask> tasks;
  for (TaskCore* task = list.front(); task; task = list.after(*task)) tasks.emplace_back(*task);
  return tasks;
}

/// Tells an error from others without holding it: its object, its type and its text.
struct ErrorMark {
  const void* object = nullptr;  // null if it is no std::exception
  const std::type_info* type = nullptr;
  std::size_t text = 0;
  friend bool operator==(const ErrorMark&, const ErrorMark&) = default;
};

static ErrorMark mark_of(const std::exception_ptr& error) noexcept {
  ErrorMark mark;
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& caught) {
    mark = {&caught, &typeid(caught), 0};
    for (const char* at = caught.what(); *at; ++at) mark.text = mark.text * 31 + static_cast<unsigned char>(*at);
  } catch (...) {
    mark.type = abi::__cxa_current_exception_type();
  }
  return mark;
}

/// What the thread's last run has thrown, and how that came up. Without a destructor, since threads end without rondo.
struct LastRun {
  ErrorMark mark;
  std::size_t count = 0;
  std::size_t left_out = 0;
  Place places[2 * Story::kept];
};
constinit thread_local LastRun last_run;

void note_last_run(const std::exception_ptr& error, const AwaitStack& stack) noexcept {
  last_run.mark = error ? mark_of(error) : ErrorMark();
  last_run.count = std::min(stack.size(), std::size(last_run.places));
  last_run.left_out = stack.left_out;
  std::copy_n(stack.begin(), last_run.count, last_run.places);
}

static AwaitStack stack_of_last_run(const std::exception_ptr& handled) {
  AwaitStack stack;
  if (last_run.count == 0 || mark_of(handled) != last_run.mark) return stack;
  stack.assign(last_run.places, last_run.places + last_run.count);
  stack.left_out = last_run.left_out;
  return stack;
}

AwaitStack await_stack() {
  const std::exception_ptr handled = std::current_exception();
  if (!handled) return {};
  if (!thread_slot.kernel) return stack_of_last_run(handled);
  return thread_slot.task ? story_of(*thread_slot.task, handled).places() : AwaitStack();
}

}  // namespace rondo
