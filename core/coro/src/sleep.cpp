// SPDX-License-Identifier: BSL-1.0
// sleep.cpp - the two ends of a sleep.
#include <rondo/sleep.hpp>

#include <rondo/error.hpp>

namespace rondo {

void SleepWait::begin(FrameCore& frame) {
  if (begun_) throw RuntimeError("this sleep was awaited before: call sleep() for each await");
  Kernel& kernel = *thread_slot.kernel;
  const Duration delay = delay_;
  ::new (&core_) SleepCore;
  begun_ = true;
  kernel.arm_in(core_, delay);
  kernel.suspend(frame, core_);
}

void SleepWait::end() noexcept {
  if (TaskCore* task = core_.task()) task->kernel().disarm(core_);
  core_.~SleepCore();
}

}  // namespace rondo
