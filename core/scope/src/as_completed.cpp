// SPDX-License-Identifier: BSL-1.0
// as_completed.cpp - the queue between the members that are done and the tasks that ask.
#include <rondo/as_completed.hpp>

namespace rondo {

bool GetterAwaiter::await_ready() const noexcept { return core_->has_item(); }

Parking& GetterAwaiter::park() {
  core_->wait(*this);
  return *this;
}

/// Woken, but cancelled before it could take an item: the next one is woken instead.
void GetterAwaiter::resumed() {
  if (!pending() && !was_cancelled() && current().deliveries() != 0 && core_->has_item()) core_->wake_next();
}

void CompletionCore::begin(const std::vector<Ref<FutureCore>>& members, Limit timeout) {
  if (todo_ == 0) return;
  retain();  // its own reference, until all members are done or the deadline has passed
  kernel_->residents().push_back(*this);
  if (timeout) kernel_->arm_in(limit_, *timeout);
  for (const auto& member : members) members_.emplace_back(*this, *member);
}

void CompletionCore::member_done(Ref<FutureCore>& member) {
  put(std::move(member));
  if (--todo_ == 0) end();
}

/// Members whose entry has not run, done or not, count as too late.
void CompletionCore::expire() {
  members_.clear();
  for (; todo_ > 0; --todo_) put(Ref<FutureCore>());
  end();
}

void CompletionCore::abandon() noexcept {
  members_.clear();
  end();
}

void CompletionCore::end() noexcept {
  Resident::unlink();
  kernel_->disarm(limit_);
  release();
}

void CompletionCore::put(Ref<FutureCore> item) {
  items_.push_back(std::move(item));
  wake_next();
}

void CompletionCore::wake_next() {
  while (!getters_.empty()) {
    GetterAwaiter& getter = getters_.pop_front();
    if (getter.pending()) return kernel_->wake(getter);
  }
}

Ref<FutureCore> CompletionCore::take_item() {
  Ref<FutureCore> item = std::move(items_.front());
  items_.pop_front();
  return item;
}

}  // namespace rondo
