// SPDX-License-Identifier: BSL-1.0
// task_core.cpp - names, withdrawn cancellations, and what a task does seldom.
#include <rondo/kernel/task_core.hpp>

#include <rondo/kernel/kernel.hpp>
#include <rondo/kernel/text.hpp>

namespace rondo {

std::string TaskCore::name() const { return has_name() ? details_->name : text_of({"Task-", id()}); }

void TaskCore::set_name(std::string_view name) { make_details().name = text_of({name}); }

TaskCore::Details& TaskCore::make_details() {
  if (!details_) details_.reset(new Details);
  return *details_;
}

void TaskNotes::Delete::operator()(Details* details) const noexcept { delete details; }

std::uint32_t TaskCore::uncancel() {
  const bool last = cancel_requests_ > 0 && --cancel_requests_ == 0;
  if (last && must_cancel()) fire<machines::task::Event::uncancel>(*this);
  return cancel_requests_;
}

void TaskCore::park_and_cancel() {
  park();
  const Message message = message_;
  if (!kernel_->cancel(*awaiting_, message)) fire<machines::task::Event::refuse>(*this, &message);
}

void TaskCore::withdraw(const Message& message) {
  if (Entry::linked()) Entry::unlink();
  kernel_->post(*this);
  message_ = message;
}

void TaskCore::publish_error() { fire<machines::future::Event::set_exception>(static_cast<FutureCore&>(*this)); }

void TaskCore::publish_cancelled(const Message& message) {
  message_ = message;
  fire<machines::future::Event::cancel>(static_cast<FutureCore&>(*this));
}

const Message& TaskCore::delivered_message(std::uint8_t deliveries) const {
  return deliveries & deliver_wait ? static_cast<const Parking*>(awaiting_)->message() : message();
}

void TaskCore::note_error(const std::exception_ptr& error, Place place) noexcept {
  try {
    Details& details = make_details();
    if (details.error != error) {
      details.error = error;
      details.story = Story();
    }
    if (place) details.story.add(place);
  } catch (...) {  // no memory for the story of an error: the error itself goes on
  }
}

template struct NoArrow<machines::task::Event>;

}  // namespace rondo
