// SPDX-License-Identifier: BSL-1.0
// call_core.cpp - the ways of a callback to its turn, and the turn.
#include <rondo/kernel/call_core.hpp>

#include <rondo/kernel/words.hpp>

namespace rondo {

void CallCore::perform(machines::handle::Do effect) {
  using machines::handle::Do;
  switch (effect) {
    case Do::enqueue:
      kernel_->post(*this);
      break;
    case Do::arm:
      kernel_->arm(*this, when_);
      break;
    case Do::arm_later:
      kernel_->arm_in(*this, when_ - kernel_->now());
      break;
    case Do::drop:
      kernel_->disarm(*this);
      drop();
      subject_ = Ref<FutureCore>();
      release();
      break;
    case Do::nothing:
      break;
  }
}

void CallCore::post() {
  id_ = kernel_->next_id();
  fire<machines::handle::Event::post>(*this);
}

void CallCore::post_to(Kernel& kernel) {
  kernel_ = &kernel;
  post();
}

template <machines::handle::Event event>
void CallCore::begin(Instant when) try {
  id_ = kernel_->next_id();
  when_ = when;
  fire<event>(*this);
} catch (...) {
  release();
  throw;
}

void CallCore::arm(Instant when) { begin<machines::handle::Event::arm>(when); }

void CallCore::arm_in(Duration delay) { begin<machines::handle::Event::arm_later>(after(kernel_->now(), delay)); }

void CallCore::attach_to(FutureCore& future) {
  if (future.done()) {
    subject_ = Ref<FutureCore>(future);
    return post();
  }
  id_ = kernel_->next_id();
  fire<machines::handle::Event::attach>(*this);
  future.add_waiter(*this);
}

/// One that has run, or was dropped by a loop that is gone, knows no living loop.
void CallCore::cancel_from_handle() {
  using machines::handle::State;
  if (state_ != State::ran && state_ != State::cancelled) kernel_->check_thread("cancel", *this);
  cancel();
}

void CallCore::due(FutureCore& future) {
  subject_ = Ref<FutureCore>(future);
  due();
}

void CallCore::run_entry(Hook& hook) {
  auto& call = static_cast<CallCore&>(hook);
  const Ref<CallCore> held = Ref<CallCore>::adopt(call);  // the queue's reference
  fire<machines::handle::Event::run>(call);
  call.kernel_->mix(call.id_);
  thread_slot.context = &call.context_;
  try {
    call.invoke();
  } catch (...) {
    call.kernel_->report({"a callback threw an exception", std::current_exception(), describe(call)});
  }
  call.subject_ = Ref<FutureCore>();
  thread_slot.context = nullptr;
}

template struct NoArrow<machines::handle::Event>;

}  // namespace rondo
