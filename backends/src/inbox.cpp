// SPDX-License-Identifier: BSL-1.0
// inbox.cpp - see inbox.hpp.
#include <rondo/backends/inbox.hpp>

#include <utility>

#include <rondo/backends/foreign_memory.hpp>

namespace rondo {
namespace {

Input first_of(EntryList& calls) { return Input::post(static_cast<CallCore&>(calls.pop_front())); }

}  // namespace

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

void Inbox::wake_loop() {
  if (std::exchange(asleep_, false)) wake_(who_);
}

Poster::Block Inbox::allocate(std::size_t size) { return {allocate_foreign(size), &free_foreign}; }

void Inbox::post(CallCore& call) noexcept {
  const std::lock_guard lock(mutex_);
  arrived_.calls.push_back(call);
  ++arrived_.count;
  wake_loop();
}

void Inbox::complete(OperationId id, std::int32_t result) {
  const std::lock_guard lock(mutex_);
  arrived_.completed.push_back({id, result, arrived_.count});
  wake_loop();
}

void Inbox::take(std::vector<Input>& inputs) {
  {
    const std::lock_guard lock(mutex_);
    asleep_ = false;
    if (arrived_.empty()) return;
    inputs.reserve(inputs.size() + arrived_.count + arrived_.completed.size());  // from here on nothing fails
    taken_.calls.take_all(arrived_.calls);
    taken_.completed.swap(arrived_.completed);
    arrived_.count = 0;
  }
  std::size_t calls = 0;
  for (const Completed& completed : taken_.completed) {
    for (; calls < completed.behind; ++calls) inputs.push_back(first_of(taken_.calls));
    inputs.push_back(Input::completion(completed.id, completed.result));
  }
  while (!taken_.calls.empty()) inputs.push_back(first_of(taken_.calls));
  taken_.completed.clear();
}

void Inbox::take_posts(std::vector<Input>& posts) {
  const std::lock_guard lock(mutex_);
  posts.reserve(posts.size() + arrived_.count);  // from here on nothing fails
  while (!arrived_.calls.empty()) posts.push_back(first_of(arrived_.calls));
  arrived_.count = 0;
  for (Completed& completed : arrived_.completed) completed.behind = 0;
}

bool Inbox::fall_asleep() {
  const std::lock_guard lock(mutex_);
  asleep_ = arrived_.empty();
  return asleep_;
}

}  // namespace rondo
