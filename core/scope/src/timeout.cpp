// SPDX-License-Identifier: BSL-1.0
// timeout.cpp - arming, expiring and leaving.
#include <rondo/timeout.hpp>

#include <string>

namespace rondo {

void Timeout::enter() {
  using machines::timeout::Event;
  if (state_ != machines::timeout::State::created) throw RuntimeError("the Timeout has already been entered");
  kernel_ = &running_kernel("timeout");
  if (!thread_slot.task) throw RuntimeError("timeout: must be used inside a task");
  task_ = Ref<TaskCore>(*thread_slot.task);
  baseline_ = task_->cancelling();
  if (limit_) when_ = after(kernel_->now(), *limit_);
  if (!when_) return fire<Event::enter_unlimited>(*this);
  if (*when_ <= kernel_->now()) return fire<Event::enter_late>(*this);
  return limit_ ? fire<Event::enter_later>(*this) : fire<Event::enter>(*this);
}

bool Timeout::leave() {
  if (state_ == machines::timeout::State::created) throw RuntimeError("leave: the Timeout has not been entered");
  if (state_ == machines::timeout::State::finished || state_ == machines::timeout::State::expired) {
    throw RuntimeError("leave: the Timeout was left before");
  }
  const bool expires = state_ == machines::timeout::State::expiring;
  fire<machines::timeout::Event::leave>(*this);
  return expires && task_->uncancel() <= baseline_;
}

void Timeout::reschedule(std::optional<Instant> when) {
  using machines::timeout::Event;
  if (state_ == machines::timeout::State::created) throw RuntimeError("the Timeout has not been entered");
  if (state_ != machines::timeout::State::active) {
    throw RuntimeError(std::string("cannot reschedule a Timeout that ") + (expired() ? "has expired" : "is finished"));
  }
  kernel_->check_thread("reschedule", static_cast<const FutureCore&>(*task_));
  when_ = when;
  if (!when_) return fire<Event::lift>(*this);
  return *when_ > kernel_->now() ? fire<Event::reschedule>(*this) : fire<Event::reschedule_late>(*this);
}

void Timeout::perform(machines::timeout::Do effect) {
  using machines::timeout::Do;
  switch (effect) {
    case Do::arm:
      kernel_->arm(*this, *when_);
      break;
    case Do::arm_later:
      kernel_->arm_in(*this, *limit_);
      break;
    case Do::move:
      kernel_->move(*this, *when_);
      break;
    case Do::post:
      kernel_->disarm(*this);
      kernel_->post(*this);
      break;
    case Do::cancel_task:
      static_cast<FutureCore&>(*task_).cancel(Message());
      break;
    case Do::disarm:
      kernel_->disarm(*this);
      break;
    case Do::nothing:
      break;
  }
}

template struct NoArrow<machines::timeout::Event>;

}  // namespace rondo
