// SPDX-License-Identifier: BSL-1.0
// inbox.cpp - see inbox.hpp.
#include <rondo/backends/inbox.hpp>

#include <utility>

namespace rondo {

/// What a call destroys may end something that others post for: until then they may.
Inbox::~Inbox() {
  for (;;) {
    std::vector<Input> left;
    take(left);
    if (left.empty()) return;
    for (const Input& input : left) {
      if (input.call) input.call->release();
    }
  }
}

void Inbox::put(const Input& input) {
  const std::lock_guard lock(mutex_);
  inputs_.push_back(input);
  if (std::exchange(asleep_, false)) wake_(who_);
  arrived_.notify_one();
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

void Inbox::take_posts(std::vector<Input>& posts) {
  const std::lock_guard lock(mutex_);
  posts.reserve(posts.size() + inputs_.size());  // from here on nothing fails
  auto kept = inputs_.begin();
  for (const Input& input : inputs_) {
    if (input.type == Input::Type::post) {
      posts.push_back(input);
    } else {
      *kept++ = input;
    }
  }
  inputs_.erase(kept, inputs_.end());
}

bool Inbox::fall_asleep() {
  const std::lock_guard lock(mutex_);
  asleep_ = inputs_.empty();
  return asleep_;
}

}  // namespace rondo
