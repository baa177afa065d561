// SPDX-License-Identifier: BSL-1.0
// shield.cpp - two futures that tell each other what became of them, each one hop later.
#include <rondo/shield.hpp>

namespace rondo {

void ShieldCore::begin() {
  retain();  // what is protected keeps its shield until it is done
  kernel().residents().push_back(*this);
  inner_->add_waiter(inner_hook_);
  add_waiter(outer_hook_);
}

void ShieldCore::inner_done() {
  const Ref<FutureCore> held(*this);
  FutureCore& inner = *inner_;
  if (done()) {
    if (!inner.was_cancelled()) inner.mark_retrieved();
  } else {
    take_over(inner);
  }
  let_go();
}

void ShieldCore::outer_done() {
  if (inner_ && !inner_->done()) let_go();
}

void ShieldCore::take_over(FutureCore& inner) {
  if (inner.was_cancelled()) {
    FutureCore::cancel(Message());
    return;
  }
  try {
    if (inner.state() == machines::future::State::returned) {
      copy_value(inner);
      set_returned();
    } else {
      const auto kind = inner.result_core().kind;
      take_story(inner);
      set_failed(inner.retrieve(), kind);
    }
  } catch (...) {
    set_failed(std::current_exception());
  }
}

void ShieldCore::let_go() noexcept {
  Resident::unlink();
  inner_hook_.withdraw();
  outer_hook_.withdraw();  // posted or not, it has nothing to say any more
  inner_ = Ref<FutureCore>();
  release();
}

}  // namespace rondo
