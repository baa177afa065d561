// SPDX-License-Identifier: BSL-1.0
// as_completed.cpp - the queue between the members that are done and the tasks that ask.
#include <rondo/as_completed.hpp>

namespace rondo {

void CompletionCore::begin(const std::vector<Ref<FutureCore>>& members, std::optional<Duration> timeout) {
  kernel_->combinators().push_back(*this);
  members_ = std::make_unique<CompletionMember[]>(members.size());
  count_ = todo_ = left_ = members.size();
  if (count_ > 0 && timeout) {
    kernel_->arm(limit_, after(kernel_->now(), *timeout));
    retain();
  }
  for (std::size_t i = 0; i < count_; ++i) {
    members_[i].core = this;
    members_[i].future = members[i];
    retain();
    members[i]->add_waiter(members_[i]);
  }
}

void CompletionMember::done() {
  const Ref<CompletionCore> shared = Ref<CompletionCore>::adopt(*core);  // the entry's reference
  --shared->todo_;
  shared->put(std::move(future));
  if (shared->todo_ == 0) shared->disarm_limit();
}

/// Members whose entry has not run, done or not, count as too late.
void CompletionLimit::expire() {
  const Ref<CompletionCore> shared = Ref<CompletionCore>::adopt(*core);  // the timer's reference
  for (std::size_t i = 0; i < shared->count_; ++i) {
    CompletionMember& member = shared->members_[i];
    if (member.linked()) shared->forget_member(member);
  }
  for (; shared->todo_ > 0; --shared->todo_) shared->put(Ref<FutureCore>());
}

void CompletionCore::forget_member(CompletionMember& member) {
  member.unlink();
  member.future = Ref<FutureCore>();
  release();
}

void CompletionCore::disarm_limit() {
  if (!limit_.armed() && !limit_.linked()) return;
  kernel_->disarm(limit_);
  --references_;  // the timer's, never the last: whoever calls holds one
}

void CompletionCore::abandon() noexcept {
  const Ref<CompletionCore> held(*this);
  Combinator::unlink();
  for (std::size_t i = 0; i < count_; ++i) {
    if (members_[i].linked()) forget_member(members_[i]);
  }
  disarm_limit();
}

CompletionCore::~CompletionCore() {
  if (Combinator::linked()) Combinator::unlink();
}

void CompletionCore::put(Ref<FutureCore> item) {
  items_.push_back(std::move(item));
  wake_next();
}

void CompletionCore::wake_next() {
  while (!getters_.empty()) {
    Getter& getter = getters_.pop_front();
    if (getter.pending()) return kernel_->wake(getter);
  }
}

Ref<FutureCore> CompletionCore::take_item() {
  Ref<FutureCore> item = std::move(items_.front());
  items_.pop_front();
  return item;
}

void CompletionCore::leave(Getter& getter) {
  if (getter.Link<GetterTag>::linked()) getter.Link<GetterTag>::unlink();
}

}  // namespace rondo
