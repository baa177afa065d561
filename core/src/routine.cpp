// SPDX-License-Identifier: BSL-1.0
// routine.cpp - how a task written by hand sleeps.
#include <rondo/routine.hpp>

namespace rondo {

void RoutineSleep::begin(Kernel& kernel, FrameCore& frame, Duration delay) {
  kernel.arm(*this, after(kernel.now(), delay));
  kernel.suspend(frame, static_cast<Parking&>(*this));
}

}  // namespace rondo
