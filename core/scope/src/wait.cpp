// SPDX-License-Identifier: BSL-1.0
// wait.cpp - counting the members of a wait.
#include <rondo/wait.hpp>

namespace rondo {

WaitCore::WaitCore(Kernel& kernel, WaitOptions options)
    : Parking(&waits), kernel_(&kernel), options_(options), limit_(*this) {}

void WaitCore::begin() {
  stamp_ = kernel_->next_stamp();
  if (options_.timeout) kernel_->arm_in(limit_, *options_.timeout);
}

void WaitCore::add(FutureCore& future) {
  if (!future.take_stamp(stamp_)) return;
  ++left_;
  members_.emplace_back(*this, future);
}

void WaitCore::member_done(Ref<FutureCore>& future) {
  if (left_ > 0) --left_;
  const bool failed = future->state() == machines::future::State::failed;
  if (options_.return_when == ReturnWhen::first_exception && left_ > 0 && failed) future->mark_retrieved();
  const bool release = left_ == 0 || options_.return_when == ReturnWhen::first_completed ||
                       (options_.return_when == ReturnWhen::first_exception && failed);
  if (!release) return;
  kernel_->disarm(limit_);
  kernel_->wake(*this);
}

}  // namespace rondo
