// SPDX-License-Identifier: BSL-1.0
// descriptor.cpp - see descriptor.hpp.
#include "descriptor.hpp"

#include <unistd.h>

namespace rondo {

void close_descriptor(Seam* seam, int descriptor) noexcept {
  if (seam) static_cast<void>(seam->before(SystemCall::close));
  ::close(descriptor);
}

}  // namespace rondo
