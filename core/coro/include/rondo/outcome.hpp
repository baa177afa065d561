// SPDX-License-Identifier: BSL-1.0
// outcome.hpp - how something ended: value, error or cancelled, without throwing.
#pragma once

#include <exception>
#include <string_view>
#include <utility>
#include <variant>

#include <rondo/error.hpp>
#include <rondo/kernel/result.hpp>

namespace rondo {

/// value | exception | cancelled. What `co_await as_outcome(aw)` and gather(return_exceptions, ...) give.
template <class T>
class Outcome {
  using Value = ValueOf<T>;
  struct Cancelled {
    Message message;
    std::exception_ptr error;  // set when a CancelledError was really thrown
  };

 public:
  using value_type = T;

  static Outcome of_value(Value value) { return Outcome(State(std::in_place_index<0>, std::move(value))); }
  static Outcome of_error(std::exception_ptr error) { return Outcome(State(std::in_place_index<1>, std::move(error))); }
  static Outcome of_cancelled(Message message) {
    return Outcome(State(std::in_place_index<2>, Cancelled{std::move(message), nullptr}));
  }
  static Outcome of_cancelled(std::exception_ptr error) {
    return Outcome(State(std::in_place_index<2>, Cancelled{Message(), std::move(error)}));
  }

  bool has_value() const { return state_.index() == 0; }
  bool failed() const { return state_.index() == 1; }
  bool cancelled() const { return state_.index() == 2; }
  explicit operator bool() const { return has_value(); }

  /// The value; throws the error, or CancelledError.
  Value& value() & {
    raise();
    return *std::get_if<0>(&state_);
  }
  const Value& value() const& {
    raise();
    return *std::get_if<0>(&state_);
  }
  Value value() && {
    raise();
    return std::move(*std::get_if<0>(&state_));
  }

  /// The error, or null. A cancellation is not an error: see cancelled().
  std::exception_ptr error() const { return failed() ? *std::get_if<1>(&state_) : nullptr; }

  /// What raise() would throw: the error, or a CancelledError; null if there is a value.
  std::exception_ptr exception() const {
    const auto* cancelled = std::get_if<2>(&state_);
    if (!cancelled) return error();
    return cancelled->error ? cancelled->error : std::make_exception_ptr(CancelledError(cancelled->message));
  }

  /// The text of the cancellation, or "" (also when this is none).
  std::string_view message() const {
    const auto* cancelled = std::get_if<2>(&state_);
    if (!cancelled) return {};
    if (cancelled->error && cancelled->message.empty()) return cancel_text(cancelled->error);
    return cancelled->message.text();
  }

  /// Throws what is not a value.
  void raise() const {
    if (const auto* error = std::get_if<1>(&state_)) std::rethrow_exception(*error);
    if (const auto* cancelled = std::get_if<2>(&state_)) {
      if (cancelled->error) std::rethrow_exception(cancelled->error);
      throw CancelledError(cancelled->message);
    }
  }

 private:
  using State = std::variant<Value, std::exception_ptr, Cancelled>;
  explicit Outcome(State state) : state_(std::move(state)) {}
  /// The text lives in the exception, which we hold.
  static std::string_view cancel_text(const std::exception_ptr& error) { return cancel_message(error).text(); }

  State state_;
};

}  // namespace rondo
