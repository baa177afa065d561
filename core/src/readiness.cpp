// SPDX-License-Identifier: BSL-1.0
// readiness.cpp - the life of one wait for a descriptor.
#include <rondo/readiness.hpp>

namespace rondo {

void ReadinessAwaiter::begin(FrameCore& frame) {
  Kernel& kernel = *here.kernel;
  Output output;
  output.kind = kind_;
  output.handle = descriptor_;
  kernel.operations().start(*this, output);
  kernel.suspend(frame, static_cast<Parking&>(*this));
}

ReadinessAwaiter::~ReadinessAwaiter() {
  if (in_flight()) task()->kernel().operations().abandon(*this);
  if (Entry::linked()) Entry::unlink();
}

void ReadinessAwaiter::await_resume() {
  check_delivery();
  if (result() < 0) throw std::system_error(-result(), std::generic_category(), "cannot wait for the descriptor");
}

Outcome<void> ReadinessAwaiter::outcome() {
  if (auto cancelled = pending_cancel()) {
    return Outcome<void>::of_cancelled(std::move(*cancelled));
  }
  try {
    await_resume();
    return Outcome<void>::of_value({});
  } catch (...) {
    return Outcome<void>::of_error(std::current_exception());
  }
}

}  // namespace rondo
