// SPDX-License-Identifier: BSL-1.0
// default_backend_io_uring.cpp - what run() uses in a program that was compiled for -Dloop_backend=io_uring.
#include <rondo/backends/io_uring.hpp>

namespace rondo::loop_backend_is_io_uring {

std::unique_ptr<Backend> make_default_backend();
std::unique_ptr<Backend> make_default_backend() { return std::make_unique<UringBackend>(); }

}  // namespace rondo::loop_backend_is_io_uring
