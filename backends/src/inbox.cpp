// SPDX-License-Identifier: BSL-1.0
// inbox.cpp - see inbox.hpp.
#include <rondo/backends/inbox.hpp>

#include <utility>

namespace rondo {

Inbox::Inbox() = default;

Inbox::~Inbox() {
  for (const Input& input : inputs_) {
    if (input.call) input.call->release();
  }
}

void Inbox::put(const Input& input, void (*wake)(void* who), void* who) {
  const std::lock_guard lock(mutex_);
  inputs_.push_back(input);
  if (std::exchange(asleep_, false)) wake(who);
  arrived_.notify_one();
}

bool Inbox::put(const Input& input) {
  bool must_wake = false;
  put(input, [](void* flag) { *static_cast<bool*>(flag) = true; }, &must_wake);
  return must_wake;
}

void Inbox::wait() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [this] { return !inputs_.empty(); });
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

}  // namespace rondo
