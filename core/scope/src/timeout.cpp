// SPDX-License-Identifier: BSL-1.0
// timeout.cpp - arming, expiring and leaving.
#include <rondo/timeout.hpp>

#include <string>

namespace rondo {

void Timeout::enter() {
  if (state_ != machines::timeout::State::created) throw RuntimeError("the Timeout has already been entered");
  kernel_ = &running_kernel("timeout");
  if (!thread_slot.task) throw RuntimeError("timeout: must be used inside a task");
  task_ = Ref<TaskCore>(*thread_slot.task);
  baseline_ = task_->cancelling();
  if (limit_) when_ = after(kernel_->now(), *limit_);
  fire<machines::timeout::Event::enter>(*this);
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
  if (state_ == machines::timeout::State::created) throw RuntimeError("the Timeout has not been entered");
  if (state_ != machines::timeout::State::active) {
    throw RuntimeError(std::string("cannot reschedule a Timeout that ") + (expired() ? "has expired" : "is finished"));
  }
  when_ = when;
  fire<machines::timeout::Event::reschedule>(*this);
}

/// For the limit that it was made with, which counts from now.
void Timeout::arm() {
  if (!when_) return;
  if (*when_ <= kernel_->now()) {
    kernel_->post(*this);
  } else if (limit_) {
    kernel_->arm_in(*this, *limit_);
  } else {
    kernel_->arm(*this, *when_);
  }
}

/// To when_, wherever it stands: among the timers, in the ready queue, or nowhere.
void Timeout::move() {
  const bool later = when_ && *when_ > kernel_->now();
  if (later && armed()) return kernel_->move(*this, *when_);
  kernel_->disarm(*this);
  if (later) {
    kernel_->arm(*this, *when_);
  } else if (when_) {
    kernel_->post(*this);
  }
}

void Timeout::perform(machines::timeout::Do effect) {
  switch (effect) {
    case machines::timeout::Do::arm:
      arm();
      break;
    case machines::timeout::Do::move:
      move();
      break;
    case machines::timeout::Do::cancel_task:
      static_cast<FutureCore&>(*task_).cancel(Message());
      break;
    case machines::timeout::Do::disarm:
      kernel_->disarm(*this);
      break;
    case machines::timeout::Do::nothing:
      break;
  }
}

}  // namespace rondo
