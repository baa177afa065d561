// SPDX-License-Identifier: BSL-1.0
// default_backend_io_uring.cpp - what run() uses in a library built with -Dloop_backend=io_uring.
#include <rondo/backends/io_uring.hpp>
#include <rondo/loop_backend.hpp>

namespace rondo {

std::unique_ptr<Backend> make_default_backend() { return std::make_unique<UringBackend>(); }

std::unique_ptr<Backend> loop_backend_is_io_uring::make_default_backend() { return rondo::make_default_backend(); }

}  // namespace rondo
