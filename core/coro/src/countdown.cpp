// SPDX-License-Identifier: BSL-1.0
// countdown.cpp - see countdown.hpp.
#include <rondo/coro/countdown.hpp>

#include <rondo/kernel/words.hpp>

namespace rondo {

void Countdown::count(Ref<FutureCore>& future) {
  if (--left_ > 0) return;
  Kernel& kernel = future->kernel();
  if (last_) kernel.post(*last_);
  if (waiting_) kernel.wake(*waiting_);
}

void Countdown::report_failures(const char* what, const char* subject) const {
  for_each([&](FutureCore& future) {
    future.mark_retrieved();
    if (future.ended_by_cancel() || future.state() == machines::future::State::returned) return;
    future.kernel().report({what, future.result_core().error, subject ? subject : describe(future), stack_of(future)});
  });
}

}  // namespace rondo
