// SPDX-License-Identifier: BSL-1.0
// task_core.cpp - names, withdrawn cancellations, and what a task does seldom.
#include <rondo/kernel/task_core.hpp>

#include <rondo/kernel/kernel.hpp>

namespace rondo {

std::string TaskCore::name() const { return has_name() ? details_->name : "Task-" + std::to_string(id()); }

void TaskCore::set_name(std::string_view name) { make_details().name = name; }

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
  if (!kernel_->cancel(*awaiting_, message)) fire<machines::task::Event::refuse>(*this, message);
}

void TaskCore::publish_failure(machines::task::Do how) {
  auto& future = static_cast<FutureCore&>(*this);
  if (how == machines::task::Do::publish_error) return fire<machines::future::Event::set_exception>(future);
  if (how == machines::task::Do::publish_cancelled) message_ = Message();  // the text is in the error, handed out once
  fire<machines::future::Event::cancel>(future);
}

void TaskCore::perform(machines::task::Do effect, const Message& message) {
  if (effect == machines::task::Do::nothing) return;
  if (effect == machines::task::Do::withdraw) {
    if (Entry::linked()) Entry::unlink();
    kernel_->post(*this);
  }
  message_ = message;
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

}  // namespace rondo
