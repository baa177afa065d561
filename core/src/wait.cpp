// SPDX-License-Identifier: BSL-1.0
// wait.cpp - counting the members of a wait.
#include <rondo/wait.hpp>

namespace rondo {

void WaitCore::begin(std::size_t count) {
  stamp_ = kernel_->next_stamp();
  members_.reserve(count);
  if (options_.timeout) kernel_->arm(limit_, after(kernel_->now(), *options_.timeout));
}

void WaitCore::add(FutureCore& future) {
  if (!future.visit(stamp_)) return;
  members_.push_back(std::make_unique<WaitMember>(*this, future));
  ++left_;
  future.add_waiter(*members_.back());
}

void WaitMember::done() { wait->member_done(*future); }

void WaitCore::member_done(FutureCore& future) {
  if (left_ > 0) --left_;
  const bool failed = future.state() == future::State::failed;
  if (options_.return_when == ReturnWhen::first_exception && left_ > 0 && failed) future.mark_retrieved();
  const bool release = left_ == 0 || options_.return_when == ReturnWhen::first_completed ||
                       (options_.return_when == ReturnWhen::first_exception && failed);
  if (!release) return;
  kernel_->disarm(limit_);
  kernel_->wake(*this);
}

void WaitLimit::expire() { wait->kernel_->wake(*wait); }

}  // namespace rondo
