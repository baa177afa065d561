// SPDX-License-Identifier: BSL-1.0
// error.hpp - what rondo throws. The names are asyncio's; errors of the operating system are std::system_error.
#pragma once

#include <rondo/kernel/language.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/kernel/message.hpp>
#include <rondo/kernel/story.hpp>

namespace rondo {

/// A task is asked to stop. Not a std::exception, as Python's is not an Exception: catch (const std::exception&)
/// cannot swallow a cancellation by accident. Let it pass, or catch it, clean up and rethrow.
class CancelledError final {
 public:
  CancelledError() = default;
  explicit CancelledError(Message message) noexcept : message_(std::move(message)) {}
  explicit CancelledError(std::string_view message) : message_(message) {}

  /// The text given to cancel(), or "".
  std::string_view message() const { return message_.text(); }
  const Message& shared_message() const { return message_; }

 private:
  Message message_;
};

/// Thrown by co_yield in an async generator that is being closed: leave, without another co_yield.
/// Not a std::exception, for the same reason as CancelledError.
class GeneratorExit final {};

/// run() was interrupted by Ctrl-C and the main task ended because of it. Not a std::exception.
class KeyboardInterrupt final {};
bool is_keyboard_interrupt(const std::exception_ptr& error);

/// A deadline passed: timeout(), wait_for(), as_completed().
class TimeoutError : public std::runtime_error {
 public:
  TimeoutError() : std::runtime_error("the deadline has passed") {}
  using std::runtime_error::runtime_error;
};

/// The operation does not fit the state of a future: no result yet, or one already.
class InvalidStateError : public std::logic_error {
  using std::logic_error::logic_error;
};

/// A call that is wrong where it stands: a coroutine awaited twice, run() inside run(), a task that awaits itself.
class RuntimeError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// aclose() of an async generator that was closed before and went on to another co_yield instead.
class StopAsyncIteration : public RuntimeError {
  using RuntimeError::RuntimeError;
};

/// The barrier is broken, or was broken or reset while this task was inside.
class BrokenBarrierError : public RuntimeError {
  using RuntimeError::RuntimeError;
};

/// Nothing is ready, no timer is armed, no operation is in flight, no outside source is open: no task will ever go on.
/// what() lists every task with what it waits for, and names the circle if there is one.
class DeadlockError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Several errors at once, in the order in which they happened; groups may hold groups. what() tells of the first 32,
/// of each at most 1 KiB, and as much of how it came up; exceptions() has them all.
class ExceptionGroup : public std::exception {
 public:
  ExceptionGroup(std::string_view message, std::vector<std::exception_ptr> exceptions,
                 std::vector<AwaitStack> stacks = {});

  const char* what() const noexcept override { return what_.c_str(); }
  std::string_view message() const { return message_; }
  const std::vector<std::exception_ptr>& exceptions() const { return exceptions_; }
  /// How each of them came up inside its task, innermost await first; as many as there are exceptions.
  const std::vector<AwaitStack>& await_stacks() const { return stacks_; }

 private:
  std::string message_;
  std::vector<std::exception_ptr> exceptions_;
  std::vector<AwaitStack> stacks_;
  std::string what_;
};

/// What an exception handler is told.
struct ErrorContext {
  std::string message;           // what happened
  std::exception_ptr exception;  // may be null
  std::string subject;           // the task, future or callback, with the place where it was made
  AwaitStack stack = {};         // how the exception came up through the frames of tasks, innermost await first
};

/// One line for any error: what() of a std::exception, the name and message of ours, "unknown exception" else.
std::string describe(const std::exception_ptr& error);

/// True if the error is a CancelledError. Costs a throw and a catch.
bool is_cancelled_error(const std::exception_ptr& error) noexcept;

/// The message of the CancelledError in `error`. Costs a throw and a catch.
Message cancel_message(const std::exception_ptr& error) noexcept;

}  // namespace rondo
