// SPDX-License-Identifier: BSL-1.0
// readiness.cpp - the life of one wait for a descriptor.
#include <rondo/readiness.hpp>

#include <cerrno>
#include <string>

#include <rondo/kernel/facilities.hpp>

namespace rondo {

void ReadinessAwaiter::begin(FrameCore& frame) {
  facilities::readiness();
  Kernel& kernel = *thread_slot.kernel;
  Output output;
  output.kind = kind_;
  output.handle = descriptor_;
  kernel.operations().start(*this, output);
  kernel.suspend(frame, static_cast<Parking&>(*this));
}

ReadinessAwaiter::~ReadinessAwaiter() {
  if (task()) task()->kernel().operations().abandon(*this);
}

void ReadinessAwaiter::take() {
  if (result() >= 0) return;
  const std::string descriptor = std::to_string(descriptor_);
  if (result() == -EEXIST) {
    throw RuntimeError("descriptor " + descriptor + " is a socket of this loop's, which waits by itself: use its " +
                       "recv(), accept() or send(), or give readable() and writable() a dup() of it");
  }
  throw std::system_error(-result(), std::generic_category(), "cannot wait for descriptor " + descriptor);
}

}  // namespace rondo
