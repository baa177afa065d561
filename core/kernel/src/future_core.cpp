// SPDX-License-Identifier: BSL-1.0
// future_core.cpp - how futures fail, and what is read of a failure.
#include <rondo/kernel/future_core.hpp>

#include <utility>

#include <rondo/kernel/words.hpp>

namespace rondo {

void FutureCore::set_failed(std::exception_ptr error) {
  const auto kind = is_cancelled_error(error) ? ResultCore::Kind::cancelled : ResultCore::Kind::error;
  set_failed(std::move(error), kind);
}

void FutureCore::set_failed(std::exception_ptr error, ResultCore::Kind kind) {
  result_->kind = kind;
  result_->error = std::move(error);
  fire<machines::future::Event::set_exception>(*this);
}

bool FutureCore::cancel(const Message& message) { return kernel_->cancel(*this, message); }

std::exception_ptr FutureCore::retrieve() {
  unretrieved_ = false;
  if (!was_cancelled()) return result_->error;
  if (result_->error) return std::exchange(result_->error, nullptr);
  return std::make_exception_ptr(CancelledError(message_));
}

void FutureBlock::take_story(const FutureCore& failed) noexcept { story_ = story_of(failed); }

template struct NoArrow<machines::future::Event>;

}  // namespace rondo
