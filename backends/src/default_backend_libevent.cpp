// SPDX-License-Identifier: BSL-1.0
// default_backend_libevent.cpp - what run() uses in a program that was compiled for -Dloop_backend=libevent.
#include <rondo/backends/libevent.hpp>

namespace rondo::loop_backend_is_libevent {

std::unique_ptr<Backend> make_default_backend();
std::unique_ptr<Backend> make_default_backend() { return std::make_unique<LibeventBackend>(); }

}  // namespace rondo::loop_backend_is_libevent
