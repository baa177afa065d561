// SPDX-License-Identifier: BSL-1.0
// timeout.cpp - arming, expiring and leaving.
#include <rondo/timeout.hpp>

#include <string>

namespace rondo {

void Timeout::enter() {
  if (state_ != timeout_machine::State::created) throw RuntimeError("the Timeout has already been entered");
  kernel_ = &running_kernel("timeout");
  if (!kernel_->current()) throw RuntimeError("timeout: must be used inside a task");
  task_ = Ref<TaskCore>(*kernel_->current());
  baseline_ = task_->cancelling();
  fire<timeout_machine::diagram, timeout_machine::Event::enter>(*this);
}

bool Timeout::leave() {
  fire<timeout_machine::diagram, timeout_machine::Event::leave>(*this);
  return ours_;
}

void Timeout::reschedule(std::optional<Instant> when) {
  if (state_ == timeout_machine::State::created) throw RuntimeError("the Timeout has not been entered");
  if (state_ != timeout_machine::State::active) {
    throw RuntimeError(std::string("cannot reschedule a Timeout that ") + (expired() ? "has expired" : "is finished"));
  }
  when_ = when;
  fire<timeout_machine::diagram, timeout_machine::Event::reschedule>(*this);
}

void Timeout::perform(timeout_machine::Do effect) {
  switch (effect) {
    case timeout_machine::Do::arm:
      if (when_ && *when_ > kernel_->now() && armed()) {
        kernel_->timers().move(*this, *when_);
        break;
      }
      kernel_->disarm(*this);
      if (!when_) break;
      if (*when_ <= kernel_->now()) {
        kernel_->post(*this);
      } else {
        kernel_->arm(*this, *when_);
      }
      break;
    case timeout_machine::Do::cancel_task:
      static_cast<FutureCore&>(*task_).cancel(Message());
      break;
    case timeout_machine::Do::disarm:
      kernel_->disarm(*this);
      break;
    case timeout_machine::Do::withdraw:
      ours_ = task_->uncancel() <= baseline_;
      break;
  }
}

}  // namespace rondo
