// SPDX-License-Identifier: BSL-1.0
// shield.cpp - two futures that tell each other what became of them, each one hop later.
#include <rondo/shield.hpp>

namespace rondo {

void ShieldCore::begin() {
  retain();  // what is protected keeps its shield until it is done
  kernel().combinators().push_back(*this);
  inner_entry_.shield = this;
  outer_entry_.shield = this;
  inner_->add_waiter(inner_entry_);
  add_waiter(outer_entry_);
}

void ShieldInner::inner_done() {
  ShieldCore& core = *shield;
  const Ref<FutureCore> held(core);
  FutureCore& inner = *core.inner_;
  if (core.done()) {
    if (!inner.was_cancelled()) inner.mark_retrieved();
  } else {
    core.take_over(inner);
  }
  core.let_go();
}

void ShieldOuter::outer_done() {
  if (shield->inner_ && !shield->inner_->done()) shield->let_go();
}

void ShieldCore::take_over(FutureCore& inner) {
  if (inner.was_cancelled()) {
    FutureCore::cancel(Message());
    return;
  }
  try {
    if (inner.state() == future::State::returned) {
      copy_value(inner);
      set_returned();
    } else {
      const auto kind = inner.result_core().kind;
      set_failed(inner.retrieve(), kind);
    }
  } catch (...) {
    set_failed(std::current_exception());
  }
}

void ShieldCore::let_go() noexcept {
  Combinator::unlink();
  if (inner_entry_.linked()) inner_entry_.unlink();
  if (outer_entry_.linked()) outer_entry_.unlink();  // posted or not, it has nothing to say any more
  inner_ = Ref<FutureCore>();
  release();
}

void ShieldCore::abandon() noexcept { let_go(); }

}  // namespace rondo
