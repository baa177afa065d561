// SPDX-License-Identifier: BSL-1.0
// inbox.cpp - see inbox.hpp.
#include <rondo/backends/inbox.hpp>

#include <utility>

namespace rondo {

Inbox::~Inbox() {
  for (const Input& input : inputs_) {
    if (input.call) input.call->release();
  }
}

bool Inbox::put(const Input& input) {
  const std::lock_guard lock(mutex_);
  inputs_.push_back(input);
  return std::exchange(asleep_, false);
}

void Inbox::take(std::vector<Input>& inputs) {
  const std::lock_guard lock(mutex_);
  inputs.insert(inputs.end(), inputs_.begin(), inputs_.end());
  inputs_.clear();
  asleep_ = false;
}

bool Inbox::fall_asleep() {
  const std::lock_guard lock(mutex_);
  asleep_ = inputs_.empty();
  return asleep_;
}

void Inbox::wake_up() {
  const std::lock_guard lock(mutex_);
  asleep_ = false;
}

}  // namespace rondo
