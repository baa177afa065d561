// SPDX-License-Identifier: BSL-1.0
// default_backend_libevent.cpp - what run() uses in a library built with -Dloop_backend=libevent.
#include <rondo/backends/libevent.hpp>
#include <rondo/loop_backend.hpp>

namespace rondo {

std::unique_ptr<Backend> make_default_backend() { return std::make_unique<LibeventBackend>(); }

std::unique_ptr<Backend> loop_backend_is_libevent::make_default_backend() { return rondo::make_default_backend(); }

}  // namespace rondo
