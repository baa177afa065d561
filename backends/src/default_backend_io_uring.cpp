// SPDX-License-Identifier: BSL-1.0
// default_backend_io_uring.cpp - what run() uses in a library built with -Dloop_backend=io_uring.
#include <rondo/backends/io_uring.hpp>

namespace rondo {

std::unique_ptr<Backend> make_default_backend() { return std::make_unique<UringBackend>(); }

}  // namespace rondo
