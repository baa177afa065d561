// SPDX-License-Identifier: BSL-1.0
// countdown.cpp - see countdown.hpp.
#include <rondo/coro/countdown.hpp>

namespace rondo {

void Countdown::count(Ref<FutureCore>& future) {
  if (--left_ > 0) return;
  Kernel& kernel = future->kernel();
  if (last_) kernel.post(*last_);
  if (waiting_) kernel.wake(*waiting_);
}

}  // namespace rondo
