// SPDX-License-Identifier: BSL-1.0
// gather.cpp - counting the children of a gather.
#include <rondo/future.hpp>
#include <rondo/scope/gather_core.hpp>

namespace rondo {

void GatherCore::give_up(std::span<ForkChild> children) {
  for (ForkChild& child : children) child.future->release();
}

void GatherCore::begin(std::span<ForkChild> children) {
  for (const ForkChild& child : children) {
    if (&child.future->kernel() == &kernel()) [[likely]] continue;
    const Ref<FutureCore> stranger(*child.future);
    give_up(children);
    check_same_loop(*stranger, kernel(), "gather");
  }
  children_ = children;
  retain();  // the children's reference, until the last has ended
  kernel().residents().push_back(*this);
  const std::uint64_t stamp = kernel().next_stamp();
  bool any_done = false;
  for (ForkChild& child : children_) {
    child.fork = this;
    if (!child.future->take_stamp(stamp)) continue;
    ++distinct_;
    if (child.future->done()) {
      any_done = true;
    } else {
      child.future->add_waiter(child);
    }
  }
  if (any_done) {
    const std::uint64_t counted = kernel().next_stamp();
    for (ForkChild& child : children_) {
      if (!child.linked() && child.future->done() && child.future->take_stamp(counted)) count(*child.future);
    }
  }
  if (finished_ == distinct_) {
    if (distinct_ == 0) finish();
    let_go();
  }
}

void GatherCore::child_done(ForkChild& child) {
  count(*child.future);
  if (finished_ == distinct_) let_go();
}

void GatherCore::count(FutureCore& child) {
  ++finished_;
  if (done()) {
    child.mark_retrieved();
    return;
  }
  if (!return_exceptions_ && child.state() != machines::future::State::returned) {
    const auto kind = child.was_cancelled() ? ResultCore::Kind::cancelled : child.result_core().kind;
    take_story(child);
    return set_failed(child.retrieve(), kind);
  }
  if (finished_ < distinct_) return;
  if (cancel_requested) {  // asyncio asks the child in the last position, whichever was the last to end
    FutureCore& last = *children_.back().future;
    auto error = last.was_cancelled() ? last.retrieve() : std::make_exception_ptr(CancelledError(last.message()));
    return set_failed(std::move(error), ResultCore::Kind::cancelled);
  }
  finish();
}

void GatherCore::finish() {
  try {
    collect();
  } catch (...) {
    return set_failed(std::current_exception());
  }
  set_returned();
}

/// All children have ended: the gather needs them no longer, nor they it.
void GatherCore::let_go() noexcept {
  Link<ResidentTag>::unlink();
  for (ForkChild& child : children_) {
    child.withdraw();
    child.future->release();
  }
  children_ = {};
  release();
}

}  // namespace rondo
